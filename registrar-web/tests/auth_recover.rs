//! A forgotten password: who is told what, and what link and code are good for.

mod http_support;

use std::sync::Arc;

use http_support::{Answer, App, PASSWORD, config, hidden};
use registrar_web::domain::UserState;
use serde_json::{Value, json};

const NEW: &str = "nine quiet otters sing";
const FORGOT: &str = "/api/auth/forgot-password";
const RESET: &str = "/api/auth/reset-password";

async fn forgot(app: &App, who: &str) -> Answer {
    let answer = app.post(FORGOT, json!({ "emailOrUsername": who })).await;
    app.auth.finish_background().await;
    answer
}

async fn reset(app: &App, token: &str, new: &str) -> Answer {
    app.post(RESET, json!({"token": token, "newPassword": new}))
        .await
}

async fn by_code(app: &App, who: &str, code: &str) -> Answer {
    let body = json!({"emailOrUsername": who, "code": code, "newPassword": NEW});
    app.post(RESET, body).await
}

/// How many mails wait or have gone.
async fn mails(app: &App, who: &str) -> usize {
    let user = app.user(who).await;
    let Some(proof) = user.credentials.recovery else {
        return 0;
    };
    let mut found = 0;
    for resends in 0..20 {
        let mut proof = proof.clone();
        proof.resends = resends;
        let key = format!("reset-password:{}", proof.mail_key(user.id));
        let mail = app.world.store.mail_by_key(&key).await.unwrap();
        found += usize::from(mail.is_some());
    }
    found
}

fn other_than(code: &str, n: u32) -> String {
    let number: u32 = code.parse().unwrap();
    format!("{:06}", (number + n) % 1_000_000)
}

#[tokio::test]
async fn the_token_of_the_mail_sets_a_new_password_once_and_ends_every_session() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(forgot(&app, "ada@example.org").await.status, 202);
    let (token, _) = app.recovery_of("ada").await;
    let answer = reset(&app, &token, NEW).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    assert_eq!(app.opens(&held.access).await, "session-ended");
    assert_eq!(app.refresh(&held.refresh).await.code(), "session-ended");
    assert_eq!(app.try_login("ada", PASSWORD).await.status, 401);
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
    app.run().await;
    assert_eq!(app.host.passwords.lock().unwrap().len(), 1);
    // Shown again, it is as unknown as any other.
    let again = reset(&app, &token, "seven loud herons dance").await;
    assert_eq!(
        (again.status.as_u16(), again.code().as_str()),
        (404, "recovery-unknown")
    );
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
    assert_eq!(app.told_of_changes("ada").await.len(), 1);
    let filter = registrar_web::ports::AuditFilter::Subject("ada".into());
    let page = registrar_web::ports::PageRequest {
        limit: 1,
        after: None,
    };
    let log = app.world.store.list_audit_entries(&filter, &page).await;
    let entry = &log.unwrap().items[0];
    assert_eq!(entry.action.as_str(), "password-reset");
    assert_eq!(entry.actor.name(), "visitor");
}

#[tokio::test]
async fn who_asks_for_a_mail_learns_nothing_of_who_is_a_member() {
    let app = App::new();
    app.member("ada").await;
    let sue = app.member("sue").await;
    app.auth.set_state(sue, UserState::Suspended).await.unwrap();
    app.register("noa").await;
    app.run().await;
    let mut answers = Vec::new();
    for who in [
        "ada",
        "ada@example.org",
        "ada@tilde.example",
        "nobody",
        "nobody@example.org",
        "sue",
        "noa@example.org",
        "not a name at all",
    ] {
        let body = json!({ "emailOrUsername": who }).to_string();
        let id = [("x-request-id", "same")];
        let answer = app.post_bytes(FORGOT, body, &id).await;
        app.auth.finish_background().await;
        let mut headers: Vec<String> = answer
            .headers
            .iter()
            .filter(|(name, _)| !name.as_str().starts_with("ratelimit"))
            .map(|(name, value)| format!("{name}: {value:?}"))
            .collect();
        headers.sort();
        answers.push((answer.status, headers, answer.text));
    }
    assert_eq!(answers[0].0, 202);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(mails(&app, "ada").await, 3);
    for other in ["sue", "noa"] {
        assert!(app.user(other).await.credentials.recovery.is_none());
    }
}

#[tokio::test]
async fn who_tries_a_code_learns_nothing_of_who_is_a_member_or_has_asked() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    forgot(&app, "ada").await;
    let (_, code) = app.recovery_of("ada").await;
    let wrong = other_than(&code, 1);
    let mut answers = Vec::new();
    for (n, who) in ["ada", "ada@example.org", "eve", "nobody", "x@example.org"]
        .into_iter()
        .enumerate()
    {
        let body = json!({"emailOrUsername": who, "code": wrong, "newPassword": NEW});
        let from = format!("203.0.113.{n}");
        let answer = app.post_from(&from, RESET, body).await;
        let mut told = answer.json();
        told["requestId"] = Value::Null;
        answers.push((answer.status, told));
    }
    assert_eq!(answers[0].0, 404);
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:#?}");
}

#[tokio::test]
async fn the_code_works_once_with_name_or_address_and_with_spaces() {
    let app = App::new();
    app.member("ada").await;
    for who in ["ada", "ADA@example.org"] {
        forgot(&app, who).await;
        let (_, code) = app.recovery_of("ada").await;
        let spaced = format!("{} {}", &code[..3], &code[3..]);
        assert_eq!(by_code(&app, who, &spaced).await.status, 204, "{who}");
        assert_eq!(by_code(&app, who, &code).await.code(), "recovery-unknown");
        assert_eq!(app.try_login("ada", NEW).await.status, 200);
    }
}

#[tokio::test]
async fn after_five_wrong_codes_from_wherever_the_right_one_is_refused_and_the_link_works() {
    let app = Arc::new(App::new());
    app.member("ada").await;
    forgot(&app, "ada").await;
    let (token, code) = app.recovery_of("ada").await;
    let mut tries = tokio::task::JoinSet::new();
    for n in 1..=5 {
        let (app, wrong) = (app.clone(), other_than(&code, n));
        let who = ["ada", "ada@example.org"][n as usize % 2];
        tries.spawn(async move {
            let body = json!({"emailOrUsername": who, "code": wrong, "newPassword": NEW});
            let from = format!("203.0.113.{n}");
            app.post_from(&from, RESET, body).await.status.as_u16()
        });
    }
    assert_eq!(tries.join_all().await, [404; 5]);
    assert_eq!(by_code(&app, "ada", &code).await.code(), "recovery-unknown");
    // Another mail does not bring five more.
    app.wait(1000);
    forgot(&app, "ada").await;
    let (_, next) = app.recovery_of("ada").await;
    assert_ne!(next, code);
    assert_eq!(by_code(&app, "ada", &next).await.code(), "recovery-unknown");
    let old = reset(&app, &token, NEW).await;
    assert_eq!(
        old.code(),
        "recovery-unknown",
        "replaced by the second mail"
    );
    let (token, _) = app.recovery_of("ada").await;
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn one_address_tries_five_codes_whoever_they_are_for() {
    let app = App::new();
    for n in 0..5 {
        let answer = by_code(&app, &format!("nobody{n}"), "123456").await;
        assert_eq!(answer.code(), "recovery-unknown");
    }
    let answer = by_code(&app, "nobody9", "123456").await;
    assert_eq!(answer.code(), "too-many-requests");
}

#[tokio::test]
async fn of_many_resets_at_once_with_one_token_one_wins() {
    let app = Arc::new(App::new());
    app.member("ada").await;
    forgot(&app, "ada").await;
    let (token, _) = app.recovery_of("ada").await;
    let mut resets = tokio::task::JoinSet::new();
    for n in 0..6 {
        let (app, token) = (app.clone(), token.clone());
        resets.spawn(async move {
            let new = format!("nine quiet otters sing {n}");
            let status = reset(&app, &token, &new).await.status.as_u16();
            (status, new)
        });
    }
    let answers = resets.join_all().await;
    let won: Vec<_> = answers.iter().filter(|(s, _)| *s == 204).collect();
    assert_eq!(won.len(), 1, "{answers:?}");
    assert!(answers.iter().all(|(s, _)| matches!(s, 204 | 404)));
    assert_eq!(app.try_login("ada", &won[0].1).await.status, 200);
    assert_eq!(app.user("ada").await.credentials.password.change, 1);
}

#[tokio::test]
async fn link_and_code_are_good_for_an_hour() {
    let app = App::new();
    app.member("ada").await;
    forgot(&app, "ada").await;
    let (token, code) = app.recovery_of("ada").await;
    app.wait(3600);
    assert_eq!(reset(&app, &token, NEW).await.code(), "recovery-unknown");
    assert_eq!(by_code(&app, "ada", &code).await.code(), "recovery-unknown");
    let page = app.get(&format!("/recover?token={token}")).await;
    assert_eq!(page.status, 404);
}

#[tokio::test]
async fn a_password_that_breaks_a_rule_spends_nothing() {
    let app = App::new();
    app.member("ada").await;
    forgot(&app, "ada").await;
    let (token, code) = app.recovery_of("ada").await;
    let bad = reset(&app, &token, "short").await;
    assert_eq!(bad.errors(), ["newPassword:too-short"]);
    let body = json!({"username": "ada", "code": code, "newPassword": "Lovelace1!"});
    let bad = app.post(RESET, body).await;
    assert_eq!(bad.errors(), ["newPassword:guessable"]);
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
}

#[tokio::test]
async fn a_change_of_the_password_ends_a_link_that_was_mailed() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    forgot(&app, "ada").await;
    let (token, _) = app.recovery_of("ada").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": NEW});
    let path = "/api/auth/password";
    let put = http::Method::PUT;
    let changed = app.send_as(put, path, &held.access, body).await;
    assert_eq!(changed.status, 200);
    assert_eq!(
        reset(&app, &token, "seven loud herons dance").await.code(),
        "recovery-unknown"
    );
}

#[tokio::test]
async fn a_mailbox_gets_five_mails_a_day_and_who_asks_is_not_told() {
    let app = App::new();
    app.member("ada").await;
    for n in 0..8 {
        let from = format!("203.0.113.{n}");
        let answer = app
            .post_from(&from, FORGOT, json!({"username": "ada"}))
            .await;
        assert_eq!(answer.status, 202);
        app.auth.finish_background().await;
    }
    assert_eq!(mails(&app, "ada").await, 5);
}

#[tokio::test]
async fn a_client_asks_for_ten_mails_an_hour_over_a_restart_too() {
    let app = App::new();
    for n in 0..10 {
        let answer = forgot(&app, &format!("nobody{n}")).await;
        assert_eq!(answer.status, 202);
    }
    let app = app.restart().await;
    let refused = forgot(&app, "nobody").await;
    assert_eq!(refused.code(), "too-many-requests");
    assert_eq!(refused.header("retry-after"), "3600");
    app.wait(3600);
    assert_eq!(forgot(&app, "nobody").await.status, 202);
}

#[tokio::test]
async fn who_was_suspended_meanwhile_has_a_link_of_no_use() {
    let app = App::new();
    let id = app.member("ada").await;
    forgot(&app, "ada").await;
    let (token, code) = app.recovery_of("ada").await;
    app.auth.set_state(id, UserState::Suspended).await.unwrap();
    assert_eq!(reset(&app, &token, NEW).await.code(), "recovery-unknown");
    assert_eq!(by_code(&app, "ada", &code).await.code(), "recovery-unknown");
}

#[tokio::test]
async fn bodies_that_say_too_little_or_too_much_are_told_so() {
    let app = App::new();
    for (path, body, error) in [
        (FORGOT, json!({}), "emailOrUsername:required"),
        (
            FORGOT,
            json!({"email": "a@example.org", "username": "a"}),
            "emailOrUsername:required",
        ),
        (FORGOT, json!({"email": 1}), "email:wrong-type"),
        (RESET, json!({"newPassword": NEW}), "token:required"),
        (
            RESET,
            json!({"newPassword": NEW, "token": "x", "code": "1"}),
            "token:required",
        ),
        (
            RESET,
            json!({"newPassword": NEW, "code": "123456"}),
            "emailOrUsername:required",
        ),
        (RESET, json!({"token": "x"}), "newPassword:required"),
    ] {
        let answer = app.post(path, body).await;
        assert_eq!(answer.errors(), [error]);
    }
    assert_eq!(reset(&app, "cut off", NEW).await.code(), "recovery-unknown");
}

#[tokio::test]
async fn who_has_no_password_gets_one_for_the_web() {
    let app = App::new();
    app.member("kay").await;
    let mut user = app.user("kay").await;
    user.password_hash = None;
    app.world.store.update_user(user).await.unwrap();
    let mut config = config();
    config.accounts.password = registrar_web::config::PasswordMode::None;
    let app = app.restart_with(config).await;
    forgot(&app, "kay").await;
    let (token, _) = app.recovery_of("kay").await;
    assert_eq!(reset(&app, &token, NEW).await.status, 204);
    assert_eq!(app.try_login("kay", NEW).await.status, 200);
    assert_eq!(app.host_side.run_all().await.unwrap(), 0);
}

#[tokio::test]
async fn the_pages_do_it_without_scripts_and_looking_at_the_link_spends_nothing() {
    let app = App::new();
    app.member("ada").await;
    let asked = app
        .submit("/recover", "/recover", &[("emailOrUsername", "ada")])
        .await;
    assert_eq!(asked.status, 200);
    assert!(asked.text.contains("on its way") && asked.text.contains("name=\"code\""));
    let nobody = app
        .submit("/recover", "/recover", &[("emailOrUsername", "nobody")])
        .await;
    assert_eq!(nobody.text.replace("nobody", "ada"), asked.text);
    let (token, _) = app.recovery_of("ada").await;
    let link = format!("/recover?token={token}");
    for _ in 0..5 {
        let page = app.get_with_cookies(&link).await;
        assert_eq!(page.status, 200);
        assert_eq!(hidden(&page.text, "token"), token);
    }
    let short = [("token", token.as_str()), ("newPassword", "short")];
    let refused = app.submit(&link, "/recover", &short).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text.contains("at least 8 characters"));
    assert!(!refused.text.contains("value=\"short\""));
    let fields = [("token", token.as_str()), ("newPassword", NEW)];
    let done = app.submit(&link, "/recover", &fields).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.text.contains("Your password is changed"));
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
    assert_eq!(app.get(&link).await.status, 404);
    // Sent twice.
    let again = app.submit("/recover", "/recover", &fields).await;
    assert_eq!(again.status, 404);
}

#[tokio::test]
async fn the_page_takes_the_code_too_and_no_form_of_another_site() {
    let app = App::new();
    app.member("ada").await;
    forgot(&app, "ada").await;
    let (token, code) = app.recovery_of("ada").await;
    let foreign = app
        .post_bytes(
            "/recover",
            format!("token={token}&newPassword=nine+quiet+otters+sing"),
            &[],
        )
        .await;
    assert_eq!(foreign.status, 415);
    let request = http::Request::post("/recover")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "cross-site");
    let body = format!("token={token}&newPassword=nine+quiet+otters+sing");
    let foreign = app.send(request.body(body.into()).unwrap()).await;
    assert_eq!(foreign.status, 403);
    let wrong = other_than(&code, 1);
    for (code, status) in [(&wrong, 404), (&code, 200)] {
        let fields = [
            ("emailOrUsername", "ada"),
            ("code", code.as_str()),
            ("newPassword", NEW),
        ];
        let answer = app.submit("/recover", "/recover", &fields).await;
        assert_eq!(answer.status, status, "{}", answer.text);
    }
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
}
