//! The page of a registration for its own person: how it stands, and what can be mended.

mod http_support;

use http::Method;
use http_support::{Answer, App, config};
use registrar_web::domain::Mode;
use serde_json::json;

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMkgTGMEVZIVxJ0bkQ1b1kmYKqkMuOmg3AZ9CX6qM3B ada@laptop";
const PRINT: &str = "SHA256:";

struct Receipt {
    app: App,
    path: String,
}

impl Receipt {
    /// Ada's, who has signed up by the form and not proven her address.
    async fn new(mode: Mode) -> Self {
        let mut config = config();
        config.registration.mode = mode;
        let app = App::with(config);
        let fields = [
            ("username", "ada"),
            ("displayName", "Ada"),
            ("personalEmail", "ada@exmaple.org"),
            ("password", http_support::PASSWORD),
        ];
        let answer = app.submit("/signup", "/signup", &fields).await;
        assert_eq!(answer.status, 303, "{}", answer.text);
        let path = answer.header("location").to_owned();
        app.run().await;
        Self { app, path }
    }

    async fn page(&self) -> Answer {
        self.app.get_with_cookies(&self.path).await
    }

    async fn submit(&self, form: &str, fields: &[(&str, &str)]) -> Answer {
        let to = format!("{}/{form}", self.path);
        self.app.submit(&self.path, &to, fields).await
    }

    /// Asks by the API.
    async fn put(&self, what: &str, body: serde_json::Value) -> Answer {
        let token = self.path.rsplit('/').next().unwrap();
        let request = http::Request::put(format!("/api/auth/receipt/{token}/{what}"))
            .header("content-type", "application/json")
            .body(body.to_string().into())
            .unwrap();
        self.app.send(request).await
    }

    async fn by_admin(&self, what: &str, body: serde_json::Value) {
        let id = self.app.status_of("ada").await["id"].clone();
        let path = format!("/api/admin/registrations/{}/{what}", id.as_str().unwrap());
        let answer = self.app.as_admin(Method::POST, &path, Some(body)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
}

#[tokio::test]
async fn a_sign_up_leads_to_its_receipt_which_nobody_else_finds() {
    let ada = Receipt::new(Mode::Open).await;
    assert!(ada.path.starts_with("/receipt/"), "{}", ada.path);
    let page = ada.page().await;
    assert_eq!(page.status, 200);
    assert!(
        page.text.contains("ada@exmaple.org"),
        "the address as typed"
    );
    assert_eq!(page.header("referrer-policy"), "no-referrer");
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(
        page.header("content-security-policy")
            .contains("default-src 'none'")
    );
    let api = ada.app.register("grace").await.json();
    let url = api["receiptUrl"].as_str().unwrap();
    assert!(url.starts_with("http://127.0.0.1:3000/receipt/"), "{url}");

    let public = ada.app.get("/signup/status/ada").await.text;
    assert!(!public.contains("exmaple") && !public.contains("/receipt/"));
    let mut other = ada.path.clone();
    other.pop();
    for path in ["/receipt/x", &other] {
        let answer = ada.app.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}

#[tokio::test]
async fn the_code_of_the_mail_is_taken_on_the_receipt() {
    let ada = Receipt::new(Mode::Open).await;
    let (_, code) = ada.app.mail_of("ada").await;
    let wrong = if code == "000000" { "111111" } else { "000000" };
    let answer = ada.submit("code", &[("code", wrong)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("id=\"code-error\""), "{}", answer.text);
    let answer = ada.submit("code", &[("code", &code)]).await;
    let verified = ada.path.clone();
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, &*verified)
    );
    ada.app.run().await;
    assert!(ada.page().await.text.contains("ssh ada@tilde.example"));
}

#[tokio::test]
async fn a_mistyped_address_is_mended_and_what_went_to_the_old_one_is_dead() {
    let ada = Receipt::new(Mode::Open).await;
    let (old_token, old_code) = ada.app.mail_of("ada").await;
    for (typed, code) in [("ada@", 422), ("ada@tilde.example", 422)] {
        let answer = ada.submit("address", &[("personalEmail", typed)]).await;
        assert_eq!(answer.status.as_u16(), code);
        assert!(answer.text.contains("id=\"personalEmail-error\""));
        assert!(
            answer.text.contains(&format!("value=\"{typed}\"")),
            "what was typed stays"
        );
    }
    let fields = [("personalEmail", "ada@example.org")];
    let answer = ada.submit("address", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(ada.page().await.text.contains("ada@example.org"));
    ada.app.run().await;
    let sent = ada.app.sent_about("ada").await;
    assert_eq!(sent, ["verify-email", "verify-email"]);

    let by_old = ada
        .app
        .post("/api/auth/verify-email", json!({"token": old_token}))
        .await;
    assert_eq!(
        (by_old.status.as_u16(), by_old.code()),
        (404, "verification-unknown".into())
    );
    let (token, code) = ada.app.mail_of("ada").await;
    assert_ne!(code, old_code);
    let by_new = ada
        .app
        .post("/api/auth/verify-email", json!({"token": token}))
        .await;
    assert_eq!(by_new.status, 200, "{}", by_new.text);
    ada.app.run().await;
    let user = ada.app.user("ada").await;
    assert_eq!(
        (user.email.to_string().as_str(), user.email_proven),
        ("ada@example.org", true)
    );
    // Now that it is proven it stays.
    let late = json!({"personalEmail": "eve@example.org"});
    assert_eq!(ada.put("address", late).await.status, 409);
}

#[tokio::test]
async fn an_address_is_changed_no_more_often_than_a_mail_is_sent_again() {
    let ada = Receipt::new(Mode::Open).await;
    let mut sent = 1;
    for n in 0..10 {
        let email = format!("ada{n}@example.org");
        let answer = ada.submit("address", &[("personalEmail", &email)]).await;
        // At once again, to yet another one.
        let again = ada
            .submit("address", &[("personalEmail", "eve@example.org")])
            .await;
        assert_eq!(again.status, 409, "{n}");
        if answer.status == 303 {
            sent += 1;
        }
        ada.app.wait(61);
    }
    assert_eq!(sent, 6, "five after the first");
}

#[tokio::test]
async fn an_invited_person_keeps_the_address_of_the_invite() {
    let mut config = config();
    config.registration.mode = Mode::Invite;
    let app = App::with(config);
    let body = json!({"email": "ada@example.org"});
    let made = app
        .as_admin(Method::POST, "/api/invites/create", Some(body))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    let mut form = http_support::sign_up("ada");
    form["inviteToken"] = made.json()["token"].clone();
    let answer = app.post("/api/auth/register", form).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    app.run().await;
    let path = format!("/api/auth/receipt/{}/address", app.receipt_of("ada").await);
    let body = json!({"personalEmail": "eve@example.org"}).to_string();
    let answer = app
        .send(
            http::Request::put(&path)
                .header("content-type", "application/json")
                .body(body.into())
                .unwrap(),
        )
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert_eq!(answer.errors(), ["personalEmail:other-address"]);
}

#[tokio::test]
async fn keys_are_mended_until_the_account_is_opened_and_the_host_gets_the_last_ones() {
    let ada = Receipt::new(Mode::Approval).await;
    assert!(ada.page().await.text.contains("You have given none."));
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----";
    let answer = ada.submit("keys", &[("sshKeys", private)]).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text.contains("id=\"sshKeys-error\""));
    assert!(
        !answer.text.contains("BEGIN OPENSSH"),
        "a secret is not sent back"
    );
    let answer = ada.submit("keys", &[("sshKeys", KEY)]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    assert!(ada.page().await.text.contains(PRINT));
    let (token, _) = ada.app.mail_of("ada").await;
    ada.app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    ada.app.run().await;
    ada.by_admin("approve", json!({})).await;
    ada.app.run().await;
    let user = ada.app.user("ada").await;
    assert_eq!(user.ssh_keys.len(), 1);
    assert_eq!(ada.app.host.activated_keys("ada"), [KEY]);
    assert_eq!(
        ada.put("ssh-keys", json!({"sshKeys": []})).await.status,
        409
    );
}

#[tokio::test]
async fn an_applicant_sees_the_place_in_the_queue_and_answers_what_is_asked() {
    let ada = Receipt::new(Mode::Approval).await;
    let (token, _) = ada.app.mail_of("ada").await;
    ada.app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    ada.app.run().await;
    ada.app.register("grace").await;
    assert!(ada.page().await.text.contains("<b id=\"place\">1</b>"));
    let second = format!("/receipt/{}", ada.app.receipt_of("grace").await);
    assert!(
        ada.app
            .get(&second)
            .await
            .text
            .contains("<b id=\"place\">2</b>")
    );

    let words = "Who are <you>?\nReally?";
    ada.by_admin("question", json!({ "text": words })).await;
    let page = ada.page().await.text;
    assert!(page.contains("Who are &#60;you&#62;?"), "{page}");
    let empty = ada.submit("answer", &[("text", "  ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text.contains("id=\"text-error\""));
    let answer = ada.submit("answer", &[("text", "I am <b>Ada</b>")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let page = ada.page().await.text;
    assert!(page.contains("I am &#60;b&#62;Ada"), "{page}");
    assert!(!page.contains("Your answer"), "asked and answered");
    let public = ada.app.get("/signup/status/ada").await.text;
    assert!(!public.contains("Really?"));
}

#[tokio::test]
async fn who_is_rejected_reads_why_on_the_receipt_and_nobody_else_does() {
    let ada = Receipt::new(Mode::Approval).await;
    ada.by_admin("reject", json!({"reason": "We are full, <sorry>."}))
        .await;
    ada.app.run().await;
    let page = ada.page().await.text;
    assert!(page.contains("We are full, &#60;sorry&#62;."), "{page}");
    assert!(!page.contains("Change the address"));
    let public = ada.app.get("/signup/status/ada").await.text;
    assert!(!public.contains("We are full"));
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let ada = Receipt::new(Mode::Open).await;
    ada.page().await;
    for form in ["code", "resend", "address", "keys", "answer"] {
        let path = format!("{}/{form}", ada.path);
        let request = http::Request::post(&path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", ada.app.cookie_line())
            .header("sec-fetch-site", "cross-site")
            .body("csrf=x&personalEmail=eve@example.org".into())
            .unwrap();
        let answer = ada.app.send(request).await;
        assert_eq!(answer.status, 403, "{form}");
    }
    assert!(ada.page().await.text.contains("ada@exmaple.org"));
}

#[tokio::test]
async fn the_verification_mail_is_sent_again_without_typing_the_address() {
    let ada = Receipt::new(Mode::Open).await;
    let answer = ada.submit("resend", &[]).await;
    let resent = ada.path.clone();
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (303, &*resent)
    );
    assert_eq!(ada.app.sent_about("ada").await.len(), 2);
    let page = ada.page().await.text;
    assert!(page.contains("another mail is on its way"), "{page}");
}

#[tokio::test]
async fn the_receipt_speaks_the_visitors_language() {
    let ada = Receipt::new(Mode::Approval).await;
    let german = format!("{}?lang=de", ada.path);
    let page = ada.app.get_with_cookies(&german).await.text;
    for words in [
        "<html lang=\"de\">",
        "Deine Registrierung von ada",
        "Öffne ihren Link oder gib ihren Code ein",
        "Linux-Konto angelegt, noch gesperrt",
        "data-word-done=\"fertig\"",
        "Dein Platz in der Warteschlange",
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let wrong = ada.submit("address", &[("personalEmail", "ada@")]).await;
    assert!(wrong.text.contains("Adresse ändern"), "{}", wrong.text);
}
