//! What gets into logs.

mod http_support;
#[path = "support/log.rs"]
#[allow(unreachable_pub, reason = "shared with other test programs")]
mod log;
mod two_factor_support;

use http::Method;
use http_support::{ADMIN, App, Held, PASSWORD, sign_up};
use log::Captured;
use serde_json::json;
use two_factor_support::other;

#[tokio::test]
async fn no_log_line_has_a_password_token_code_or_admin_token_and_each_request_has_its_id() {
    let captured = Captured::everything();
    let app = App::new();
    let id = [("x-request-id", "find-me-again")];
    app.get("/health").await;
    let body = sign_up("ada").to_string();
    app.post_bytes("/api/auth/register", body, &id).await;
    app.post("/api/auth/register", json!({"password": [PASSWORD]}))
        .await;
    app.run().await;
    let (token, code) = app.mail_of("ada").await;
    let wrong = json!({"username": "ada", "code": code.chars().rev().collect::<String>()});
    app.post("/api/auth/verify-email", wrong).await;
    let link = format!("/verify-email?token={token}");
    app.submit(&link, "/verify-email", &[("token", &token)])
        .await;
    app.get(&link).await;
    let invite = app
        .as_admin(Method::POST, "/api/invites/create", None)
        .await
        .json();
    let invite = invite["token"].as_str().unwrap();
    app.get(&format!("/signup?invite={invite}")).await;
    app.get(&format!("/api/invites/details/{invite}")).await;
    app.run().await;
    // Logging in, wrongly too: people type passwords where a name belongs.
    let held = app.login("ada").await;
    app.try_login("ada", "a wrong pass phrase").await;
    app.try_login("pass phrase as a name", "x").await;
    let next = Held::of(&app.refresh(&held.refresh).await);
    app.opens(&next.access).await;
    app.opens("a made up token").await;
    app.wait(60);
    app.refresh(&held.refresh).await;
    app.opens(&next.access).await;
    // With a second factor.
    let (_, phone, recovery) = app.enrolled("bob").await;
    let by_phone = app.asked("bob", "totp").await;
    let shown = phone.code(&app, 0);
    app.verify_totp(&by_phone, &other(&shown)).await;
    let bob = Held::of(&app.verify_totp(&by_phone, &shown).await);
    let by_recovery = app.asked("bob", "totp").await;
    app.recover(&by_recovery, &recovery[0]).await;
    let eve = app.by_mail("eve").await;
    let by_mail = app.asked("eve", "email").await;
    let mailed = app.mailed_code().await;
    app.verify_otp(&by_mail, &other(&mailed)).await;
    app.verify_otp(&by_mail, &mailed).await;
    let base32 = data_encoding::BASE32_NOPAD.encode(&phone.0);
    let keys = std::fs::read_to_string(app.directory.path().join("keys/token-keys.json")).unwrap();
    let keys: serde_json::Value = serde_json::from_str(&keys).unwrap();
    let key = keys["keys"][0]["private"].as_str().unwrap();

    // Forgotten, changed, with the host in trouble and a key that is none.
    app.host
        .refuses
        .lock()
        .unwrap()
        .replace(registrar_web::ports::ProvisionFailure::Permanent {
            message: "no change today".into(),
        });
    app.post("/api/auth/forgot-password", json!({"username": "ada"}))
        .await;
    let (reset, digits) = app.recovery_of("ada").await;
    app.get(&format!("/recover?token={reset}")).await;
    let wrong = json!({"username": "ada", "code": "x", "newPassword": "an untaken phrase 77"});
    app.post("/api/auth/reset-password", wrong).await;
    let body = json!({"token": reset, "newPassword": "a phrase chosen anew 3"});
    app.post("/api/auth/reset-password", body).await;
    let answer = app.try_login("ada", "a phrase chosen anew 3").await;
    let third = Held::of(&answer);
    let body = json!({
        "currentPassword": "a phrase chosen anew 3",
        "newPassword": "a phrase chosen last 4",
    });
    let put = Method::PUT;
    app.send_as(put, "/api/auth/password", &third.access, body)
        .await;
    let private =
        "-----BEGIN OPENSSH PRIVATE KEY-----\nhush hush\n-----END OPENSSH PRIVATE KEY-----";
    let body = json!({ "key": private });
    app.send_as(Method::POST, "/api/auth/ssh-keys", &third.access, body)
        .await;
    app.run().await;

    let log = captured.text();
    assert!(log.contains("REQUEST_ID=find-me-again"), "{log}");
    assert!(log.contains("REGISTRATION_ID="));
    let line = |gist: &str| {
        let found = log.lines().find(|l| l.contains(gist));
        found.unwrap_or_else(|| panic!("{gist} is not in {log}"))
    };
    assert!(line("POST /api/auth/register 201 in ").contains(" INFO "));
    assert!(line("GET /health 200 in ").contains("DEBUG "));
    line("ada: MAIL_CONFIGURED");
    assert!(log.contains("a spent refresh token came back"));
    line("ada: the host refuses the new password: no change today");
    for secret in [
        PASSWORD,
        &token,
        &code,
        ADMIN,
        invite,
        "$2b$",
        "pass phrase",
        "a phrase chosen",
        "an untaken phrase",
        "hush hush",
        &reset,
        &digits,
        "made up token",
        "crr_",
        &held.refresh[4..],
        &next.refresh[4..],
        // The signed part of any token begins so.
        "eyJ",
        held.access.rsplit('.').next().unwrap(),
        next.access.rsplit('.').next().unwrap(),
        key,
        "crc_",
        &by_phone[4..],
        &by_recovery[4..],
        &by_mail[4..],
        &shown,
        &mailed,
        &recovery[0],
        &recovery[1],
        &base32,
        &bob.refresh[4..],
        &eve.refresh[4..],
    ] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
