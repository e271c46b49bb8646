//! What someone with a foot in the door does not get: not the rest of the house.

mod http_support;
mod people_support;

use http::Method;
use http_support::{App, config, sign_up};
use registrar_web::domain::{MailState, Mode, Role, UserState};
use serde_json::{Value, json};

async fn invite(app: &App, access: &str, body: Value) -> Value {
    let path = "/api/invites/create";
    let made = app.as_member_with(Method::POST, path, access, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

async fn revoke(app: &App, made: &Value) {
    let path = format!("/api/invites/{}/revoke", made["id"].as_str().unwrap());
    assert_eq!(app.as_admin(Method::DELETE, &path, None).await.status, 204);
}

async fn suspend(app: &App, id: impl std::fmt::Display) {
    let path = format!("/api/users/{id}/suspend");
    let body = Some(json!({"reason": "taken over"}));
    let done = app.as_admin(Method::POST, &path, body).await;
    assert_eq!(done.status, 200, "{}", done.text);
}

async fn verify(app: &App, name: &str) {
    let (token, _) = app.mail_of(name).await;
    app.post("/api/auth/verify-email", json!({"token": token}))
        .await;
    app.run().await;
}

async fn exported(app: &App, name: &str) -> Vec<Value> {
    let held = app.login(name).await;
    let path = "/api/auth/user-data";
    let data = app.as_member(Method::GET, path, &held.access).await;
    data.json()["events"].as_array().unwrap().clone()
}

/// An operator's invite from `eve`, a `site_admin`, that `mallory` has signed up with.
async fn operator_to_be(app: &App) -> (registrar_web::domain::UserId, Value) {
    let (eve, held) = app.member_as("eve", Role::SiteAdmin).await;
    let wish = json!({"email": "mallory@example.org", "role": "operator"});
    let made = invite(app, &held.access, wish).await;
    let mut form = sign_up("mallory");
    form["token"] = made["token"].clone();
    let taken = app.post("/api/invites/accept", form).await;
    assert_eq!(taken.status, 201, "{}", taken.text);
    app.run().await;
    (eve, made)
}

#[tokio::test]
async fn an_invite_that_was_taken_back_gives_no_role_though_it_was_claimed() {
    let app = App::new();
    let (_, made) = operator_to_be(&app).await;
    revoke(&app, &made).await;
    verify(&app, "mallory").await;
    let mallory = app.user_of("mallory").await;
    assert_eq!(
        (mallory.state, mallory.role),
        (UserState::Active, Role::ClientUser)
    );
}

#[tokio::test]
async fn an_invite_of_someone_suspended_since_gives_no_role_and_one_in_good_standing_does() {
    for (is_suspended, role) in [(true, Role::ClientUser), (false, Role::Operator)] {
        let app = App::new();
        let (eve, _) = operator_to_be(&app).await;
        if is_suspended {
            suspend(&app, eve).await;
        }
        verify(&app, "mallory").await;
        assert_eq!(app.user_of("mallory").await.role, role);
    }
}

#[tokio::test]
async fn who_was_suspended_before_the_account_was_written_down_as_in_use_stays_so() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    // By an admin who was quicker than a worker that had to begin the last step again.
    let mut ada = app.user_of("ada").await;
    ada.state = UserState::Suspended;
    app.world.store.update_user(ada).await.unwrap();
    verify(&app, "ada").await;
    assert_eq!(app.status_of("ada").await["status"], "VERIFIED");
    assert_eq!(app.user_of("ada").await.state, UserState::Suspended);
}

#[tokio::test]
async fn an_organisation_does_not_begin_with_an_invite_that_was_taken_back() {
    let app = App::new();
    let (_, held) = app.member_as("eve", Role::Operator).await;
    let wish = json!({"email": "mallory@example.org", "role": "client_admin", "organization": {"name": "Acme"}});
    let made = invite(&app, &held.access, wish).await;
    let mut form = sign_up("mallory");
    form["token"] = made["token"].clone();
    app.post("/api/invites/accept", form).await;
    app.run().await;
    revoke(&app, &made).await;
    verify(&app, "mallory").await;
    let mallory = app.user_of("mallory").await;
    assert_eq!(
        (mallory.role, mallory.organisation),
        (Role::ClientUser, None)
    );
}

#[tokio::test]
async fn revoking_invites_gives_no_more_mails_to_strangers() {
    let mut config = config();
    config.invites.members_may_invite = 1;
    config.invites.mails_per_day = 3;
    let app = App::with(config);
    app.member("mallory").await;
    let held = app.login("mallory").await;
    let wish = |n: u32| json!({"email": format!("stranger{n}@example.org")});
    for n in 0..3 {
        let made = invite(&app, &held.access, wish(n)).await;
        app.send_mails().await;
        let key = format!("invite:{}", made["id"].as_str().unwrap());
        let mail = app.world.store.mail_by_key(&key).await.unwrap().unwrap();
        assert!(matches!(mail.state, MailState::Sent { .. }));
        revoke(&app, &made).await;
    }
    let path = "/api/invites/create";
    let refused = app
        .as_member_with(Method::POST, path, &held.access, wish(3))
        .await;
    assert_eq!(refused.status, 409, "{}", refused.text);
    assert!(refused.text.contains("mailed today"), "{}", refused.text);
    // By hand it goes on.
    let made = invite(&app, &held.access, json!({})).await;
    revoke(&app, &made).await;
    app.wait(24 * 3600 + 1);
    let held = app.login("mallory").await;
    invite(&app, &held.access, wish(4)).await;
}

#[tokio::test]
async fn who_was_approved_with_one_address_waits_again_with_another() {
    let mut config = config();
    config.registration.mode = Mode::Approval;
    let app = App::with(config);
    app.register("ada").await;
    app.run().await;
    let id = app.status_of("ada").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let approve = format!("/api/admin/registrations/{id}/approve");
    let done = app.as_admin(Method::POST, &approve, None).await;
    assert_eq!(done.status, 200, "{}", done.text);
    app.run().await;
    app.wait(120);
    let token = app.receipt_of("ada").await;
    let request = http::Request::put(format!("/api/auth/receipt/{token}/address"))
        .header("content-type", "application/json")
        .body(
            json!({"personalEmail": "ada@elsewhere.example"})
                .to_string()
                .into(),
        )
        .unwrap();
    let changed = app.send(request).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    app.run().await;
    verify(&app, "ada").await;
    assert_eq!(app.user_of("ada").await.state, UserState::Pending);
    let again = app.as_admin(Method::POST, &approve, None).await;
    assert_eq!(again.status, 200, "{}", again.text);
    app.run().await;
    let ada = app.user_of("ada").await;
    assert_eq!(
        (ada.state, ada.email.to_string().as_str()),
        (UserState::Active, "ada@elsewhere.example")
    );
}

#[tokio::test]
async fn an_export_tells_of_nobody_who_had_the_name_before() {
    let mut config = config();
    config.registration.mode = Mode::Approval;
    let app = App::with(config);
    for (decision, body) in [("reject", Some(json!({"reason": "no"}))), ("approve", None)] {
        app.register("bob").await;
        app.run().await;
        let id = app.status_of("bob").await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = format!("/api/admin/registrations/{id}/{decision}");
        let done = app.as_admin(Method::POST, &path, body).await;
        assert_eq!(done.status, 200, "{}", done.text);
        app.run().await;
    }
    verify(&app, "bob").await;
    let events = exported(&app, "bob").await;
    let actions: Vec<&str> = events
        .iter()
        .map(|e| e["action"].as_str().unwrap())
        .collect();
    assert!(actions.contains(&"registration-approved"), "{actions:?}");
    assert!(!actions.contains(&"registration-rejected"), "{actions:?}");
}

#[tokio::test]
async fn nobody_can_have_a_name_that_the_audit_log_uses_itself() {
    let app = App::new();
    for name in ["visitor", "service"] {
        let refused = app.post("/api/auth/register", sign_up(name)).await;
        assert_eq!(refused.status, 409, "{name}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_request_that_was_held_back_is_judged_when_it_is_whole() {
    let app = std::sync::Arc::new(App::new());
    let (eve, held) = app.member_as("eve", Role::Operator).await;
    let ada = app.member("ada").await;
    let (go_on, wait) = tokio::sync::oneshot::channel::<()>();
    let body = futures_util::stream::once(async move {
        let _ = wait.await;
        Ok::<_, std::io::Error>(bytes::Bytes::from_static(b"{\"reason\":\"revenge\"}"))
    });
    let request = http::Request::post(format!("/api/users/{ada}/suspend"))
        .header("content-type", "application/json")
        .header("authorization", format!("Bearer {}", held.access))
        .body(axum::body::Body::from_stream(body))
        .unwrap();
    let other = app.clone();
    let under_way = tokio::spawn(async move { other.send(request).await });
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    suspend(&app, eve).await;
    go_on.send(()).unwrap();
    assert_eq!(under_way.await.unwrap().status, 401);
    assert_eq!(app.user_of("ada").await.state, UserState::Active);
}

#[tokio::test]
async fn no_link_of_a_page_leads_to_another_site() {
    let app = App::new();
    let page = app.get("//evil.example/login").await;
    assert_eq!(page.status, 404);
    assert!(!page.text.contains("evil.example"), "{}", page.text);
}
