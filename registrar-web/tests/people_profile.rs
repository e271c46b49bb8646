//! What members tell of themselves, and what they can take away with them.

mod http_support;
mod organisations_support;
mod people_support;

use http::{Method, StatusCode};
use http_support::{App, PASSWORD, config, sign_up};
use registrar_web::domain::*;
use registrar_web::ports::Provisioner;
use serde_json::{Value, json};

const PROFILE: &str = "/api/auth/profile";

fn whole() -> Value {
    json!({
        "displayName": "Augusta Ada King",
        "firstName": "Ada",
        "lastName": "Lovelace",
        "country": "gb",
        "birthDate": "1990-12-10",
        "simFrequency": 118.7,
        "bio": "Numbers.\nAnd \u{1f98a} <b>more</b>.",
        "links": ["https://ada.example/", "gemini://ada.example/x"],
    })
}

#[tokio::test]
async fn a_member_tells_as_much_as_she_wants_and_takes_it_back() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let before = app.as_member(Method::GET, PROFILE, &held.access).await;
    assert_eq!(before.status, 200);
    let before = before.json();
    assert_eq!(before["displayName"], "Ada Lovelace");
    assert_eq!(
        (&before["bio"], &before["links"]),
        (&Value::Null, &json!([]))
    );

    let put = app
        .as_member_with(Method::PUT, PROFILE, &held.access, whole())
        .await;
    assert_eq!(put.status, 200, "{}", put.text);
    let shown = app.as_member(Method::GET, PROFILE, &held.access).await;
    assert_eq!(shown.json(), put.json());
    for (name, value) in whole().as_object().unwrap() {
        let want = match name.as_str() {
            "country" => json!("GB"),
            "simFrequency" => json!("118.7"),
            _ => value.clone(),
        };
        assert_eq!(shown.json()[name], want, "{name}");
    }

    // What is left out is emptied, but for the name.
    let put = app
        .as_member_with(
            Method::PUT,
            PROFILE,
            &held.access,
            json!({"firstName": "A."}),
        )
        .await
        .json();
    assert_eq!(put["displayName"], "Augusta Ada King");
    assert_eq!(put["firstName"], "A.");
    for gone in ["lastName", "country", "birthDate", "simFrequency", "bio"] {
        assert_eq!(put[gone], Value::Null, "{gone}");
    }
    assert_eq!(put["links"], json!([]));
}

#[tokio::test]
async fn what_was_told_to_the_reviewers_stays_with_them() {
    let app = App::new();
    let mut form = sign_up("ada");
    form["reason"] = json!("For the poetry.");
    assert_eq!(app.post("/api/auth/register", form).await.status, 201);
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    app.post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    app.run().await;
    let held = app.login("ada").await;
    let put = app
        .as_member_with(Method::PUT, PROFILE, &held.access, whole())
        .await;
    assert_eq!(put.json().get("reason"), None);
    let kept = app.user_of("ada").await.profile.reason;
    assert_eq!(kept.as_deref(), Some("For the poetry."));
}

#[tokio::test]
async fn each_wrong_field_is_named_and_then_nothing_is_changed() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let before = app.user_of("ada").await.version;
    let wrong = json!({
        "displayName": "a\nb",
        "firstName": "x".repeat(65),
        "lastName": "a\u{7}",
        "country": "UK",
        "birthDate": "2020-01-01",
        "simFrequency": [1],
        "bio": "x".repeat(2001),
        "links": ["javascript:alert(1)"],
    });
    let answer = app
        .as_member_with(Method::PUT, PROFILE, &held.access, wrong)
        .await;
    assert_eq!(answer.status, 422);
    assert_eq!(
        answer.errors(),
        [
            "displayName:control-character",
            "firstName:too-long",
            "lastName:control-character",
            "country:not-iso-3166",
            "birthDate:too-young",
            "simFrequency:wrong-type",
            "bio:too-long",
            "links:no-link",
        ]
    );
    for (body, error) in [
        (json!({"role": "super_admin"}), "role:unknown-field"),
        (json!({"email": "eve@example.org"}), "email:unknown-field"),
        (json!({"reason": "x"}), "reason:unknown-field"),
        (json!({"links": "https://x.example"}), "links:wrong-type"),
        (json!({"bio": 7}), "bio:wrong-type"),
    ] {
        let answer = app
            .as_member_with(Method::PUT, PROFILE, &held.access, body)
            .await;
        assert_eq!(answer.errors(), [error]);
    }
    assert_eq!(app.user_of("ada").await.version, before);
    assert!(app.audit_of(Action::ProfileChanged).await.is_empty());
}

#[tokio::test]
async fn who_is_too_young_is_refused_politely_and_nothing_is_stored() {
    let app = App::new();
    // It is 2026-01-02.
    let mut form = sign_up("ada");
    form["birthDate"] = json!("2013-01-03");
    let answer = app.post("/api/auth/register", form.clone()).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.errors(), ["birthDate:too-young"]);
    let words = answer.json()["errors"][0]["message"].to_string();
    assert!(
        words.contains("13 years") && words.contains("kept nothing"),
        "{words}"
    );
    assert_eq!(
        app.get("/api/auth/status/registration/ada").await.status,
        404
    );
    for file in std::fs::read_dir(app.directory.path()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let has = |text: &str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            assert!(!has("ada@example.org") && !has("2013-01-03"), "{path:?}");
        }
    }
    form["birthDate"] = json!("2013-01-02");
    let answer = app.post("/api/auth/register", form).await;
    assert_eq!(answer.status, 201, "the birthday itself: {}", answer.text);
}

#[tokio::test]
async fn a_community_may_ask_for_fields_and_be_older() {
    let mut config = config();
    config.registration.require = vec![ProfileField::FirstName, ProfileField::BirthDate];
    config.registration.minimum_age = 18;
    let app = App::with(config);
    let answer = app.post("/api/auth/register", sign_up("ada")).await;
    assert_eq!(
        answer.errors(),
        ["firstName:required", "birthDate:required"]
    );
    let mut form = sign_up("ada");
    form["firstName"] = json!("Ada");
    form["birthDate"] = json!("2010-01-01");
    let answer = app.post("/api/auth/register", form.clone()).await;
    assert_eq!(answer.errors(), ["birthDate:too-young"]);
    form["birthDate"] = json!("2008-01-02");
    assert_eq!(app.post("/api/auth/register", form).await.status, 201);
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    app.post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    app.run().await;
    let held = app.login("ada").await;
    // Nor can it be taken back.
    let answer = app
        .as_member_with(
            Method::PUT,
            PROFILE,
            &held.access,
            json!({"firstName": "Ada"}),
        )
        .await;
    assert_eq!(answer.errors(), ["birthDate:required"]);
    // The page asks for it, too.
    let page = app.get("/signup").await.text;
    let at = page.find("name=\"firstName\"").unwrap();
    let field = &page[page[..at].rfind('<').unwrap()..];
    let field = &field[..field.find('>').unwrap()];
    assert!(field.contains("required"), "{field}");
    assert!(
        page.contains("<details open"),
        "the optional fields are shown"
    );
}

#[tokio::test]
async fn a_change_is_in_the_audit_log_by_field_and_without_values() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    for _ in 0..2 {
        let put = app
            .as_member_with(Method::PUT, PROFILE, &held.access, whole())
            .await;
        assert_eq!(put.status, 200);
    }
    let entries = app.audit_of(Action::ProfileChanged).await;
    assert_eq!(entries.len(), 1, "the second time changed nothing");
    let entry = &entries[0];
    assert_eq!(entry.actor.name(), "ada");
    assert_eq!(entry.address.as_deref(), Some("192.0.2.7"));
    assert!(entry.request_id.is_some());
    assert_eq!(
        entry.details["fields"],
        "displayName firstName lastName country birthDate simFrequency bio links"
    );
}

#[tokio::test]
async fn many_changes_at_once_lose_none_of_the_record() {
    let app = App::new();
    let id = app.member("ada").await;
    let held = app.login("ada").await;
    let changes = (0..8).map(|n| {
        let (app, held) = (&app, &held);
        async move {
            let body = json!({ "firstName": format!("Ada {n}") });
            app.as_member_with(Method::PUT, PROFILE, &held.access, body)
                .await
                .status
        }
    });
    for status in futures_util::future::join_all(changes).await {
        assert_eq!(status, StatusCode::OK);
    }
    let user = app.world.store.user(id).await.unwrap().unwrap();
    assert!(user.password_hash.is_some() && user.email_proven);
    assert_eq!(app.audit_of(Action::ProfileChanged).await.len(), 8);
}

#[tokio::test]
async fn a_member_gets_all_of_her_own_data_as_a_file_and_no_secret_is_in_it() {
    let app = App::new();
    let (eve, eves) = app.member_as("eve", Role::Operator).await;
    let mut form = sign_up("ada");
    let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVh7RGjnYAPJBxRvbVTUhSVBHzBJmHjZTxAqzXZbKbh ada";
    form["sshKeys"] = json!([key]);
    form["reason"] = json!("For the poetry.");
    app.post("/api/auth/register", form).await;
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    app.post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    app.run().await;
    let held = app.login("ada").await;
    app.as_member_with(Method::PUT, PROFILE, &held.access, whole())
        .await;
    let id = app.user_of("ada").await.id;
    let path = format!("/api/users/{id}");
    app.as_member_with(Method::PUT, &path, &eves.access, json!({"bio": "By Eve."}))
        .await;

    let answer = app
        .as_member(Method::GET, "/api/auth/user-data", &held.access)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.header("content-disposition"),
        "attachment; filename=\"ada-data.json\""
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    let data = answer.json();
    assert_eq!(data["account"]["email"], "ada@example.org");
    assert_eq!(data["account"]["profile"]["bio"], "By Eve.");
    assert_eq!(data["sshKeys"], json!([key]));
    assert_eq!(data["hasPassword"], true);
    assert_eq!(data["registration"]["reason"], "For the poetry.");
    assert_eq!(data["registration"]["status"], "VERIFIED");
    assert_eq!(data["registration"]["questions"], json!([]));
    assert_eq!(data["sshKeyDetails"][0]["label"], "ada");
    assert_eq!(data["credentials"]["hostSshKeys"]["state"], "in-step");
    assert_eq!(data["secondFactor"]["totp"], false);
    assert_eq!(data["organization"], Value::Null);
    assert_eq!(data["sessions"][0]["current"], true);
    let events = data["events"].as_array().unwrap();
    let by: Vec<(&str, &Value)> = events
        .iter()
        .filter(|e| e["action"] == "profile-changed")
        .map(|e| (e["by"].as_str().unwrap(), &e["address"]))
        .collect();
    // Where Eve sits is hers.
    assert_eq!(by, [("ada", &json!("192.0.2.7")), ("eve", &Value::Null)]);
    let user = app.user_of("ada").await;
    let hash = user.password_hash.unwrap();
    for secret in [hash.expose(), &held.access, &held.refresh, PASSWORD, "$2b$"] {
        assert!(!answer.text.contains(secret), "{secret}");
    }
    assert!(!answer.text.contains(&eve.to_string()), "nothing of others");
    assert_eq!(app.audit_of(Action::MemberExported).await.len(), 1);
}

#[tokio::test]
async fn the_export_has_notifications_organisation_and_what_reviewers_asked_but_not_their_notes() {
    let app = App::new();
    let (_, ada) = app.organisation("Acme", "ada").await;
    app.guest_of(&ada, "grace").await;
    // As a reviewer left it.
    let id = app.user_of("ada").await.id;
    let mut registration = app.world.store.registration(id).await.unwrap().unwrap();
    let remark = |text: &str| Remark::parse(text).unwrap();
    let at = app.world.now();
    registration.case.notes.push(Note {
        at,
        by: "zora".into(),
        text: remark("between us"),
    });
    registration.case.questions.push(Question {
        at,
        by: "zora".into(),
        text: remark("Who are you?"),
        answer: Some(Answer {
            at,
            text: remark("Ada."),
        }),
    });
    app.world
        .store
        .update_registration(registration)
        .await
        .unwrap();

    let path = "/api/auth/user-data";
    let answer = app.as_member(Method::GET, path, &ada.access).await;
    let data = answer.json();
    assert_eq!(data["organization"]["slug"], "acme");
    let told = data["notifications"].as_array().unwrap();
    let kinds: Vec<_> = told.iter().map(|n| n["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"inviteAccepted"), "{kinds:?}");
    assert_eq!(
        told[0]["readAt"],
        Value::Null,
        "the export reads none of them"
    );
    let asked = &data["registration"]["questions"][0];
    assert_eq!(asked["text"], "Who are you?");
    assert_eq!(asked["answer"], "Ada.");
    assert_eq!(data["invites"].as_array().unwrap().len(), 1);
    for hidden in ["between us", "zora"] {
        assert!(!answer.text.contains(hidden), "{hidden}: {}", answer.text);
    }
    // Another member's are none of hers.
    let grace = app.login("grace").await;
    let other = app.as_member(Method::GET, path, &grace.access).await.json();
    let told = other["notifications"].as_array().unwrap();
    assert!(
        told.iter().all(|n| n["kind"] != "inviteAccepted"),
        "{told:?}"
    );
}

#[tokio::test]
async fn the_host_gets_a_changed_display_name_and_only_that() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let told = |name: &str, bio: &str| json!({"displayName": name, "bio": bio});
    *app.host.down.lock().unwrap() = true;
    let body = told("Ada King", "counts");
    let answer = app
        .send_as(Method::PUT, "/api/auth/profile", &held.access, body)
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    app.host_side.run_all().await.unwrap();
    let path = "/api/auth/status/user-status";
    let status = app.as_member(Method::GET, path, &held.access).await.json();
    assert_eq!(
        status["credentials"]["hostDisplayName"]["state"], "due",
        "{status}"
    );

    *app.host.down.lock().unwrap() = false;
    app.wait(5);
    app.host_side.run_all().await.unwrap();
    let status = app.as_member(Method::GET, path, &held.access).await.json();
    assert_eq!(
        status["credentials"]["hostDisplayName"]["state"], "in-step",
        "{status}"
    );
    let name = Username::parse("ada").unwrap();
    let request = RequestId::new(uuid::Uuid::from_u128(1));
    let on_host = app.host.system_status(request, &name).await.unwrap();
    assert_eq!(on_host.account.display_name.as_str(), "Ada King");

    // A profile that changes otherwise is none of the host's business.
    let body = told("Ada King", "counts and sings");
    app.send_as(Method::PUT, "/api/auth/profile", &held.access, body)
        .await;
    assert_eq!(app.host_side.run_all().await.unwrap(), 0);
}
