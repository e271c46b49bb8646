//! An organisation's preference decides what a login of its members asks for, and locks nobody out.

mod http_support;
mod organisations_support;
mod people_support;
mod two_factor_support;

use http::Method;
use http_support::{App, Held, PASSWORD};
use organisations_support::OWN;
use registrar_web::domain::*;
use serde_json::{Value, json};
use two_factor_support::code_in;

async fn prefer(app: &App, held: &Held, word: &str) {
    let body = json!({ "twoFactor": word });
    let answer = app
        .as_member_with(Method::PUT, OWN, &held.access, body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.wait(1);
}

async fn log_in(app: &App, name: &str) -> Value {
    let answer = app.try_login(name, PASSWORD).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.wait(1);
    answer.json()
}

/// The code of the latest mail with one.
async fn mailed_code(app: &App) -> String {
    let mails = app.mails().await.into_iter().rev();
    let mut codes = mails.filter(|(kind, _)| matches!(kind, MailKind::LoginCode { .. }));
    code_in(&codes.next().expect("no code was mailed").1)
}

#[tokio::test]
async fn who_has_no_authenticator_gets_a_code_by_mail_and_is_told_why() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.guest_of(&ada, "grace").await;
    app.login("grace").await;
    app.wait(1);
    prefer(&app, &ada, "totp").await;
    // Who is logged in stays so.
    assert_eq!(app.opens(&ada.access).await, "ok");
    for _ in 0..2 {
        let asked = log_in(&app, "grace").await;
        assert_eq!(asked["twoFactorMethod"], "email");
        let notice = asked["notice"].as_str().unwrap();
        assert!(notice.starts_with("Acme wants its members"), "{notice}");
    }
    let asked = log_in(&app, "grace").await;
    let code = mailed_code(&app).await;
    let body = json!({"challenge": asked["challenge"], "code": code});
    let entered = app.post("/api/auth/verify-otp", body).await;
    assert_eq!(entered.status, 200, "{}", entered.text);
    app.wait(1);
    // Told once it was seen.
    assert_eq!(log_in(&app, "grace").await["notice"], Value::Null);
}

#[tokio::test]
async fn the_preference_is_one_for_its_members_alone_and_ends_with_it() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    let grace = app.guest_of(&ada, "grace").await;
    app.member("eve").await;
    app.login("grace").await;
    app.wait(1);
    prefer(&app, &ada, "email").await;
    assert_eq!(log_in(&app, "eve").await["requiresTwoFactor"], Value::Null);
    assert_eq!(log_in(&app, "grace").await["requiresTwoFactor"], true);

    let held = {
        let asked = log_in(&app, "ada").await;
        let code = mailed_code(&app).await;
        let body = json!({"challenge": asked["challenge"], "code": code});
        Held::of(&app.post("/api/auth/verify-otp", body).await)
    };
    let path = "/api/auth/second-factor";
    let status = app.as_member(Method::GET, path, &held.access).await.json();
    assert_eq!(status["organizationPrefers"], "email");
    assert_eq!(status["method"], "email");

    prefer(&app, &ada, "none").await;
    let entered = log_in(&app, "grace").await;
    assert!(entered["accessToken"].is_string());
    let notice = entered["notice"].as_str().unwrap();
    assert!(notice.contains("no longer decides"), "{notice}");

    prefer(&app, &ada, "email").await;
    let path = format!("{OWN}/members/{grace}");
    app.as_member(Method::DELETE, &path, &ada.access).await;
    assert!(
        log_in(&app, "grace").await["accessToken"].is_string(),
        "a member no more"
    );
}

#[tokio::test]
async fn a_login_that_waits_ends_as_it_began_though_the_preference_changes() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.guest_of(&ada, "grace").await;
    prefer(&app, &ada, "email").await;
    let asked = log_in(&app, "grace").await;
    prefer(&app, &ada, "totp").await;
    let code = mailed_code(&app).await;
    let body = json!({"challenge": asked["challenge"], "code": code});
    let entered = app.post("/api/auth/verify-otp", body).await;
    assert_eq!(entered.status, 200, "{}", entered.text);
}
