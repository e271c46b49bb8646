//! One's SSH keys: kept, listed, removed, and brought to the host.

mod http_support;

use http::Method;
use http_support::{Answer, App, Held, config, sign_up};
use registrar_web::domain::{MailJob, MailKind, Username};
use serde_json::{Value, json};

const PATH: &str = "/api/auth/ssh-keys";
const ED: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop";
const EC: &str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBEmKSENjQEezOmxkZMy7opKgwFB9nkt5YRrYMjNuG5N87uRgg6CLrbo5wAdT/y6v0mKV0U2w0WZ2YB/++Tpockg=";

/// The n-th of many keys that differ.
fn key(n: u8) -> String {
    use base64::Engine;
    let mut body = Vec::new();
    for part in [b"ssh-ed25519".as_slice(), &[n; 32]] {
        body.extend((part.len() as u32).to_be_bytes());
        body.extend(part);
    }
    let text = base64::engine::general_purpose::STANDARD.encode(body);
    format!("ssh-ed25519 {text} key{n}")
}

async fn add(app: &App, held: &Held, body: Value) -> Answer {
    app.send_as(Method::POST, PATH, &held.access, body).await
}

async fn list(app: &App, held: &Held) -> Value {
    let answer = app.as_member(Method::GET, PATH, &held.access).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn remove(app: &App, held: &Held, id: &str) -> Answer {
    let path = format!("{PATH}/{id}");
    app.as_member(Method::DELETE, &path, &held.access).await
}

fn on_host(app: &App, who: &str) -> Vec<String> {
    let all = app.host.keys.lock().unwrap();
    let kept = all.get(&Username::parse(who).unwrap());
    let keys = kept.map(|(keys, _)| keys.clone()).unwrap_or_default();
    keys.iter().map(|k| k.as_line().to_owned()).collect()
}

#[tokio::test]
async fn a_key_is_added_listed_brought_to_the_host_and_removed() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let none = list(&app, &held).await;
    assert_eq!(
        none,
        json!({"items": [], "changedAt": null, "host": {"state": "in-step"}})
    );
    let now = app.world.now().to_string();
    let added = add(&app, &held, json!({"key": ED, "label": " my laptop "})).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let one = added.json();
    assert_eq!(one["label"], "my laptop");
    assert_eq!(one["type"], "ssh-ed25519");
    assert_eq!(one["addedAt"], now);
    assert!(one["fingerprint"].as_str().unwrap().starts_with("SHA256:"));
    let place = added.header("location").to_owned();
    let shown = app.as_member(Method::GET, &place, &held.access).await;
    assert_eq!(shown.json(), one);
    let unnamed = add(&app, &held, json!({ "key": EC })).await.json();
    assert_eq!(unnamed["label"], "ECDSA key");
    let all = list(&app, &held).await;
    assert_eq!(all["items"], json!([one, unnamed]));
    assert_eq!(all["host"]["state"], "due");
    assert_eq!(all["changedAt"], now);
    app.run().await;
    assert_eq!(on_host(&app, "ada"), [ED, EC]);
    assert_eq!(list(&app, &held).await["host"]["state"], "in-step");
    let id = one["id"].as_str().unwrap();
    assert_eq!(remove(&app, &held, id).await.status, 204);
    assert_eq!(remove(&app, &held, id).await.status, 404);
    app.run().await;
    assert_eq!(on_host(&app, "ada"), [EC]);
    assert_eq!(list(&app, &held).await["items"], json!([unnamed]));
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_as_at_the_sign_up_and_never_repeated() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let private = "-----BEGIN OPENSSH PRIVATE KEY-----\nhush\n-----END OPENSSH PRIVATE KEY-----";
    for (text, code) in [
        (String::new(), "empty"),
        (private.into(), "private-key"),
        ("ssh-dss AAAAB3NzaC1kc3MAAACBA x".into(), "dsa"),
        (format!("no-pty {ED}"), "options"),
        (format!("{ED}\n{EC}"), "several-lines"),
        (ED[..60].into(), "damaged"),
        ("hello".into(), "unknown-type"),
        (format!("{ED}\u{7}"), "bad-comment"),
    ] {
        let answer = add(&app, &held, json!({ "key": text })).await;
        assert_eq!(answer.status, 422, "{code}");
        assert_eq!(answer.errors(), [format!("key:{code}")]);
        assert!(!answer.text.contains("hush"));
    }
    for (label, code) in [
        ("x".repeat(101), "too-long"),
        ("a\nb".into(), "control-character"),
    ] {
        let answer = add(&app, &held, json!({"key": ED, "label": label})).await;
        assert_eq!(answer.errors(), [format!("label:{code}")]);
    }
    assert_eq!(list(&app, &held).await["items"], json!([]));
}

#[tokio::test]
async fn a_key_is_kept_once_whatever_its_comment_and_there_are_sixteen_at_most() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    assert_eq!(add(&app, &held, json!({ "key": key(0) })).await.status, 201);
    let again = key(0).replace("key0", "another comment");
    let answer = add(&app, &held, json!({ "key": again })).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (409, "key-kept")
    );
    for n in 1..16 {
        assert_eq!(add(&app, &held, json!({ "key": key(n) })).await.status, 201);
    }
    let answer = add(&app, &held, json!({ "key": key(16) })).await;
    assert_eq!(answer.errors(), ["key:too-many"]);
}

#[tokio::test]
async fn of_keys_that_are_added_at_once_none_is_lost() {
    let app = std::sync::Arc::new(App::new());
    app.member("ada").await;
    let held = app.login("ada").await;
    let mut adding = tokio::task::JoinSet::new();
    for n in 0..8 {
        let (app, held) = (app.clone(), held.clone());
        // Each twice.
        adding.spawn(async move { add(&app, &held, json!({ "key": key(n / 2) })).await.status });
    }
    let mut statuses: Vec<u16> = adding.join_all().await.iter().map(|s| s.as_u16()).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 201, 201, 201, 409, 409, 409, 409]);
    // A mail for each that is there now, whoever came first; one of no change at all may be among them.
    let told = app.told_of_changes("ada").await;
    let said: Vec<String> = told.iter().map(|m| format!("{:?}", m.kind)).collect();
    for key in list(&app, &held).await["items"].as_array().unwrap() {
        let fingerprint = key["fingerprint"].as_str().unwrap();
        assert!(
            said.iter().any(|s| s.contains(fingerprint)),
            "{fingerprint}"
        );
    }
    app.run().await;
    assert_eq!(on_host(&app, "ada").len(), 4);
}

#[tokio::test]
async fn the_keys_of_the_sign_up_are_there_with_label_and_date_and_can_be_removed() {
    let app = App::new();
    let mut form = sign_up("ada");
    form["sshKeys"] = json!([ED]);
    assert_eq!(app.post("/api/auth/register", form).await.status, 201);
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    app.post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    app.run().await;
    let held = app.login("ada").await;
    let all = list(&app, &held).await;
    assert_eq!(all["items"][0]["label"], "ada@laptop");
    let made = app.user("ada").await.created_at.to_string();
    assert_eq!(all["items"][0]["addedAt"], made);
    let id = all["items"][0]["id"].as_str().unwrap();
    assert_eq!(remove(&app, &held, id).await.status, 204);
    assert_eq!(list(&app, &held).await["items"], json!([]));
}

#[tokio::test]
async fn nobody_sees_or_removes_the_keys_of_another() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    let (ada, eve) = (app.login("ada").await, app.login("eve").await);
    let one = add(&app, &ada, json!({ "key": ED })).await.json();
    let id = one["id"].as_str().unwrap();
    assert_eq!(list(&app, &eve).await["items"], json!([]));
    assert_eq!(remove(&app, &eve, id).await.status, 404);
    let path = format!("{PATH}/{id}");
    assert_eq!(
        app.as_member(Method::GET, &path, &eve.access).await.status,
        404
    );
    for bad in ["x", "00000000-0000-0000-0000-000000000000"] {
        assert_eq!(remove(&app, &ada, bad).await.status, 404);
    }
    assert_eq!(list(&app, &ada).await["items"], json!([one]));
}

#[tokio::test]
async fn the_last_key_of_who_is_entered_by_key_alone_stays() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    add(&app, &held, json!({ "key": ED })).await;
    let two = add(&app, &held, json!({ "key": EC })).await.json();
    let mut config = config();
    config.accounts.password = registrar_web::config::PasswordMode::None;
    let app = app.restart_with(config).await;
    let id = two["id"].as_str().unwrap();
    assert_eq!(remove(&app, &held, id).await.status, 204);
    let last = list(&app, &held).await["items"][0]["id"].clone();
    let refused = remove(&app, &held, last.as_str().unwrap()).await;
    assert_eq!(
        (refused.status.as_u16(), refused.code().as_str()),
        (409, "not-possible-now")
    );
    assert!(
        refused.json()["detail"]
            .as_str()
            .unwrap()
            .contains("only key")
    );
}

#[tokio::test]
async fn the_owner_is_told_of_each_change_and_the_audit_log_has_the_fingerprint() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let one = add(&app, &held, json!({ "key": ED })).await.json();
    remove(&app, &held, one["id"].as_str().unwrap()).await;
    let told = app.told_of_changes("ada").await;
    assert_eq!(told.len(), 2);
    let fingerprint = one["fingerprint"].as_str().unwrap();
    for word in ["SshKeyAdded", "SshKeyRemoved"] {
        let is_it = |m: &MailJob| {
            let MailKind::CredentialChanged { what, .. } = &m.kind else {
                return false;
            };
            let said = format!("{what:?}");
            said.starts_with(word) && said.contains(fingerprint)
        };
        assert_eq!(told.iter().filter(|m| is_it(m)).count(), 1, "{word}");
    }
    let filter = registrar_web::ports::AuditFilter::Actor("ada".into());
    let page = registrar_web::ports::PageRequest {
        limit: 10,
        after: None,
    };
    let log = app.world.store.list_audit_entries(&filter, &page).await;
    let log = log.unwrap().items;
    let actions: Vec<String> = log.iter().map(|e| e.action.as_str()).collect();
    assert_eq!(actions, ["ssh-key-removed", "ssh-key-added"]);
    assert_eq!(log[0].details["fingerprint"], one["fingerprint"]);
}

#[tokio::test]
async fn keys_and_password_that_were_changed_while_the_host_was_down_come_together() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    *app.host.down.lock().unwrap() = true;
    add(&app, &held, json!({ "key": ED })).await;
    let body = json!({
        "currentPassword": http_support::PASSWORD,
        "newPassword": "nine quiet otters sing",
    });
    let path = "/api/auth/password";
    let changed = app.send_as(Method::PUT, path, &held.access, body).await;
    assert_eq!(changed.status, 200);
    app.host_side.run_all().await.unwrap();
    assert!(on_host(&app, "ada").is_empty());
    *app.host.down.lock().unwrap() = false;
    app.wait(5);
    app.host_side.run_all().await.unwrap();
    assert_eq!(on_host(&app, "ada"), [ED]);
    assert_eq!(app.host.passwords.lock().unwrap().len(), 1);
}
