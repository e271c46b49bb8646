//! A community with so many places: what is told of them, and what a full one does for sign-ups.

mod http_support;
mod organisations_support;
mod people_support;

use std::num::NonZeroU32;

use http::Method;
use http_support::{App, PASSWORD, config, sign_up};
use registrar_web::domain::{Role, UserState};
use serde_json::{Value, json};

fn with_places(all: u32) -> App {
    let mut config = config();
    config.community.capacity = NonZeroU32::new(all);
    config.invites.members_may_invite = 5;
    App::with(config)
}

async fn try_to_join(app: &App, name: &str, invite: Option<&Value>) -> (u16, String) {
    let mut form = sign_up(name);
    if let Some(invite) = invite {
        form["inviteToken"] = invite["token"].clone();
    }
    let answer = app.post("/api/auth/register", form).await;
    let code = match answer.status.as_u16() {
        201 => String::new(),
        _ => answer.code(),
    };
    (answer.status.as_u16(), code)
}

fn full() -> (u16, String) {
    (403, "community-full".into())
}

#[tokio::test]
async fn the_home_page_and_the_form_tell_how_many_places_are_taken() {
    let app = with_places(3);
    app.member("ada").await;
    app.wait(11);
    let home = app.get("/").await.text;
    assert!(home.contains("One of 3 places is taken."), "{home}");
    assert!(home.contains("href=\"/signup\">"), "{home}");
    let german = app.get("/?lang=de").await.text;
    assert!(
        german.contains("Einer von 3 Plätzen ist vergeben."),
        "{german}"
    );
    let form = app.get("/api/auth/register/form").await.json();
    assert_eq!(form["places"], json!({"taken": 1, "all": 3}));
    assert_eq!(form["modeWords"], "Registration is open to everyone.");
}

#[tokio::test]
async fn where_nobody_counts_nothing_is_told() {
    let app = App::new();
    app.member("ada").await;
    let home = app.get("/").await.text;
    assert!(!home.contains("id=\"places\""), "{home}");
    assert_eq!(
        app.get("/api/auth/register/form").await.json()["places"],
        Value::Null
    );
}

#[tokio::test]
async fn places_are_counted_at_most_once_in_ten_seconds_for_those_who_look() {
    let app = with_places(3);
    assert!(app.get("/").await.text.contains("0 of 3 places"));
    app.register("ada").await;
    app.saga.run_all().await.unwrap();
    assert!(app.get("/").await.text.contains("0 of 3 places"));
    app.wait(10);
    assert!(
        app.get("/").await.text.contains("One of 3 places"),
        "who signs up holds a place"
    );
}

#[tokio::test]
async fn a_full_community_refuses_on_every_face_and_says_what_to_do() {
    let app = with_places(1);
    app.member("ada").await;
    assert_eq!(try_to_join(&app, "eve", None).await, full());
    let answer = app.post("/api/auth/register", sign_up("eve")).await;
    assert!(
        answer.text.contains("ask those who run it for an invite"),
        "{}",
        answer.text
    );
    // The page: without a form, and after one that was open before.
    let page = app.get_with_cookies("/signup").await.text;
    assert!(page.contains("All 1 places are taken."), "{page}");
    assert!(!page.contains("id=\"username\""), "{page}");
    let home = app.get("/").await.text;
    assert!(
        !home.contains("class=\"button\" href=\"/signup\""),
        "{home}"
    );
    let fields = [
        ("username", "eve"),
        ("personalEmail", "eve@example.org"),
        ("password", PASSWORD),
    ];
    let sent = app.submit("/login", "/signup", &fields).await;
    assert_eq!(sent.status, 403);
    assert!(sent.text.contains("role=\"alert\""), "{}", sent.text);
    assert!(
        sent.text.contains("The community has as many members"),
        "{}",
        sent.text
    );
    // What `ssh join@host` reads before it asks anything.
    let form = app.get("/api/auth/register/form").await.json();
    let words = form["modeWords"].as_str().unwrap();
    assert!(words.contains("All 1 places are taken."), "{words}");
    assert_eq!(app.user("ada").await.state, UserState::Active);
}

#[tokio::test]
async fn invites_of_those_who_run_the_community_bring_people_in_all_the_same() {
    let app = with_places(2);
    app.member("ada").await;
    let (_, grace) = app.member_as("grace", Role::Operator).await;
    let made = app.invite_as(&grace, json!({})).await;
    assert_eq!(try_to_join(&app, "lin", Some(&made.json())).await.0, 201);
    let host = app.host_invite(json!({})).await;
    assert_eq!(try_to_join(&app, "mia", Some(&host)).await.0, 201);
    app.run().await;
    let home = app.get("/").await.text;
    assert!(home.contains("All 2 places are taken."), "{home}");
}

#[tokio::test]
async fn an_invite_of_a_member_waits_for_a_free_place_and_is_not_used_up() {
    let app = with_places(1);
    let (ada, held) = app.member_as("ada", Role::ClientUser).await;
    let made = app.invite_as(&held, json!({})).await.json();
    assert_eq!(try_to_join(&app, "eve", Some(&made)).await, full());
    // The page of the invite says so, and still has its form.
    let link = format!("/signup?invite={}", made["token"].as_str().unwrap());
    let page = app.get(&link).await.text;
    assert!(page.contains("All 1 places are taken."), "{page}");
    assert!(page.contains("id=\"username\""), "{page}");

    // A place is free again when there is another one, as when a member is deleted.
    let mut config = app.config.clone();
    config.community.capacity = NonZeroU32::new(2);
    let app = app.restart_with(config).await;
    assert_eq!(try_to_join(&app, "eve", Some(&made)).await.0, 201);
    app.run().await;
    assert_eq!(try_to_join(&app, "mia", None).await, full());
    let gone = format!("/api/users/{ada}");
    assert_eq!(app.as_admin(Method::DELETE, &gone, None).await.status, 200);
    assert_eq!(try_to_join(&app, "mia", None).await.0, 201);
}
