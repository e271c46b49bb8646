//! The JSON routes.

mod http_support;

use http::Method;
use http_support::{ADMIN, App, config, sign_up};
use registrar_web::config::PasswordMode;
use registrar_web::domain::{Flow, Mode, ProfileField};
use serde_json::json;

#[tokio::test]
async fn a_sign_up_is_answered_with_its_status_and_where_to_look() {
    let app = App::new();
    let answer = app.register("ada").await;
    assert_eq!(
        answer.header("location"),
        "/api/auth/status/registration/ada"
    );
    let body = answer.json();
    assert_eq!(body["username"], "ada");
    assert_eq!(body["status"], "INITIATED");
    assert_eq!(body["progress"], 0);
    assert_eq!(body["statusUrl"], "http://127.0.0.1:3000/signup/status/ada");
    let there = app.get(answer.header("location")).await;
    assert_eq!(there.status, 200);
    assert_eq!(there.json()["id"], body["id"]);
}

#[tokio::test]
async fn a_registration_passes_all_statuses_once_token_or_code_has_come_back() {
    for by_code in [false, true] {
        for flow in [Flow::ProvisionFirst, Flow::VerifyFirst] {
            let mut config = config();
            config.registration.flow = flow;
            let app = App::with(config);
            app.register("ada").await;
            app.run().await;
            let waiting = app.status_of("ada").await;
            assert_eq!(waiting["status"], "VERIFICATION_SENT");
            assert_eq!(waiting["canProceed"], true);
            let (token, code) = app.mail_of("ada").await;
            let proof = if by_code {
                json!({"username": "ada", "code": format!("{} {}", &code[..3], &code[3..])})
            } else {
                json!({ "token": token })
            };
            let answer = app.post("/api/auth/verify-email", proof).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            app.run().await;
            let done = app.status_of("ada").await;
            assert_eq!(done["progress"], 100);
            assert_eq!(done["status"], flow.last().as_str());
            let again = app
                .post("/api/auth/verify-email", json!({ "token": token }))
                .await;
            assert_eq!(
                (again.status.as_u16(), again.code().as_str()),
                (409, "verification-used")
            );
        }
    }
}

#[tokio::test]
async fn the_form_asks_for_just_what_a_sign_up_must_tell() {
    for (mode, password) in [
        (Mode::Open, PasswordMode::Account),
        (Mode::Approval, PasswordMode::None),
    ] {
        let mut config = config();
        config.registration.mode = mode;
        config.registration.require_reason = mode == Mode::Approval;
        config.registration.require = vec![ProfileField::Country];
        config.accounts.password = password;
        let app = App::with(config);
        let form = app.get("/api/auth/register/form").await.json();
        assert_eq!(form["community"]["domain"], "tilde.example");
        let fields = form["fields"].as_array().unwrap().iter();
        let required = fields.filter(|f| f["required"] == true);
        let mut required: Vec<_> = required.map(|f| f["name"].clone()).collect();
        let empty = json!({"username": "", "personalEmail": ""});
        let refused = app.post("/api/auth/register", empty).await.json();
        let errors = refused["errors"].as_array().unwrap().iter();
        let mut missed: Vec<_> = errors.map(|e| e["field"].clone()).collect();
        required.sort_by_key(|name| name.to_string());
        missed.sort_by_key(|name| name.to_string());
        assert_eq!(required, missed);
    }
}

#[tokio::test]
async fn the_four_modes_let_in_whom_they_say() {
    let with = |mode| {
        let mut config = config();
        config.registration.mode = mode;
        App::with(config)
    };
    let closed = with(Mode::Closed);
    let answer = closed.post("/api/auth/register", sign_up("ada")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (403, "registration-closed")
    );

    let invited = with(Mode::Invite);
    let answer = invited.post("/api/auth/register", sign_up("ada")).await;
    assert_eq!(answer.errors(), ["inviteToken:required"]);
    let invite = invited
        .as_admin(Method::POST, "/api/invites/create", None)
        .await;
    assert_eq!(invite.status, 201);
    let mut body = sign_up("ada");
    body["inviteToken"] = invite.json()["token"].clone();
    assert_eq!(
        invited
            .post("/api/auth/register", body.clone())
            .await
            .status,
        201
    );
    body["username"] = "bea".into();
    let again = invited.post("/api/auth/register", body).await;
    assert_eq!(again.errors(), ["inviteToken:unusable"]);

    let approval = with(Mode::Approval);
    let id = approval.register("ada").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    approval.run().await;
    let (token, _) = approval.mail_of("ada").await;
    approval
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    approval.run().await;
    let held = approval.status_of("ada").await;
    assert_eq!(
        (held["status"].as_str(), held["canProceed"].as_bool()),
        (Some("VERIFICATION_SENT"), Some(false))
    );
    let list = approval
        .as_admin(
            Method::GET,
            "/api/admin/registrations?filter=in-review&limit=500",
            None,
        )
        .await;
    assert_eq!(list.json()["items"][0]["id"], id.as_str());
    assert_eq!(list.json()["items"][0]["email"], "ada@example.org");
    let path = format!("/api/admin/registrations/{id}/approve");
    assert_eq!(
        approval.as_admin(Method::POST, &path, None).await.status,
        200
    );
    approval.run().await;
    assert_eq!(approval.status_of("ada").await["status"], "VERIFIED");
}

#[tokio::test]
async fn a_rejected_person_is_told_so_in_public_and_why_by_mail_alone_and_the_name_is_free() {
    let mut config = config();
    config.registration.mode = Mode::Approval;
    let app = App::with(config);
    let id = app.register("ada").await.json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    app.run().await;
    let path = format!("/api/admin/registrations/{id}/reject");
    let empty = app
        .as_admin(Method::POST, &path, Some(json!({"reason": " "})))
        .await;
    assert_eq!(empty.errors(), ["reason:required"]);
    let reason = json!({"reason": "We only take <people> who live in town."});
    assert_eq!(
        app.as_admin(Method::POST, &path, Some(reason)).await.status,
        200
    );
    app.run().await;
    let status = app.status_of("ada").await;
    assert_eq!(status["status"], "FAILED");
    let message = status["message"].as_str().unwrap();
    assert!(message.contains("did not accept"), "{message}");
    let page = app.get("/signup/status/ada").await;
    assert!(page.text.contains("did not accept"), "{}", page.text);
    assert!(!page.text.contains("who live in town"), "{}", page.text);
    app.register("ada").await;
}

#[tokio::test]
async fn admin_routes_want_the_token_and_nothing_else() {
    let app = App::new();
    let routes = [
        (Method::GET, "/api/admin/registrations"),
        (Method::POST, "/api/admin/registrations/x/approve"),
        (Method::POST, "/api/admin/registrations/x/reject"),
        (Method::POST, "/api/admin/registrations/x/retry"),
        (Method::POST, "/api/users/system-setup"),
        (Method::GET, "/api/users/ada/system-status"),
        (Method::POST, "/api/invites/create"),
    ];
    let almost = format!("Bearer {}", &ADMIN[..ADMIN.len() - 1]);
    for (method, path) in routes {
        for value in ["", "Bearer", "Bearer ", "Basic YTpi", almost.as_str()] {
            let headers = [
                ("authorization", value),
                ("content-type", "application/json"),
            ];
            let answer = app.request(method.clone(), path, &headers).await;
            assert_eq!(answer.status, 401, "{path} {value:?}");
            assert!(answer.header("www-authenticate").starts_with("Bearer"));
        }
        let answer = app.as_admin(method, path, Some(json!({}))).await;
        assert_ne!(answer.status, 401, "{path}");
    }
}

#[tokio::test]
async fn system_status_tells_what_the_host_has() {
    let app = App::new();
    let path = "/api/users/ada/system-status";
    let before = app.as_admin(Method::GET, path, None).await;
    assert_eq!(
        (before.status.as_u16(), before.json()["exists"].as_bool()),
        (200, Some(false))
    );
    app.register("ada").await;
    app.run().await;
    let after = app.as_admin(Method::GET, path, None).await.json();
    assert_eq!(after["exists"], true);
    assert_eq!(after["maildir"], true);
    assert_eq!(after["account"]["state"], "locked");
    assert_eq!(after["firstLogin"], json!({"state": "not-asked"}));
    assert_eq!(after["account"]["createdAt"], "2025-06-30T12:00:00Z");
    assert!(after["account"].get("activatedAt").is_none());
    let setup = app
        .as_admin(
            Method::POST,
            "/api/users/system-setup",
            Some(json!({"username": "ada"})),
        )
        .await;
    assert_eq!(setup.status, 202);
    // Whether a member was shown to get in stands beside it.
    let why = "sshd keeps the user out (DenyUsers)";
    *app.host.keeps_out.lock().unwrap() = Some(why.into());
    app.member("bob").await;
    let path = "/api/users/bob/system-status";
    let first_login = app.as_admin(Method::GET, path, None).await.json()["firstLogin"].clone();
    let reason = format!("login: {why}");
    assert_eq!(first_login, json!({"state": "due", "reason": reason}));
    *app.host.keeps_out.lock().unwrap() = None;
    app.wait(11 * 60);
    app.run().await;
    let first_login = app.as_admin(Method::GET, path, None).await.json()["firstLogin"].clone();
    assert_eq!(first_login, json!({"state": "proven"}));
    *app.host.down.lock().unwrap() = true;
    let down = app.as_admin(Method::GET, path, None).await;
    assert_eq!(
        (down.status.as_u16(), down.code().as_str()),
        (503, "host-unavailable")
    );
}

#[tokio::test]
async fn asking_for_the_mail_again_tells_nothing() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    let mut answers = Vec::new();
    for (name, address) in [
        ("ada", "ada@example.org"),
        ("ada", "eve@example.org"),
        ("nobody", "ada@example.org"),
        ("No Name", "no address"),
    ] {
        let body = json!({"username": name, "personalEmail": address});
        let answer = app.post("/api/auth/resend-verification", body).await;
        assert_eq!(answer.status, 202);
        answers.push(answer.text);
    }
    answers.dedup();
    assert_eq!(answers.len(), 1);
}

#[tokio::test]
async fn wrong_codes_are_counted_and_the_fifth_closes_the_code_but_not_the_link() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    let (token, code) = app.mail_of("ada").await;
    for left in (1..5).rev() {
        let answer = app
            .post(
                "/api/auth/verify-email",
                json!({"username": "ada", "code": "no"}),
            )
            .await;
        assert_eq!(answer.code(), "wrong-code");
        assert_eq!(answer.json()["triesLeft"], left);
    }
    for code in ["no", code.as_str()] {
        let answer = app
            .post(
                "/api/auth/verify-email",
                json!({"username": "ada", "code": code}),
            )
            .await;
        assert_eq!(answer.code(), "too-many-wrong-codes");
    }
    let answer = app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn an_expired_or_unknown_token_is_told_apart_and_both_or_neither_is_a_wrong_body() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    let (token, code) = app.mail_of("ada").await;
    for body in [
        json!({}),
        json!({"username": "ada"}),
        json!({"token": token, "username": "ada", "code": code}),
    ] {
        let answer = app.post("/api/auth/verify-email", body).await;
        assert_eq!(answer.status, 422);
    }
    for unknown in ["", "abc", &"A".repeat(43)] {
        let answer = app
            .post("/api/auth/verify-email", json!({ "token": unknown }))
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (404, "verification-unknown")
        );
    }
    app.wait(25 * 3600);
    let answer = app
        .post("/api/auth/verify-email", json!({ "token": token }))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (410, "verification-expired")
    );
}

#[tokio::test]
async fn it_is_not_ready_while_the_host_has_another_mail_domain_and_says_what_to_change() {
    let app = App::new();
    *app.host.other_domain.lock().unwrap() = Some("mail.tilde.example".into());
    let ready = app.get("/health/ready").await;
    assert_eq!(ready.status, 503);
    let check = json!({"name": "mail-domain", "ok": false});
    assert!(ready.json()["checks"].as_array().unwrap().contains(&check));
    let found = app.registrar.readiness().await;
    let said = &found.checks.iter().find(|c| !c.ok).unwrap().message;
    for part in [
        "is tilde.example,",
        "is mail.tilde.example:",
        "mail.domain",
        "community.domain",
    ] {
        assert!(said.contains(part), "{said}");
    }
    *app.host.other_domain.lock().unwrap() = Some("Tilde.Example".into());
    app.wait(1);
    assert_eq!(app.get("/health/ready").await.status, 200);
}

#[tokio::test]
async fn a_service_with_nothing_edited_is_ready_and_says_what_to_edit() {
    let mut config = http_support::config();
    config.community.domain = registrar_web::config::Config::default().community.domain;
    let app = App::with(config);
    *app.host.other_domain.lock().unwrap() = Some("tilde.example".into());
    assert_eq!(app.get("/health/ready").await.status, 200);
    let found = app.registrar.readiness().await;
    let check = found.checks.iter().find(|c| c.name == "mail-domain");
    let said = &check.unwrap().message;
    assert!(
        said.contains("community.domain") && said.contains("tilde.example"),
        "{said}"
    );
}

#[tokio::test]
async fn health_is_live_without_the_store_and_ready_says_what_is_missing() {
    let app = App::new();
    assert_eq!(app.get("/health/ready").await.status, 200);
    *app.host.down.lock().unwrap() = true;
    assert_eq!(
        app.get("/health/ready").await.status,
        200,
        "asked a moment ago"
    );
    app.wait(1);
    let ready = app.get("/health/ready").await;
    assert_eq!(ready.status, 503);
    assert!(
        ready.json()["checks"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "provisiond", "ok": false}))
    );
    app.world.store.close().await;
    for path in ["/health", "/api/health", "/api/auth/health"] {
        assert_eq!(app.get(path).await.json()["status"], "ok");
    }
    app.wait(1);
    let ready = app.get("/health/ready").await.json();
    assert!(
        ready["checks"]
            .as_array()
            .unwrap()
            .contains(&json!({"name": "store", "ok": false}))
    );
}

#[tokio::test]
async fn while_the_store_is_down_every_route_that_needs_it_says_so() {
    let app = App::new();
    app.world.store.close().await;
    let token = "A".repeat(43);
    for answer in [
        app.post("/api/auth/register", sign_up("ada")).await,
        app.get("/api/auth/status/registration/ada").await,
        app.get("/api/auth/status/check-username/ada").await,
        app.post("/api/auth/verify-email", json!({ "token": token }))
            .await,
    ] {
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (503, "store-unavailable")
        );
        assert!(!answer.header("retry-after").is_empty());
    }
    let page = app.get("/signup/status/ada").await;
    assert_eq!(page.status, 503);
    assert!(
        page.text.contains("The records can&#39;t be reached"),
        "{}",
        page.text
    );
    // What needs no store still works.
    assert_eq!(app.get("/signup").await.status, 200);
}

#[tokio::test]
async fn while_the_host_is_down_a_sign_up_is_taken_in_and_goes_on_later() {
    let app = App::new();
    *app.host.down.lock().unwrap() = true;
    app.register("ada").await;
    app.run().await;
    assert_ne!(app.status_of("ada").await["status"], "FAILED");
    *app.host.down.lock().unwrap() = false;
    app.wait(3600);
    app.run().await;
    assert_eq!(app.status_of("ada").await["status"], "VERIFICATION_SENT");
}
