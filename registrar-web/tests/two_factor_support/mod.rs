//! What tests of the second factor share: an authenticator that knows nothing of the service's code,
//! and the mails as they would be sent.
#![allow(dead_code, reason = "shared by test programs; none uses all of it")]

use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request, StatusCode};
use registrar_web::domain::{FactorChange, MailDomain, MailKind, MailState, UserId, WorkerId};
use registrar_web::mail::{Community, compose};
use registrar_web::ports::{AuditFilter, LeaseRequest, PageRequest};
use registrar_web::way_in::WayIn;
use serde_json::{Value, json};
use sha1::Sha1;

use crate::http_support::{Answer, App, Held, PASSWORD};

/// An app on a telephone, by RFC 6238.
pub(crate) struct Authenticator(pub(crate) Vec<u8>);

impl Authenticator {
    pub(crate) fn of(setup: &Value) -> Self {
        let key = setup["manualKey"].as_str().unwrap().replace(' ', "");
        Self(BASE32_NOPAD.decode(key.as_bytes()).unwrap())
    }

    /// What it shows so many seconds from now.
    pub(crate) fn code(&self, app: &App, seconds: i64) -> String {
        let step = (app.world.now().as_second() + seconds) / 30;
        let mut mac = Hmac::<Sha1>::new_from_slice(&self.0).unwrap();
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let at = usize::from(digest[19] & 15);
        let word: [u8; 4] = digest[at..at + 4].try_into().unwrap();
        let number = u32::from_be_bytes(word) & 0x7fff_ffff;
        format!("{:06}", number % 1_000_000)
    }
}

impl App {
    pub(crate) async fn post_as(&self, held: &Held, path: &str, body: Value) -> Answer {
        let value = format!("Bearer {}", held.access);
        self.post_bytes(path, body.to_string(), &[("authorization", &value)])
            .await
    }

    pub(crate) async fn set_up(&self, held: &Held) -> Value {
        let body = json!({ "password": PASSWORD });
        let answer = self.post_as(held, "/api/auth/totp/setup", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) async fn confirm(&self, held: &Held, code: &str) -> Answer {
        let body = json!({ "code": code });
        self.post_as(held, "/api/auth/totp/confirm", body).await
    }

    /// A member with an authenticator, and the recovery codes; its next code was not used.
    pub(crate) async fn enrolled(&self, name: &str) -> (Held, Authenticator, Vec<String>) {
        self.member(name).await;
        let held = self.login(name).await;
        let phone = Authenticator::of(&self.set_up(&held).await);
        let answer = self.confirm(&held, &phone.code(self, 0)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.wait(30);
        (held, phone, recovery_codes(&answer))
    }

    /// A member who gets codes by mail.
    pub(crate) async fn by_mail(&self, name: &str) -> Held {
        self.member(name).await;
        let held = self.login(name).await;
        let body = json!({ "password": PASSWORD });
        let answer = self.post_as(&held, "/api/auth/otp/enable", body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.mails().await;
        held
    }

    /// Shows the password; the challenge.
    pub(crate) async fn asked(&self, name: &str, method: &str) -> String {
        let answer = self.try_login(name, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["requiresTwoFactor"], true, "{body}");
        assert_eq!(body["twoFactorMethod"], method);
        assert_eq!(body["expiresIn"], 600);
        assert_eq!(body.as_object().unwrap().len(), 4, "{body}");
        body["challenge"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn verify_totp(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "challenge": challenge, "code": code });
        self.post("/api/auth/verify-totp", body).await
    }

    pub(crate) async fn verify_otp(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "challenge": challenge, "code": code });
        self.post("/api/auth/verify-otp", body).await
    }

    pub(crate) async fn recover(&self, challenge: &str, code: &str) -> Answer {
        let body = json!({ "challenge": challenge, "recoveryCode": code });
        self.post("/api/auth/verify-totp", body).await
    }

    pub(crate) async fn factor(&self, held: &Held) -> Value {
        let path = "/api/auth/second-factor";
        let answer = self.as_member(Method::GET, path, &held.access).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// Sends what is in the outbox; the kind of each mail, and its text.
    pub(crate) async fn mails(&self) -> Vec<(MailKind, String)> {
        let community = Community {
            name: "Tilde Town".into(),
            domain: MailDomain::parse("tilde.example").unwrap(),
            public_url: "https://join.tilde.example".into(),
            way_in: WayIn::default(),
        };
        let (store, now) = (&self.world.store, self.world.now());
        let wish = LeaseRequest {
            owner: WorkerId("test".into()),
            now,
            until: now,
        };
        let mut sent = Vec::new();
        while let Some(mut job) = store.lease_mail(&wish).await.unwrap() {
            let r = store.registration(job.registration).await.unwrap();
            let message = compose(&job, &r.unwrap(), &self.world.key, &community).unwrap();
            sent.push((job.kind.clone(), message.text));
            job.state = MailState::Sent { at: now };
            job.work.settle(None);
            store.update_mail(job).await.unwrap();
        }
        sent
    }

    /// The code of the one mail that waits.
    pub(crate) async fn mailed_code(&self) -> String {
        let mails = self.mails().await;
        let [(MailKind::LoginCode { .. }, text)] = mails.as_slice() else {
            panic!("{mails:?}");
        };
        code_in(text)
    }

    /// The changes that the mails of now tell.
    pub(crate) async fn changes_told(&self) -> Vec<FactorChange> {
        let mails = self.mails().await.into_iter();
        mails
            .filter_map(|(kind, _)| match kind {
                MailKind::SecondFactorChanged { change, .. } => Some(change),
                _ => None,
            })
            .collect()
    }

    /// The words of the audit log about a member, oldest first.
    pub(crate) async fn audited(&self, id: UserId) -> Vec<String> {
        let page = PageRequest {
            limit: 100,
            after: None,
        };
        let store = &self.world.store;
        let log = store.list_audit_entries(&AuditFilter::All, &page).await;
        let mut entries = log.unwrap().items;
        entries.retain(|e| e.subject.as_ref().is_some_and(|s| s.id == id.to_string()));
        entries.reverse();
        entries.iter().map(|e| e.action.as_str()).collect()
    }

    /// As many at once.
    pub(crate) async fn at_once(&self, path: &str, bodies: Vec<Value>) -> Vec<Answer> {
        let posts = bodies.into_iter().map(|body| {
            let mut request = Request::post(path)
                .header("content-type", "application/json")
                .body(body.to_string().into())
                .unwrap();
            let peer: std::net::IpAddr = "192.0.2.7".parse().unwrap();
            request
                .extensions_mut()
                .insert(registrar_web::http::Peer(peer));
            self.send(request)
        });
        futures_util::future::join_all(posts).await
    }
}

pub(crate) fn recovery_codes(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let codes = body["recoveryCodes"].as_array().unwrap().iter();
    codes.map(|c| c.as_str().unwrap().to_owned()).collect()
}

/// The six digits that a mail shows on a line of their own.
pub(crate) fn code_in(text: &str) -> String {
    let digits = |line: &str| line.replace(' ', "");
    let is_code = |l: &String| l.len() == 6 && l.bytes().all(|b| b.is_ascii_digit());
    text.lines().map(digits).find(is_code).expect("a code")
}

/// Another code of the same form.
pub(crate) fn other(code: &str) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + 1) % 1_000_000)
}

pub(crate) fn is(answer: &Answer) -> (u16, String) {
    let code = match answer.status {
        StatusCode::OK | StatusCode::NO_CONTENT => String::new(),
        _ => answer.code(),
    };
    (answer.status.as_u16(), code)
}
