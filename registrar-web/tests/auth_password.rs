//! Changing one's password: who may, what ends with it, and how the host follows.

mod http_support;

use std::sync::Arc;

use http::Method;
use http_support::{Answer, App, Held, PASSWORD, config};
use registrar_web::domain::{Credentials, MailJob, MailKind, OnHost, UserState, Username};
use registrar_web::hash::CrateBcrypt;
use registrar_web::ports::{PasswordHasher, ProvisionFailure};
use serde_json::{Value, json};

const NEW: &str = "nine quiet otters sing";
const PATH: &str = "/api/auth/password";

async fn change(app: &App, held: &Held, current: &str, new: &str) -> Answer {
    let body = json!({"currentPassword": current, "newPassword": new});
    app.send_as(Method::PUT, PATH, &held.access, body).await
}

async fn status(app: &App, held: &Held) -> Value {
    let path = "/api/auth/status/user-status";
    let answer = app.as_member(Method::GET, path, &held.access).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["credentials"].clone()
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

/// Whether the host has that password.
fn host_has(app: &App, who: &str, password: &str) -> bool {
    let all = app.host.passwords.lock().unwrap();
    let hash = all.get(&name(who)).map(|(hash, _)| hash.clone());
    hash.is_some_and(|h| CrateBcrypt.verify(password, &h).unwrap())
}

async fn mail_of_change(app: &App, who: &str, change: usize) -> Option<MailJob> {
    app.told_of_changes(who).await.into_iter().nth(change - 1)
}

#[tokio::test]
async fn the_new_password_logs_in_and_the_old_one_does_not_here_and_on_the_host() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let before = app.world.now();
    let answer = change(&app, &held, PASSWORD, NEW).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["hostPassword"], json!({"state": "due"}));
    assert_eq!(answer.json()["passwordChangedAt"], before.to_string());
    assert_eq!(
        app.try_login("ada", PASSWORD).await.code(),
        "wrong-credentials"
    );
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
    assert!(!host_has(&app, "ada", NEW));
    app.run().await;
    assert!(host_has(&app, "ada", NEW));
    assert_eq!(
        status(&app, &held).await["hostPassword"],
        json!({"state": "in-step"})
    );
}

#[tokio::test]
async fn all_other_sessions_end_and_the_one_that_asked_goes_on() {
    let app = App::new();
    app.member("ada").await;
    let others = [app.login("ada").await, app.login("ada").await];
    let held = app.login("ada").await;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    for other in &others {
        assert_eq!(app.opens(&other.access).await, "session-ended");
        let refused = app.refresh(&other.refresh).await;
        assert_eq!(refused.code(), "session-ended");
        let words = refused.json()["detail"].as_str().unwrap().to_owned();
        assert!(words.starts_with("The password was changed"), "{words}");
    }
    assert_eq!(app.opens(&held.access).await, "ok");
    let next = Held::of(&app.refresh(&held.refresh).await);
    assert_eq!(app.opens(&next.access).await, "ok");
    let path = "/api/auth/sessions";
    let list = app.as_member(Method::GET, path, &next.access).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_present_password_must_be_shown_and_the_new_one_keep_the_rules() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    for (current, new, wrong) in [
        ("not it", NEW, "currentPassword:wrong"),
        ("", NEW, "currentPassword:wrong"),
        (PASSWORD, "k9!X", "newPassword:too-short"),
        (PASSWORD, &"x9!A".repeat(19), "newPassword:too-long"),
        (PASSWORD, "alllowercase", "newPassword:too-uniform"),
        (PASSWORD, "Lovelace1!", "newPassword:guessable"),
        (PASSWORD, PASSWORD, "newPassword:unchanged"),
    ] {
        let answer = change(&app, &held, current, new).await;
        assert_eq!(answer.status, 422, "{wrong}");
        assert_eq!(answer.errors(), [wrong]);
        assert!(!answer.text.contains(new) && !answer.text.contains(PASSWORD));
    }
    let answer = app
        .send_as(Method::PUT, PATH, &held.access, json!({"newPassword": NEW}))
        .await;
    assert_eq!(answer.errors(), ["currentPassword:required"]);
    assert_eq!(app.try_login("ada", PASSWORD).await.status, 200);
    assert_eq!(app.opens(&held.access).await, "ok");
    assert!(mail_of_change(&app, "ada", 1).await.is_none());
}

#[tokio::test]
async fn who_holds_a_stolen_token_gets_five_guesses_at_the_password_also_all_at_once() {
    let app = Arc::new(App::new());
    app.member("ada").await;
    let held = app.login("ada").await;
    let mut tries = tokio::task::JoinSet::new();
    for n in 0..20 {
        let (app, held) = (app.clone(), held.clone());
        tries.spawn(async move {
            let guess = format!("a wrong guess {n}");
            change(&app, &held, &guess, NEW).await.status.as_u16()
        });
    }
    let mut answers = tries.join_all().await;
    answers.sort_unstable();
    assert_eq!(answers[..5], [422; 5]);
    assert_eq!(answers[5..], [429; 15]);
    // The right one, too; but others are not concerned, nor are logins.
    let refused = change(&app, &held, PASSWORD, NEW).await;
    assert_eq!(refused.code(), "too-many-requests");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(app.try_login("ada", PASSWORD).await.status, 200);
    app.wait(901);
    let held = app.login("ada").await;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
}

#[tokio::test]
async fn of_two_changes_at_once_one_holds_and_the_host_has_that_one() {
    let app = Arc::new(App::new());
    app.member("ada").await;
    let (one, two) = (app.login("ada").await, app.login("ada").await);
    let news = ["nine quiet otters sing", "seven loud herons dance"];
    let (a, b) = tokio::join!(
        change(&app, &one, PASSWORD, news[0]),
        change(&app, &two, PASSWORD, news[1]),
    );
    let won: Vec<usize> = [&a, &b]
        .iter()
        .enumerate()
        .filter(|(_, answer)| answer.status == 200)
        .map(|(n, _)| n)
        .collect();
    assert_eq!(won.len(), 1, "{} {}", a.text, b.text);
    app.run().await;
    for (n, new) in news.iter().enumerate() {
        let holds = n == won[0];
        assert_eq!(app.try_login("ada", new).await.status == 200, holds);
        assert_eq!(host_has(&app, "ada", new), holds);
    }
}

#[tokio::test]
async fn the_owner_is_told_once_and_the_audit_log_has_it() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    let mail = mail_of_change(&app, "ada", 1).await.unwrap();
    assert_eq!(mail.to.to_string(), "ada@example.org");
    let MailKind::CredentialChanged { from, .. } = mail.kind else {
        panic!("{mail:?}");
    };
    assert_eq!(from.address, "192.0.2.7");
    assert!(mail_of_change(&app, "ada", 2).await.is_none());
    let page = registrar_web::ports::PageRequest {
        limit: 10,
        after: None,
    };
    let filter = registrar_web::ports::AuditFilter::Subject("ada".into());
    let log = app.world.store.list_audit_entries(&filter, &page).await;
    let log = log.unwrap().items;
    assert_eq!(log[0].action.as_str(), "password-changed");
    assert_eq!(log[0].actor.name(), "ada");
    assert_eq!(log[0].address.as_deref(), Some("192.0.2.7"));
}

#[tokio::test]
async fn a_host_that_is_down_gets_the_latest_password_when_it_is_back_once() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    *app.host.down.lock().unwrap() = true;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    app.host_side.run_all().await.unwrap();
    let host = status(&app, &held).await["hostPassword"].clone();
    assert_eq!(host["state"], "due");
    assert_eq!(host["reason"], "provisiond does not answer");
    // Changed again before the host has the first one.
    let last = "seven loud herons dance";
    assert_eq!(change(&app, &held, NEW, last).await.status, 200);
    app.host_side.run_all().await.unwrap();
    *app.host.down.lock().unwrap() = false;
    assert_eq!(app.host_side.run_all().await.unwrap(), 0, "it pauses first");
    app.wait(3);
    assert_eq!(app.host_side.run_all().await.unwrap(), 1);
    assert!(host_has(&app, "ada", last));
    assert_eq!(app.host.passwords.lock().unwrap()[&name("ada")].1, 1);
    assert_eq!(
        status(&app, &held).await["hostPassword"],
        json!({"state": "in-step"})
    );
    app.wait(100_000);
    assert_eq!(app.host_side.run_all().await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_owed_to_the_host_outlives_the_process() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    let again = app.restart().await;
    assert_eq!(again.host_side.run_all().await.unwrap(), 1);
    assert!(host_has(&again, "ada", NEW));
}

#[tokio::test]
async fn a_worker_that_died_with_its_lease_is_followed_by_another_with_the_same_request() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    // It did the work, and died before it could write so.
    let user = app.user("ada").await;
    let (part, task) = user.host_task(app.world.now()).unwrap();
    let request = user.host_request(part, &task);
    let hash = user.password_hash.clone().unwrap();
    let host = &app.world.provisioner;
    host.set_password(request, &user.username, &hash)
        .await
        .unwrap();
    assert_eq!(app.host_side.run_all().await.unwrap(), 1);
    assert_eq!(app.host.passwords.lock().unwrap()[&name("ada")].1, 1);
}

#[tokio::test]
async fn a_host_that_refuses_is_named_to_the_member_and_the_admins_and_asked_again_after_a_day() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let words = "ada is a member of the privileged group sudo; change it as root";
    *app.host.refuses.lock().unwrap() = Some(ProvisionFailure::Permanent {
        message: words.into(),
    });
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    app.host_side.run_all().await.unwrap();
    let refused = json!({"state": "refused", "reason": words});
    assert_eq!(status(&app, &held).await["hostPassword"], refused);
    let filter =
        registrar_web::ports::AuditFilter::Action(registrar_web::domain::Action::HostChangeRefused);
    let page = registrar_web::ports::PageRequest {
        limit: 10,
        after: None,
    };
    let entries = async || {
        let found = app.world.store.list_audit_entries(&filter, &page).await;
        found.unwrap().items
    };
    assert_eq!(entries().await[0].details["reason"], words);
    // The password counts here all the same.
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
    app.wait(3600);
    assert_eq!(app.host_side.run_all().await.unwrap(), 0);
    app.wait(86_400);
    assert_eq!(app.host_side.run_all().await.unwrap(), 1);
    assert_eq!(entries().await.len(), 1, "noted once");
    *app.host.refuses.lock().unwrap() = None;
    app.wait(86_400);
    app.host_side.run_all().await.unwrap();
    assert!(host_has(&app, "ada", NEW));
}

#[tokio::test]
async fn a_host_that_has_had_enough_changes_is_asked_again_when_it_says() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    *app.host.refuses.lock().unwrap() = Some(ProvisionFailure::Transient {
        message: "password and keys were changed 5 times within an hour".into(),
        retry_after_seconds: Some(1200),
    });
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    app.host_side.run_all().await.unwrap();
    *app.host.refuses.lock().unwrap() = None;
    app.wait(1199);
    assert_eq!(app.host_side.run_all().await.unwrap(), 0);
    app.wait(1);
    assert_eq!(app.host_side.run_all().await.unwrap(), 1);
    assert!(host_has(&app, "ada", NEW));
}

#[tokio::test]
async fn the_host_account_of_who_is_suspended_is_left_alone_until_it_is_not() {
    let app = App::new();
    let id = app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(change(&app, &held, PASSWORD, NEW).await.status, 200);
    app.auth.set_state(id, UserState::Suspended).await.unwrap();
    app.host_side.run_all().await.unwrap();
    assert!(!host_has(&app, "ada", NEW));
    app.auth.set_state(id, UserState::Active).await.unwrap();
    app.wait(601);
    app.host_side.run_all().await.unwrap();
    assert!(host_has(&app, "ada", NEW));
}

#[tokio::test]
async fn a_hash_of_an_old_cost_is_made_anew_at_the_next_login_and_nothing_else_changes() {
    let app = App::new();
    app.member("ada").await;
    let mut config = config();
    config.accounts.bcrypt_cost = 11;
    let app = app.restart_with(config).await;
    let cost = async || app.user("ada").await.password_hash.unwrap().cost();
    app.try_login("ada", "wrong").await;
    app.auth.finish_background().await;
    assert_eq!(cost().await, 10);
    let held = app.login("ada").await;
    app.auth.finish_background().await;
    assert_eq!(cost().await, 11);
    assert_eq!(app.opens(&held.access).await, "ok");
    let before = app.user("ada").await;
    let changes = |c: &Credentials| [c.password.change, c.ssh_keys.change];
    assert_eq!(changes(&before.credentials), [0, 0]);
    assert_eq!(before.credentials.password.host, OnHost::InStep);
    assert!(mail_of_change(&app, "ada", 1).await.is_none());
    app.host_side.run_all().await.unwrap();
    assert!(app.host.passwords.lock().unwrap().is_empty());
    // Once: the next login finds it as it should be.
    app.login("ada").await;
    app.auth.finish_background().await;
    assert_eq!(app.user("ada").await.password_hash, before.password_hash);
}

#[tokio::test]
async fn logins_of_one_member_at_once_all_succeed_while_the_hash_is_made_anew() {
    let app = App::new();
    app.member("ada").await;
    let mut config = config();
    config.accounts.bcrypt_cost = 11;
    let app = Arc::new(app.restart_with(config).await);
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let app = app.clone();
        logins.spawn(async move { app.try_login("ada", PASSWORD).await.status.as_u16() });
    }
    assert_eq!(logins.join_all().await, [200; 8]);
    app.auth.finish_background().await;
    assert_eq!(app.user("ada").await.password_hash.unwrap().cost(), 11);
}

#[tokio::test]
async fn on_a_host_without_passwords_the_password_is_the_web_s_alone() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let mut config = config();
    config.accounts.password = registrar_web::config::PasswordMode::None;
    let app = app.restart_with(config).await;
    let answer = change(&app, &held, PASSWORD, NEW).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.json()["hostPassword"]["state"], "in-step");
    assert_eq!(app.host_side.run_all().await.unwrap(), 0);
    assert_eq!(app.try_login("ada", NEW).await.status, 200);
}
