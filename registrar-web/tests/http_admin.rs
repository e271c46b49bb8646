//! What admins see and do: the audit log, the numbers of the site.

mod http_support;

use http::Method;
use http_support::{App, config};
use registrar_web::domain::{AuditEntry, Mode};
use registrar_web::ports::{AuditFilter, PageRequest};
use serde_json::{Value, json};

async fn get(app: &App, path: &str) -> Value {
    let answer = app.as_admin(Method::GET, path, None).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

async fn post(app: &App, path: &str, body: Value) -> Value {
    let answer = app.as_admin(Method::POST, path, Some(body)).await;
    assert!(answer.status.is_success(), "{}", answer.text);
    answer.json()
}

/// `actor action subject` of each entry, newest first.
fn lines(page: &Value) -> Vec<String> {
    let words = |e: &Value| {
        let text = |v: &Value| v.as_str().unwrap_or("-").to_owned();
        let [actor, action, subject] =
            [&e["actor"]["name"], &e["action"], &e["subject"]["name"]].map(text);
        format!("{actor} {action} {subject}")
    };
    page["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(words)
        .collect()
}

/// A site where ada was approved, grace rejected, and the keys rotated.
async fn after_some_decisions() -> App {
    let mut config = config();
    config.registration.mode = Mode::Approval;
    let app = App::with(config);
    for name in ["ada", "grace"] {
        app.register(name).await;
    }
    app.run().await;
    let id = async |name: &str| app.status_of(name).await["id"].as_str().unwrap().to_owned();
    let (ada, grace) = (id("ada").await, id("grace").await);
    let path = format!("/api/admin/registrations/{ada}/approve");
    post(&app, &path, json!({})).await;
    let path = format!("/api/admin/registrations/{grace}/reject");
    post(&app, &path, json!({"reason": "no room"})).await;
    post(&app, "/api/admin/keys/rotate", json!({})).await;
    app
}

#[tokio::test]
async fn decisions_are_in_the_audit_log_newest_first_with_who_and_from_where() {
    let app = after_some_decisions().await;
    let page = get(&app, "/api/admin/audit").await;
    assert_eq!(
        lines(&page),
        [
            "admin token keys-rotated token keys",
            "admin token registration-rejected grace",
            "admin token registration-approved ada",
        ]
    );
    let newest = &page["items"][0];
    assert_eq!(newest["number"], 3);
    assert_eq!(newest["address"], "192.0.2.7");
    assert_eq!(newest["previous"], page["items"][1]["hash"]);
    assert_eq!(newest["requestId"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn one_registration_is_shown_to_admins() {
    let app = after_some_decisions().await;
    let id = app.status_of("ada").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let shown = get(&app, &format!("/api/admin/registrations/{id}")).await;
    assert_eq!(shown["email"], "ada@example.org");
    assert_eq!(shown["review"]["by"], "admin token");
    let unknown = "/api/admin/registrations/0193a1b2-0000-7000-8000-00000000abcd";
    let answer = app.as_admin(Method::GET, unknown, None).await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn a_decision_that_changes_nothing_is_not_written_down_again() {
    let app = after_some_decisions().await;
    let id = app.status_of("ada").await["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let path = format!("/api/admin/registrations/{id}/approve");
    post(&app, &path, json!({})).await;
    let page = get(&app, "/api/admin/audit").await;
    assert_eq!(lines(&page).len(), 3);
}

#[tokio::test]
async fn the_audit_log_is_paged_and_filtered() {
    let app = after_some_decisions().await;
    let first = get(&app, "/api/admin/audit?limit=2").await;
    let cursor = first["nextCursor"].as_str().unwrap();
    let second = get(&app, &format!("/api/admin/audit?limit=2&cursor={cursor}")).await;
    assert_eq!((lines(&first).len(), lines(&second).len()), (2, 1));
    assert!(second.get("nextCursor").is_none());
    for (query, want) in [
        ("action=registration-approved", 1),
        ("subject=grace", 1),
        ("actor=admin%20token", 3),
        ("actor=nobody", 0),
    ] {
        let page = get(&app, &format!("/api/admin/audit?{query}")).await;
        assert_eq!(lines(&page).len(), want, "{query}");
    }
}

#[tokio::test]
async fn a_wrong_question_to_the_audit_log_names_the_parameter() {
    let app = App::new();
    for (query, error) in [
        ("limit=many", "limit:malformed"),
        ("cursor=x", "cursor:malformed"),
        ("action=nonsense", "action:unknown"),
        ("since=monday", "since:unknown-field"),
        ("actor=a&subject=b", "subject:too-many"),
    ] {
        let path = format!("/api/admin/audit?{query}");
        let answer = app.as_admin(Method::GET, &path, None).await;
        assert_eq!(answer.status, 422, "{query}");
        assert_eq!(answer.errors(), [error], "{query}");
    }
}

#[tokio::test]
async fn a_whole_audit_log_is_found_whole() {
    let app = after_some_decisions().await;
    let checked = get(&app, "/api/admin/audit/check").await;
    assert_eq!(checked, json!({"checked": 3, "whole": true}));
}

#[tokio::test]
async fn an_audit_log_whose_oldest_entries_are_gone_is_found_broken() {
    let app = after_some_decisions().await;
    let page = PageRequest {
        limit: 100,
        after: None,
    };
    let store = &app.world.store;
    let entries = store.list_audit_entries(&AuditFilter::All, &page).await;
    // Another log, into which only the newest were carried over.
    let other = App::new();
    let kept: Vec<AuditEntry> = entries.unwrap().items.into_iter().take(2).collect();
    for entry in &kept {
        other.world.store.insert_audit_entry(entry).await.unwrap();
    }
    let checked = get(&other, "/api/admin/audit/check").await;
    assert_eq!(checked["whole"], false);
    let words = checked["broken"].as_str().unwrap();
    assert!(words.contains("between the entries 1 and 2"), "{words}");
}

#[tokio::test]
async fn a_check_goes_on_where_an_earlier_one_ended() {
    let app = after_some_decisions().await;
    let id = AuditEntry::id_of(2);
    let checked = get(&app, &format!("/api/admin/audit/check?cursor={id}")).await;
    assert_eq!(checked, json!({"checked": 2, "whole": true}));
}

#[tokio::test]
async fn the_numbers_of_the_site_count_what_there_is() {
    let app = after_some_decisions().await;
    app.run().await;
    let stats = get(&app, "/api/admin/stats").await;
    assert_eq!(stats["counts"]["registrationsFailed"], 1);
    assert_eq!(stats["counts"]["registrationsRunning"], 1);
    assert_eq!(stats["counts"]["members"], 1);
    assert_eq!(stats["host"]["mailDomain"], "tilde.example");
    assert_eq!(stats["ready"], true);
}

#[tokio::test]
async fn with_the_host_down_the_numbers_say_why_the_site_is_not_ready() {
    let app = App::new();
    *app.host.down.lock().unwrap() = true;
    let stats = get(&app, "/api/admin/stats").await;
    assert_eq!(
        (&stats["ready"], &stats["host"]),
        (&json!(false), &Value::Null)
    );
    let checks = stats["checks"].as_array().unwrap();
    let failed = checks.iter().find(|c| c["ok"] == false).unwrap();
    assert_eq!(failed["name"], "provisiond");
    assert_eq!(failed["message"], "provisiond does not answer");
}
