//! What the tests of the console share.
#![allow(dead_code, reason = "shared by test programs; none uses all of it")]

use registrar_web::domain::{Mode, Role};
use serde_json::json;

use crate::http_support::{Answer, App, sign_up};
use crate::page_support::marks_its_times;

/// A site in mode `approval` with the operators grace and lin and the site admin root, grace signed in.
pub(crate) async fn console() -> App {
    let app = App::new();
    for (name, role) in [
        ("grace", Role::Operator),
        ("lin", Role::Operator),
        ("rue", Role::SiteAdmin),
        ("mia", Role::ClientUser),
    ] {
        app.member(name).await;
        app.give_role(name, role).await;
    }
    let mut config = app.config.clone();
    config.registration.mode = Mode::Approval;
    config.server.state_directory = std::env::temp_dir();
    let app = app.restart_with(config).await;
    as_(&app, "grace").await;
    app
}

/// Goes on as someone else in the same browser.
pub(crate) async fn as_(app: &App, name: &str) {
    app.put_cookie("registrar-session", "");
    let answer = app.sign_in(name).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

/// Applies, and returns the path of the application in the console.
pub(crate) async fn apply(app: &App, name: &str) -> String {
    let mut form = sign_up(name);
    form["reason"] = json!("I <3 shells\nand you");
    let answer = app.post("/api/auth/register", form).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    app.run().await;
    format!("/admin/queue/{}", answer.json()["id"].as_str().unwrap())
}

pub(crate) async fn prove(app: &App, name: &str) {
    let (token, _) = app.mail_of(name).await;
    let answer = app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.run().await;
}

pub(crate) async fn page(app: &App, path: &str) -> String {
    let answer = app.get_with_cookies(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    answer.text
}

/// Presses a button of a page, and returns the page after it.
pub(crate) async fn press(app: &App, on: &str, form: &str, fields: &[(&str, &str)]) -> String {
    let answer = app.submit(on, &format!("{on}/{form}"), fields).await;
    assert_eq!(location(&answer), (303, on), "{}", answer.text);
    page(app, on).await
}

pub(crate) fn location(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

/// Every field of a page has a label, and every table says what its columns are.
pub(crate) fn assert_is_labelled(path: &str, page: &str) {
    for tag in ["<input ", "<select ", "<textarea "] {
        for part in page.split(tag).skip(1) {
            let element = part.split('>').next().unwrap();
            if element.contains("type=\"hidden\"") || element.contains("type=\"submit\"") {
                continue;
            }
            let id = element
                .split("id=\"")
                .nth(1)
                .and_then(|r| r.split('"').next());
            let id = id.unwrap_or_else(|| panic!("{path}: no id: {element}"));
            assert!(
                page.contains(&format!("for=\"{id}\"")),
                "{path}: no label for {id}"
            );
            let count = page.matches(&format!(" id=\"{id}\"")).count();
            assert_eq!(count, 1, "{path}: {id}");
        }
    }
    assert_eq!(
        page.matches("<table").count(),
        page.matches("<thead>").count(),
        "{path}"
    );
    marks_its_times(path, page);
    for bad in [" style=\"", "<style", "<script>", " onclick="] {
        assert!(!page.contains(bad), "{path}: {bad}");
    }
}
