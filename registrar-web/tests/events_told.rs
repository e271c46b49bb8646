//! Of what members are told, and the list in which they read it up.

mod events_support;
mod http_support;
mod people_support;

use http::Method;
use http_support::{App, Held, config, sign_up};
use registrar_web::domain::*;
use serde_json::{Value, json};

/// Seconds.
const DAY: i64 = 24 * 60 * 60;

async fn invite(app: &App, held: &Held) -> Value {
    let made = app
        .as_member_with(Method::POST, "/api/invites/create", &held.access, json!({}))
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.json()
}

fn first(notices: &[(String, String)]) -> &str {
    &notices[0].0
}

#[tokio::test]
async fn who_invited_someone_hears_at_once_that_the_invite_was_accepted() {
    let app = App::new();
    let (_, held) = app.member_as("eve", Role::Operator).await;
    let made = invite(&app, &held).await;
    let mut stream = app.listen(&held).await;
    let mut form = sign_up("joan");
    form["token"] = made["token"].clone();
    let accepted = app.post("/api/invites/accept", form).await;
    assert_eq!(accepted.status, 201, "{}", accepted.text);
    app.run().await;
    stream.is_silent().await;
    app.prove("joan").await;
    let update = stream.expect("inviteStatusUpdate").await;
    let accepted = stream.expect("inviteAccepted").await;
    assert_eq!((&update.id, &update.data), (&accepted.id, &accepted.data));
    assert_eq!(accepted.data["details"]["username"], "joan");
    assert_eq!(
        accepted.data["message"],
        "joan has joined with your invite."
    );
    stream.is_silent().await;
    // And who joined has it in writing that the account is ready.
    let joan = app.login("joan").await;
    let notices = app.notices(&joan).await;
    assert_eq!(notices.len(), 1);
    assert_eq!(first(&notices), "registrationStatus");
}

#[tokio::test]
async fn who_made_an_invite_is_told_once_that_it_has_expired() {
    let app = App::new();
    let (_, held) = app.member_as("eve", Role::Operator).await;
    let revoked = invite(&app, &held).await;
    invite(&app, &held).await;
    let path = format!("/api/invites/{}/revoke", revoked["id"].as_str().unwrap());
    app.as_member(Method::DELETE, &path, &held.access).await;
    assert_eq!(app.people().tell_of_expiry().await.unwrap(), 0);
    app.wait(7 * DAY);
    assert_eq!(app.people().tell_of_expiry().await.unwrap(), 1);
    assert_eq!(app.people().tell_of_expiry().await.unwrap(), 0);
    let held = app.login("eve").await;
    assert_eq!(first(&app.notices(&held).await), "inviteExpired");
}

#[tokio::test]
async fn an_invite_that_another_takes_back_is_news_and_ones_own_is_known() {
    let app = App::new();
    let (_, held) = app.member_as("joan", Role::Operator).await;
    let (_, eve) = app.member_as("eve", Role::SiteAdmin).await;
    let unread = async || {
        let path = "/api/notifications?unread=true";
        let answer = app.as_member(Method::GET, path, &held.access).await;
        (answer.json()["unread"].as_u64().unwrap(), answer.json())
    };
    let (before, _) = unread().await;
    for (by, more) in [(&held, 0), (&eve, 1)] {
        let id = invite(&app, &held).await["id"].as_str().unwrap().to_owned();
        let path = format!("/api/invites/{id}/revoke");
        let done = app.as_member(Method::DELETE, &path, &by.access).await;
        assert_eq!(done.status, 204, "{}", done.text);
        assert_eq!(first(&app.notices(&held).await), "inviteRevoked");
        assert_eq!(unread().await.0, before + more);
    }
}

#[tokio::test]
async fn a_login_with_another_program_is_told_to_the_owner() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let mut stream = app.listen(&held).await;
    app.login("ada").await;
    stream.is_silent().await;
    let body = json!({"username": "ada", "password": http_support::PASSWORD}).to_string();
    let request = http::Request::post("/api/auth/login")
        .header("content-type", "application/json")
        .header("user-agent", "lynx/2.9");
    let answer = app.send(request.body(body.into()).unwrap()).await;
    assert_eq!(answer.status, 200);
    let told = stream.expect("notification").await;
    assert_eq!(told.data["kind"], "newLogin");
    assert_eq!(told.data["details"]["device"], "lynx/2.9");
    assert_eq!(told.data["details"]["address"], "192.0.2.7");
}

#[tokio::test]
async fn a_new_role_is_told_to_its_owner() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let (_, eve) = app.member_as("eve", Role::SuperAdmin).await;
    let mut stream = app.listen(&held).await;
    let path = format!("/api/users/{ada}/role");
    let body = json!({"role": "operator"});
    let done = app
        .as_member_with(Method::POST, &path, &eve.access, body)
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    let told = stream.expect("notification").await;
    let details = json!({"from": "client_user", "to": "operator", "by": "eve"});
    assert_eq!(told.data["details"], details);
}

#[tokio::test]
async fn reviewers_are_told_of_an_application_once_its_address_is_proven() {
    let mut config = config();
    config.registration.mode = Mode::Approval;
    let app = App::with(config);
    let approve = async |name: &str| {
        let name = Username::parse(name).unwrap();
        let found = app.world.store.registration_by_username(&name).await;
        let id = found.unwrap().unwrap().id;
        let path = format!("/api/admin/registrations/{id}/approve");
        app.as_admin(Method::POST, &path, None).await;
        app.run().await;
    };
    let mut held = Vec::new();
    for (name, role) in [("eve", Role::Operator), ("joan", Role::ClientAdmin)] {
        app.register(name).await;
        app.prove(name).await;
        approve(name).await;
        app.give_role(name, role).await;
        held.push(app.login(name).await);
    }
    let (mut reviewer, mut other) = (app.listen(&held[0]).await, app.listen(&held[1]).await);
    app.register("ada").await;
    app.run().await;
    reviewer.is_silent().await;
    app.prove("ada").await;
    let told = reviewer.expect("notification").await;
    assert_eq!(told.data["kind"], "applicationWaiting");
    assert_eq!(told.data["details"]["username"], "ada");
    // Nothing of the person but the name.
    let text = told.data.to_string();
    assert!(!text.contains("Lovelace") && !text.contains('@'), "{text}");
    other.is_silent().await;
}

#[tokio::test]
async fn admins_are_told_of_what_the_host_refuses() {
    let app = App::new();
    let (_, ada) = app.member_as("ada", Role::ClientUser).await;
    let (_, eve) = app.member_as("eve", Role::SiteAdmin).await;
    let mut stream = app.listen(&eve).await;
    *app.host.refuses.lock().unwrap() = Some(registrar_web::ports::ProvisionFailure::Permanent {
        message: "no".into(),
    });
    let body = json!({"currentPassword": http_support::PASSWORD, "newPassword": "gravel kite sunday plum"});
    let done = app
        .as_member_with(Method::PUT, "/api/auth/password", &ada.access, body)
        .await;
    assert!(done.status.is_success(), "{}", done.text);
    app.host_side.run_all().await.unwrap();
    let told = stream.expect("notification").await;
    assert_eq!(told.data["kind"], "hostStepFailed");
    let details = json!({"username": "ada", "what": "password"});
    assert_eq!(told.data["details"], details);
}

#[tokio::test]
async fn notifications_are_read_one_by_one_or_all_and_nobody_elses() {
    let app = App::new();
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let (_, eve) = app.member_as("eve", Role::SuperAdmin).await;
    for _ in 0..3 {
        let invite = InviteId::nil();
        app.world
            .events
            .publish(ada, News::InviteExpired { invite })
            .await;
    }
    let get = async |query: &str| {
        let path = format!("/api/notifications?{query}");
        app.as_member(Method::GET, &path, &held.access).await
    };
    let page = get("limit=2").await.json();
    assert_eq!(page["unread"], 4, "with that the account is ready");
    assert_eq!(page["items"].as_array().unwrap().len(), 2);
    let (newest, second) = (&page["items"][0], &page["items"][1]);
    assert!(newest["id"].as_str() > second["id"].as_str());
    let cursor = page["nextCursor"].as_str().unwrap();
    let rest = get(&format!("cursor={cursor}")).await.json();
    assert_eq!(rest["items"].as_array().unwrap().len(), 2);
    assert_eq!(rest["nextCursor"], Value::Null);

    let path = format!("/api/notifications/{}/read", newest["id"].as_str().unwrap());
    let not_hers = app.as_member(Method::POST, &path, &eve.access).await;
    assert_eq!(not_hers.status, 404);
    for _ in 0..2 {
        let done = app.as_member(Method::POST, &path, &held.access).await;
        assert_eq!(done.status, 204);
    }
    let left = get("unread=true").await.json();
    assert_eq!(left["unread"], 3);
    assert_eq!(left["items"].as_array().unwrap().len(), 3);
    let all = app
        .as_member(Method::POST, "/api/notifications/read-all", &held.access)
        .await;
    assert_eq!(all.status, 204);
    assert_eq!(get("").await.json()["unread"], 0);
    assert_eq!(get("unread=maybe").await.errors(), ["unread:malformed"]);
}

#[tokio::test]
async fn what_is_told_is_forgotten_after_30_days() {
    let app = App::new();
    let (_, held) = app.member_as("ada", Role::ClientUser).await;
    assert_eq!(app.notices(&held).await.len(), 1);
    let forget = async || {
        app.world
            .store
            .forget_events(app.world.now())
            .await
            .unwrap()
    };
    app.wait(29 * DAY);
    assert_eq!(forget().await, 0);
    app.wait(2 * DAY);
    assert_eq!(forget().await, 1);
}
