//! Where a client address has used its requests up, its strangers wait; who is signed in goes on with
//! a share of their own.

mod http_support;

use http::{Method, StatusCode};
use http_support::{Answer, App, PASSWORD, config};
use serde_json::json;

const SHARE: usize = 12;
const OWN: usize = 8;

fn app() -> App {
    let mut config = config();
    config.limits.requests = u32::try_from(SHARE).unwrap();
    config.limits.member_requests = u32::try_from(OWN).unwrap();
    App::with(config)
}

/// Asks from the same address as all other tests' requests until strangers are refused.
async fn use_up(app: &App) {
    for _ in 0..SHARE {
        if app.get("/signup").await.status == StatusCode::TOO_MANY_REQUESTS {
            return;
        }
    }
    let refused = app.get("/signup").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text.contains("Your network has asked too often"));
}

async fn access_token(app: &App) -> String {
    let body = json!({"emailOrUsername": "ada", "password": PASSWORD});
    let answer = app.post("/api/auth/login", body).await;
    answer.json()["accessToken"].as_str().unwrap().to_owned()
}

async fn profile(app: &App, header: (&str, &str)) -> Answer {
    app.request(Method::GET, "/api/auth/profile", &[header])
        .await
}

#[tokio::test]
async fn a_members_pages_go_on_where_the_address_has_used_its_share_up() {
    let app = app();
    app.member("ada").await;
    app.wait(3600);
    app.sign_in("ada").await;
    use_up(&app).await;
    for n in 0..OWN {
        let page = app.get_with_cookies("/account").await;
        assert_eq!(page.status, 200, "{n}");
        assert!(page.header("ratelimit").starts_with("\"member\""));
    }
    let refused = app.get_with_cookies("/account").await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(refused.text.contains("You have asked too often"));
    let elsewhere = app.beside();
    let line = app.cookie_line();
    let refused = elsewhere
        .request(Method::GET, "/account", &[("cookie", &line)])
        .await;
    let status = StatusCode::TOO_MANY_REQUESTS;
    assert_eq!(refused.status, status, "one share on all instances");
    app.wait(901);
    assert_eq!(app.get_with_cookies("/account").await.status, 200);
}

#[tokio::test]
async fn an_access_token_has_the_same_share_and_a_cookie_none_on_the_api() {
    let app = app();
    app.member("ada").await;
    app.wait(3600);
    app.sign_in("ada").await;
    let bearer = format!("Bearer {}", access_token(&app).await);
    use_up(&app).await;
    let cookie = app.cookie_line();
    let refused = profile(&app, ("cookie", &cookie)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
    for n in 0..OWN {
        let answer = profile(&app, ("authorization", &bearer)).await;
        assert_eq!(answer.status, 200, "{n}");
    }
    let refused = profile(&app, ("authorization", &bearer)).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_session_that_has_ended_or_never_was_gives_no_share() {
    let app = app();
    app.member("ada").await;
    app.wait(3600);
    app.sign_in("ada").await;
    let kept = app.cookie_line();
    app.submit("/account", "/logout", &[]).await;
    use_up(&app).await;
    let page = app
        .request(Method::GET, "/account", &[("cookie", &kept)])
        .await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    let answer = profile(&app, ("authorization", "Bearer made.up.token")).await;
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn a_network_of_ipv6_has_no_end_of_addresses_but_an_end_of_requests() {
    let app = app();
    let body = json!({"username": "nobody", "code": "000000"});
    let mut answered = 0;
    for n in 0..=16 * SHARE {
        let address = format!("2001:db8:7:{n:x}::1");
        let answer = app
            .post_from(&address, "/api/auth/verify-email", body.clone())
            .await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            break;
        }
        answered += 1;
    }
    assert_eq!(answered, 16 * SHARE);
    let elsewhere = app
        .post_from("2001:db8:8::1", "/api/auth/verify-email", body)
        .await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
}
