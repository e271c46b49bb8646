//! The whole service in one process: real router, real saga, real SQLite, real bcrypt (cost 10).
//! Tests own time and randomness; a double stands in for provisiond.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by test programs; none uses all of it"
)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use provision_api::{Account, AccountState, HealthReply, HostView};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use registrar_web::config::Config;
use registrar_web::domain::*;
use registrar_web::hash::{CrateBcrypt, HashPool};
use registrar_web::http::{AdminToken, AppState, Peer, router};
use registrar_web::ports::*;
use registrar_web::registration::{Policy, Registrar, Saga, World};
use registrar_web::store::SqliteStore;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const ADMIN: &str = "an-admin-token-for-tests";
pub const PASSWORD: &str = "plum gravel sunday kite";

/// Time that stands still until told otherwise.
pub struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct TestEntropy(Mutex<ChaCha8Rng>);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

/// A test double of provisiond: keeps the port's promises in memory, makes nothing on the host.
#[derive(Default)]
pub struct HostDouble {
    accounts: Mutex<HashMap<Username, Account>>,
    /// Names that the host itself uses.
    pub in_use: Mutex<Vec<String>>,
    pub down: Mutex<bool>,
    /// Panics when asked for an account.
    pub broken: Mutex<bool>,
}

impl HostDouble {
    fn answer(&self) -> Result<(), ProvisionFailure> {
        if *self.down.lock().unwrap() {
            return Err(ProvisionFailure::Transient {
                message: "provisiond does not answer".into(),
                retry_after_seconds: None,
            });
        }
        Ok(())
    }

    fn change(
        &self,
        name: &Username,
        change: impl FnOnce(&mut Account),
    ) -> Result<Account, ProvisionFailure> {
        self.answer()?;
        let mut all = self.accounts.lock().unwrap();
        let account = all.get_mut(name).ok_or(ProvisionFailure::NoSuchAccount)?;
        change(account);
        Ok(account.clone())
    }
}

#[async_trait]
impl Provisioner for HostDouble {
    async fn check_username(
        &self,
        _: RequestId,
        username: &Username,
        _: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        self.answer()?;
        let used = self.in_use.lock().unwrap();
        Ok(if used.iter().any(|n| n == username.as_str()) {
            Availability::Refused {
                reason: "the system uses it".into(),
            }
        } else {
            Availability::Free
        })
    }

    async fn create_account(
        &self,
        _: RequestId,
        registration_id: RegistrationId,
        username: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.answer()?;
        let account = Account {
            username: username.clone(),
            display_name: display_name.clone(),
            registration_id,
            uid: 20001,
            gid: 20001,
            home: format!("/home/{username}"),
            state: AccountState::Locked,
            mail_configured: false,
            ssh_key_count: 0,
            has_password: false,
            created_at: 0,
            activated_at: None,
        };
        let mut all = self.accounts.lock().unwrap();
        Ok(all.entry(username.clone()).or_insert(account).clone())
    }

    async fn configure_mail(
        &self,
        _: RequestId,
        _: RegistrationId,
        username: &Username,
    ) -> Result<Account, ProvisionFailure> {
        self.change(username, |a| a.mail_configured = true)
    }

    async fn activate_account(
        &self,
        _: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        self.change(&activation.username, |a| a.state = AccountState::Active)
    }

    async fn discard_account(
        &self,
        _: RequestId,
        _: RegistrationId,
        username: &Username,
    ) -> Result<(), ProvisionFailure> {
        self.answer()?;
        self.accounts.lock().unwrap().remove(username);
        Ok(())
    }

    async fn system_status(
        &self,
        _: RequestId,
        username: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        assert!(!*self.broken.lock().unwrap(), "broken on purpose");
        let account = self.change(username, |_| {})?;
        let host = HostView {
            exists: true,
            home: account.mail_configured,
            maildir: account.mail_configured,
            ..HostView::default()
        };
        Ok(SystemStatus { account, host })
    }

    async fn health(&self, request_id: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.answer()?;
        Ok(HealthReply {
            request_id,
            ready: true,
            problems: Vec::new(),
            version: "0.1.0".into(),
            accounts: 0,
            created_this_hour: 0,
            create_limit_per_hour: 100,
        })
    }
}

pub struct App {
    pub router: Router,
    pub world: World,
    pub saga: Saga,
    pub host: Arc<HostDouble>,
    pub clock: Arc<TestClock>,
    pub stop: CancellationToken,
    cookies: Mutex<HashMap<String, String>>,
    _directory: tempfile::TempDir,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |v| v.to_str().unwrap_or("?"))
    }

    /// The code at the end of a problem's type.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        let kind = body["type"].as_str().unwrap().to_owned();
        kind.rsplit('/').next().unwrap().to_owned()
    }

    /// `field:code` of each error.
    pub fn errors(&self) -> Vec<String> {
        self.json()["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| {
                format!(
                    "{}:{}",
                    e["field"].as_str().unwrap(),
                    e["code"].as_str().unwrap()
                )
            })
            .collect()
    }
}

/// The settings of most tests: limits out of the way.
pub fn config() -> Config {
    let mut config = Config::default();
    config.community.name = "Tilde Town".into();
    config.community.domain = MailDomain::parse("tilde.example").unwrap();
    config.accounts.bcrypt_cost = 10;
    config.limits.requests = 100_000;
    config.limits.registrations = 100_000;
    config
}

impl App {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: Config) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(directory.path()).unwrap();
        let clock = Arc::new(TestClock(Mutex::new(
            "2026-01-02T03:04:05Z".parse().unwrap(),
        )));
        let entropy: Arc<dyn Entropy> =
            Arc::new(TestEntropy(Mutex::new(ChaCha8Rng::seed_from_u64(7))));
        let host = Arc::new(HostDouble::default());
        let world = World {
            store: Arc::new(store),
            provisioner: host.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            key: VerificationKey::new([7; 32]),
            registrations_due: Arc::default(),
            mails_due: Arc::default(),
        };
        let hashes = HashPool::new(
            Arc::new(CrateBcrypt),
            entropy,
            config.accounts.bcrypt_cost,
            2,
            config.accounts.hash_queue,
        );
        let policy = Policy::of(&config);
        let saga = Saga::new(world.clone(), policy.clone(), WorkerId("test".into()));
        let stop = CancellationToken::new();
        let state = AppState::new(
            Registrar::new(world.clone(), policy, hashes),
            &config,
            AdminToken::new(ADMIN),
            stop.clone(),
        );
        Self {
            router: router(state),
            world,
            saga,
            host,
            clock,
            stop,
            cookies: Mutex::default(),
            _directory: directory,
        }
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<Peer>().is_none() {
            let peer: IpAddr = "192.0.2.7".parse().unwrap();
            request.extensions_mut().insert(Peer(peer));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut jar = self.cookies.lock().unwrap();
            jar.insert(name.to_owned(), value.to_owned());
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub async fn request(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[]).await
    }

    pub async fn post_bytes(
        &self,
        path: &str,
        body: impl Into<Body>,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::post(path).header("content-type", "application/json");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_bytes(path, body.to_string(), &[]).await
    }

    pub async fn as_admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |b| Body::from(b.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Fills a form in as a browser does: opens the page, sends its cookie and hidden token.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get_with_cookies(page).await;
        let token = hidden(&page.text, "csrf");
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &token);
        body.extend_pairs(fields);
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", self.cookie_line())
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body.finish())).unwrap())
            .await
    }

    pub async fn get_with_cookies(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[("cookie", &self.cookie_line())])
            .await
    }

    pub fn cookie_line(&self) -> String {
        let jar = self.cookies.lock().unwrap();
        let pairs: Vec<String> = jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }

    pub fn wait(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    /// Does all that is due, and takes the part of the outbox: every mail counts as sent.
    pub async fn run(&self) {
        for _ in 0..3 {
            self.saga.run_all().await.unwrap();
            let now = self.clock.now();
            let wish = LeaseRequest {
                owner: WorkerId("test".into()),
                now,
                until: now,
            };
            while let Some(mut mail) = self.world.store.lease_mail(&wish).await.unwrap() {
                mail.state = MailState::Sent { at: now };
                mail.work.settle(None);
                self.world.store.update_mail(mail).await.unwrap();
            }
            self.wait(31);
        }
        self.saga.run_all().await.unwrap();
    }

    /// A registration by the API.
    pub async fn register(&self, name: &str) -> Answer {
        let answer = self.post("/api/auth/register", sign_up(name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer
    }

    /// What stands in the mail: token and code.
    pub async fn mail_of(&self, name: &str) -> (String, String) {
        let name = Username::parse(name).unwrap();
        let store = &self.world.store;
        let found = store
            .registration_by_username(&name)
            .await
            .unwrap()
            .unwrap();
        let proof = found.verification.as_ref().expect("no mail was sent");
        (
            proof.token(&self.world.key, found.id).expose().to_owned(),
            proof.code(&self.world.key, found.id).expose().to_owned(),
        )
    }

    pub async fn status_of(&self, name: &str) -> Value {
        self.get(&format!("/api/auth/status/registration/{name}"))
            .await
            .json()
    }
}

pub fn sign_up(name: &str) -> Value {
    json!({
        "username": name,
        "displayName": "Ada Lovelace",
        "personalEmail": format!("{name}@example.org"),
        "password": PASSWORD,
    })
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let at = page
        .find(&mark)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    page[at + mark.len()..]
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}
