//! Seeing where one is logged in, and logging out.

mod http_support;

use http::{Method, Request};
use http_support::{Answer, App, Held, PASSWORD};
use serde_json::{Value, json};

async fn login_with(app: &App, device: &str) -> Held {
    let body = json!({"emailOrUsername": "ada", "password": PASSWORD});
    let headers = [("user-agent", device)];
    let answer = app
        .post_bytes("/api/auth/login", body.to_string(), &headers)
        .await;
    assert_eq!(answer.status, 200);
    Held::of(&answer)
}

async fn list(app: &App, held: &Held) -> Vec<Value> {
    let path = "/api/auth/sessions";
    let answer = app.as_member(Method::GET, path, &held.access).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["items"].as_array().unwrap().clone()
}

fn path_of(held: &Held) -> String {
    let claims = held.claims();
    format!("/api/auth/sessions/{}", claims["sid"].as_str().unwrap())
}

async fn delete(app: &App, path: &str, held: &Held) -> Answer {
    app.as_member(Method::DELETE, path, &held.access).await
}

#[tokio::test]
async fn a_member_sees_device_address_and_times_of_each_session() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    app.login("eve").await;
    let lynx = login_with(&app, "Lynx/2.9.2").await;
    let began = app.world.now();
    app.wait(60);
    let firefox = login_with(&app, "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0").await;
    app.wait(60);
    // The first one is used from elsewhere.
    let body = json!({ "refreshToken": lynx.refresh });
    let moved = app
        .post_from("203.0.113.7", "/api/auth/refresh", body)
        .await;
    let lynx = Held::of(&moved);
    let all = list(&app, &lynx).await;
    assert_eq!(all.len(), 2);
    let (one, two) = (&all[0], &all[1]);
    assert_eq!(one["id"], lynx.claims()["sid"]);
    assert_eq!(one["address"], "203.0.113.7");
    assert_eq!(one["startedAt"], began.to_string());
    assert_eq!(one["lastUsedAt"], app.world.now().to_string());
    assert_eq!(one["current"], true);
    assert_eq!(
        two["device"],
        "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0"
    );
    assert_eq!(two["address"], "192.0.2.7");
    assert_eq!(two["current"], false);
    let shown = app
        .as_member(Method::GET, &path_of(&firefox), &lynx.access)
        .await;
    assert_eq!(shown.json()["id"], two["id"]);
}

#[tokio::test]
async fn the_list_comes_in_pages() {
    let app = App::new();
    app.member("ada").await;
    let mut ids = Vec::new();
    let mut held = app.login("ada").await;
    ids.push(held.claims()["sid"].clone());
    for _ in 0..4 {
        app.wait(1);
        held = app.login("ada").await;
        ids.push(held.claims()["sid"].clone());
    }
    let mut seen = Vec::new();
    let mut path = String::from("/api/auth/sessions?limit=2");
    loop {
        let page = app.as_member(Method::GET, &path, &held.access).await.json();
        seen.extend(
            page["items"]
                .as_array()
                .unwrap()
                .iter()
                .map(|s| s["id"].clone()),
        );
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/api/auth/sessions?limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ids);
    for query in ["limit=x", "cursor=x", "page=2"] {
        let path = format!("/api/auth/sessions?{query}");
        let answer = app.as_member(Method::GET, &path, &held.access).await;
        assert_eq!(answer.status, 422, "{query}");
    }
}

#[tokio::test]
async fn a_session_that_is_signed_out_elsewhere_is_out_at_once_and_the_others_are_not() {
    let app = App::new();
    app.member("ada").await;
    let (here, there) = (app.login("ada").await, app.login("ada").await);
    assert_eq!(delete(&app, &path_of(&there), &here).await.status, 204);
    assert_eq!(app.opens(&there.access).await, "session-ended");
    assert_eq!(app.refresh(&there.refresh).await.code(), "session-ended");
    assert_eq!(app.opens(&here.access).await, "ok");
    assert_eq!(list(&app, &here).await.len(), 1);
    let again = delete(&app, &path_of(&there), &here).await;
    assert_eq!(
        (again.status.as_u16(), again.code().as_str()),
        (404, "not-found")
    );
}

#[tokio::test]
async fn nobody_sees_or_ends_the_session_of_another() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    let (ada, eve) = (app.login("ada").await, app.login("eve").await);
    for path in [
        path_of(&ada).as_str(),
        "/api/auth/sessions/x",
        "/api/auth/sessions/0193a1b2-0000-7000-8000-000000000000",
    ] {
        for method in [Method::GET, Method::DELETE] {
            let answer = app.as_member(method, path, &eve.access).await;
            assert_eq!(
                (answer.status.as_u16(), answer.code().as_str()),
                (404, "not-found")
            );
        }
    }
    assert_eq!(app.opens(&ada.access).await, "ok");
}

#[tokio::test]
async fn signing_out_everywhere_ends_every_session_this_one_too_and_a_new_one_can_begin() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    let eve = app.login("eve").await;
    let all = [app.login("ada").await, app.login("ada").await];
    let answer = delete(&app, "/api/auth/sessions", &all[0]).await;
    assert_eq!(answer.status, 204);
    for held in &all {
        assert_eq!(app.opens(&held.access).await, "session-ended");
        assert_eq!(app.refresh(&held.refresh).await.code(), "session-ended");
    }
    assert_eq!(app.opens(&eve.access).await, "ok");
    let new = app.login("ada").await;
    assert_eq!(list(&app, &new).await.len(), 1);
}

/// A second instance on the same store, as it were: what one does the other knows at once.
#[tokio::test]
async fn what_one_instance_ends_is_over_on_the_other_with_the_next_request() {
    let one = App::new();
    one.member("ada").await;
    let held = one.login("ada").await;
    let two = one.beside();
    assert_eq!(two.opens(&held.access).await, "ok");
    assert_eq!(delete(&one, &path_of(&held), &held).await.status, 204);
    assert_eq!(two.opens(&held.access).await, "session-ended");
}

async fn logout(app: &App, access: Option<&str>, body: Option<Value>) -> Answer {
    let mut request = Request::post("/api/auth/logout");
    if let Some(access) = access {
        request = request.header("authorization", format!("Bearer {access}"));
    }
    let body = body.map_or_else(axum::body::Body::empty, |b| b.to_string().into());
    let request = request.header("content-type", "application/json");
    app.send(request.body(body).unwrap()).await
}

#[tokio::test]
async fn either_token_logs_out_and_nothing_of_the_session_opens_anything_then() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(logout(&app, Some(&held.access), None).await.status, 204);
    assert_eq!(app.opens(&held.access).await, "session-ended");
    assert_eq!(app.refresh(&held.refresh).await.code(), "session-ended");
    // By the refresh token, though the access token has expired.
    let held = app.login("ada").await;
    app.wait(3600);
    let body = json!({ "refreshToken": held.refresh });
    for _ in 0..2 {
        let answer = logout(&app, Some(&held.access), Some(body.clone())).await;
        assert_eq!(answer.status, 204, "also when it was before");
    }
    assert_eq!(app.refresh(&held.refresh).await.code(), "session-ended");
    // By a spent one: who has it may only do less with it.
    let held = app.login("ada").await;
    let next = Held::of(&app.refresh(&held.refresh).await);
    app.wait(60);
    let body = json!({ "refreshToken": held.refresh });
    assert_eq!(logout(&app, None, Some(body)).await.status, 204);
    assert_eq!(app.opens(&next.access).await, "session-ended");
}

#[tokio::test]
async fn logging_out_with_nothing_or_nonsense_ends_nothing() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(logout(&app, None, None).await.code(), "unauthorized");
    assert_eq!(logout(&app, Some("x"), None).await.code(), "invalid-token");
    assert_eq!(logout(&app, None, Some(json!({}))).await.status, 422);
    let made_up = json!({"refreshToken": format!("crr_{}", "A".repeat(70))});
    assert_eq!(logout(&app, None, Some(made_up)).await.status, 204);
    assert_eq!(app.opens(&held.access).await, "ok");
}

#[tokio::test]
async fn user_status_tells_a_member_all_about_the_own_account() {
    let app = App::new();
    let id = app.member("ada").await;
    let now = app.world.now();
    let held = app.login("ada").await;
    let path = "/api/auth/status/user-status";
    let answer = app.as_member(Method::GET, path, &held.access).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["id"], id.to_string());
    assert_eq!(body["username"], "ada");
    assert_eq!(body["displayName"], "Ada Lovelace");
    assert_eq!(body["email"], "ada@example.org");
    assert_eq!(body["emailVerified"], true);
    assert_eq!(body["role"], "client_user");
    assert_eq!(body["organization"], Value::Null);
    assert_eq!(body["state"], "active");
    assert_eq!(body["lastLoginAt"], now.to_string());
    assert_eq!(body["registration"]["status"], "VERIFIED");
    assert_eq!(body["registration"]["progress"], 100);
    assert_eq!(body["system"]["exists"], true);
    assert_eq!(body["system"]["maildir"], true);
    *app.host.down.lock().unwrap() = true;
    let without = app.as_member(Method::GET, path, &held.access).await;
    assert_eq!(
        (without.status.as_u16(), &without.json()["system"]),
        (200, &Value::Null)
    );
}
