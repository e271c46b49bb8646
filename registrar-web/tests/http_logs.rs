//! What gets into logs.

mod http_support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use http::Method;
use http_support::{ADMIN, App, PASSWORD, sign_up};
use serde_json::json;
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Captured(Arc<Mutex<Vec<u8>>>);

impl Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Captured {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn no_log_line_has_a_password_token_code_or_admin_token_and_each_request_has_its_id() {
    let captured = Captured::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(captured.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let app = App::new();
    let id = [("x-request-id", "find-me-again")];
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
    app.run().await;

    let log = String::from_utf8(captured.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("REQUEST_ID=find-me-again"), "{log}");
    assert!(log.contains("REGISTRATION_ID="));
    for secret in [PASSWORD, &token, &code, ADMIN, invite, "$2b$"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}
