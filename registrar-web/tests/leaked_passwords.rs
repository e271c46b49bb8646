//! New passwords and a list of leaked ones: a real list over a real connection.

mod http_support;

use std::future::pending;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use http::{Method, StatusCode};
use http_support::{App, PASSWORD, config, sign_up};
use serde_json::json;

/// `printf %s 'plum gravel sunday kite' | sha1sum`, which is `PASSWORD`.
const SHA1: &str = "1889F90CFEE32A59491ACF9BF82A09A78373BCB8";
const FRESH: &str = "eleven brass lanterns hum";

#[derive(Clone, Copy)]
enum List {
    Answers,
    Fails,
    Hangs,
}

/// A service whose list has [`PASSWORD`], and the ranges that were asked for.
async fn app_with(list: List) -> (App, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = asked.clone();
    let route = get(move |Path(prefix): Path<String>| {
        let noted = noted.clone();
        async move {
            noted.lock().unwrap().push(prefix.clone());
            match list {
                List::Answers if SHA1.starts_with(&prefix) => {
                    (StatusCode::OK, format!("{}:41\r\n", &SHA1[5..]))
                }
                List::Answers => (
                    StatusCode::OK,
                    "0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n".into(),
                ),
                List::Fails => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
                List::Hangs => pending().await,
            }
        }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = config();
    config.breaches.check = true;
    config.breaches.timeout = registrar_web::config::Seconds::of(1);
    config.breaches.url = format!("http://{}/range/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        axum::serve(listener, Router::new().route("/range/{prefix}", route)).await
    });
    (App::with(config), asked)
}

#[tokio::test]
async fn a_leaked_password_is_refused_at_sign_up_and_nothing_is_held() {
    let (app, asked) = app_with(List::Answers).await;
    let refused = app.post("/api/auth/register", sign_up("ada")).await;
    assert_eq!(
        (refused.status, refused.errors()),
        (
            StatusCode::UNPROCESSABLE_ENTITY,
            vec!["password:leaked".to_owned()]
        )
    );
    assert!(!refused.text.contains(PASSWORD), "{}", refused.text);
    let name = app.get("/api/auth/status/check-username/ada").await.json();
    assert_eq!(name["available"], true);

    let mut body = sign_up("ada");
    body["password"] = json!(FRESH);
    assert_eq!(app.post("/api/auth/register", body).await.status, 201);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 2);
    assert!(
        asked.iter().all(|prefix| prefix.len() == 5),
        "more than the range left the host: {asked:?}"
    );
}

#[tokio::test]
async fn a_leaked_password_is_refused_when_it_is_changed_and_when_it_is_reset() {
    let (app, _) = app_with(List::Answers).await;
    let mut body = sign_up("ada");
    body["password"] = json!(FRESH);
    assert_eq!(app.post("/api/auth/register", body).await.status, 201);
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    let verified = app
        .post("/api/auth/verify-email", json!({"token": token}))
        .await;
    assert_eq!(verified.status, 200, "{}", verified.text);
    app.run().await;
    let held = http_support::Held::of(&app.try_login("ada", FRESH).await);

    let body = json!({"currentPassword": FRESH, "newPassword": PASSWORD});
    let refused = app
        .send_as(Method::PUT, "/api/auth/password", &held.access, body)
        .await;
    assert_eq!(refused.errors(), ["newPassword:leaked"]);

    let body = json!({"emailOrUsername": "ada"});
    let asked = app.post("/api/auth/forgot-password", body).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let (token, _) = app.recovery_of("ada").await;
    let body = json!({"token": token, "newPassword": PASSWORD});
    let refused = app.post("/api/auth/reset-password", body).await;
    assert_eq!(refused.errors(), ["newPassword:leaked"]);
    // The link is not spent by that.
    let body = json!({"token": token, "newPassword": "nine copper kettles sing"});
    assert_eq!(app.post("/api/auth/reset-password", body).await.status, 204);
}

#[tokio::test]
async fn a_list_that_fails_or_hangs_refuses_nobody() {
    for list in [List::Fails, List::Hangs] {
        let (app, asked) = app_with(list).await;
        let taken = app.post("/api/auth/register", sign_up("ada")).await;
        assert_eq!(taken.status, 201, "{}", taken.text);
        assert_eq!(asked.lock().unwrap().len(), 1);
    }
}
