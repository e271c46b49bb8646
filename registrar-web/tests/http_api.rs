//! The JSON routes.

mod http_support;

use http::Method;
use http_support::{ADMIN, App, PASSWORD, config, sign_up};
use registrar_web::domain::{Flow, Mode};
use serde_json::{Value, json};

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
async fn names_that_break_a_rule_are_refused_with_the_rule() {
    let app = App::new();
    let long = "a".repeat(33);
    for (name, code) in [
        ("", "too-short"),
        (long.as_str(), "too-long"),
        ("Ada", "capital"),
        ("1ada", "bad-start"),
        ("-ada", "bad-start"),
        ("..", "bad-character"),
        ("a/b", "bad-character"),
        ("a;reboot", "bad-character"),
        ("ada\n", "bad-character"),
        ("ada\0", "bad-character"),
        ("ß", "bad-character"),
    ] {
        let answer = app.post("/api/auth/register", sign_up(name)).await;
        assert_eq!(answer.status, 422, "{name:?} {}", answer.text);
        let errors = answer.errors();
        assert!(
            errors.contains(&format!("username:{code}")),
            "{name:?} {errors:?}"
        );
    }
}

#[tokio::test]
async fn reserved_used_and_taken_names_are_a_conflict() {
    let app = App::new();
    app.host.in_use.lock().unwrap().push("ftpuser".into());
    app.register("ada").await;
    for name in ["root", "postmaster", "ftpuser", "ada"] {
        let answer = app.post("/api/auth/register", sign_up(name)).await;
        assert_eq!(answer.status, 409, "{name} {}", answer.text);
        assert_eq!(answer.code(), "name-not-available");
        let check = app
            .get(&format!("/api/auth/status/check-username/{name}"))
            .await;
        assert_eq!(check.json()["available"], false, "{name}");
    }
}

#[tokio::test]
async fn any_text_can_be_asked_for_as_a_name() {
    let app = App::new();
    for (path, available) in [
        ("grace", true),
        ("Grace", false),
        ("a%2Fb", false),
        ("..%2F..%2Fetc%2Fpasswd", false),
        ("a%00b", false),
        ("a%0Ab", false),
        ("%C3%9F", false),
        ("x", false),
    ] {
        let answer = app
            .get(&format!("/api/auth/status/check-username/{path}"))
            .await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.json()["available"], available, "{path}");
    }
    let bad = app.get("/api/auth/status/check-username/%FF%FE").await;
    assert_eq!(
        (bad.status.as_u16(), bad.code().as_str()),
        (400, "malformed-request")
    );
}

#[tokio::test]
async fn passwords_have_8_to_72_bytes_and_no_nul() {
    let app = App::new();
    let with = |text: &str| {
        let mut body = sign_up("ada");
        body["password"] = text.into();
        body
    };
    let long = format!("{}{}", "aB3$xyQw9!zE", "plum gravel sunday kite ".repeat(3));
    for (text, code) in [
        ("aB3$xyQ", "too-short"),
        (&long[..73], "too-long"),
        (
            "pässwörd-ünd-söhne-ändern-wir-ständig-über-das-jahr-häufig-öfter-üb!!!!",
            "too-long",
        ),
        ("aB3$xyQw\0zE", "control-character"),
        ("qwertyuiop", "too-uniform"),
        ("Password123!", "guessable"),
    ] {
        let answer = app.post("/api/auth/register", with(text)).await;
        assert_eq!(answer.status, 422, "{text:?}");
        let errors = answer.errors();
        assert_eq!(errors, [format!("password:{code}")], "{text:?}");
        assert!(!answer.text.contains(text), "{text:?} was repeated");
    }
    let answer = app.post("/api/auth/register", with(&long[..72])).await;
    assert_eq!(answer.status, 201, "72 bytes: {}", answer.text);
}

#[tokio::test]
async fn mail_addresses_that_could_do_harm_are_refused_and_idn_is_taken() {
    let app = App::new();
    let with = |name: &str, address: &str| {
        let mut body = sign_up(name);
        body["personalEmail"] = address.into();
        body
    };
    for (address, code) in [
        ("ada@example.org\r\nBcc: eve@example.org", "bad-local-part"),
        ("ada\r\n@example.org", "bad-local-part"),
        ("\"ada lovelace\"@example.org", "bad-local-part"),
        ("ada@tilde.example", "own-domain"),
        ("ada@mail.TILDE.example", "own-domain"),
        ("ada", "no-at"),
    ] {
        let answer = app.post("/api/auth/register", with("ada", address)).await;
        assert_eq!(answer.status, 422, "{address:?} {}", answer.text);
        assert_eq!(
            answer.errors(),
            [format!("personalEmail:{code}")],
            "{address:?}"
        );
    }
    let answer = app
        .post("/api/auth/register", with("ada", "ada@bücher.example"))
        .await;
    assert_eq!(answer.status, 201);
}

#[tokio::test]
async fn keys_that_are_none_are_refused_with_their_line() {
    let app = App::new();
    let good = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMkgTGMEVZIVxJ0bkQ1b1kmYKqkMuOmg3AZ9CX6qM3B ada@laptop";
    let with = |name: &str, keys: Value| {
        let mut body = sign_up(name);
        body["sshKeys"] = keys;
        body
    };
    for keys in [
        json!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"
        ),
        json!("ssh-dss AAAAB3NzaC1kc3MAAACBAJ ada"),
        json!(good[..60]),
        json!(format!("command=\"/bin/sh\" {good}")),
        json!([good, "garbage"]),
    ] {
        let answer = app
            .post("/api/auth/register", with("ada", keys.clone()))
            .await;
        assert_eq!(answer.status, 422, "{keys}");
        assert!(
            answer.errors().iter().all(|e| e.starts_with("sshKeys:")),
            "{}",
            answer.text
        );
        assert!(answer.text.contains("line "), "{}", answer.text);
    }
    for (name, keys) in [
        ("ada", json!(format!("{good}\r\n\r\n"))),
        ("bea", json!([good])),
        ("cid", json!("")),
    ] {
        let answer = app.post("/api/auth/register", with(name, keys)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
    }
}

#[tokio::test]
async fn json_that_is_huge_deep_torn_or_wrong_is_a_clean_problem() {
    let app = App::new();
    let huge = format!("{{\"username\":\"{}\"}}", "a".repeat(70_000));
    let deep = format!(
        "{{\"simFrequency\":{}{}}}",
        "[".repeat(9000),
        "]".repeat(9000)
    );
    let mut unknown = sign_up("ada");
    unknown["isAdmin"] = true.into();
    let mut typed = sign_up("ada");
    typed["password"] = 12_345_678.into();
    for (body, status, code, errors) in [
        (huge.into_bytes(), 413, "too-large", ""),
        (deep.into_bytes(), 400, "malformed-json", ""),
        (
            b"{\"username\":\"\xff\"}".to_vec(),
            400,
            "malformed-json",
            "",
        ),
        (b"{".to_vec(), 400, "malformed-json", ""),
        (b"".to_vec(), 400, "malformed-json", ""),
        (
            unknown.to_string().into_bytes(),
            422,
            "invalid-fields",
            "isAdmin:unknown-field",
        ),
        (
            typed.to_string().into_bytes(),
            422,
            "invalid-fields",
            "password:wrong-type",
        ),
        (
            b"{\"username\":\"ada\"}".to_vec(),
            422,
            "invalid-fields",
            "personalEmail:required",
        ),
    ] {
        let answer = app.post_bytes("/api/auth/register", body, &[]).await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (status, code)
        );
        assert_eq!(answer.errors().join(" "), errors);
        assert!(!answer.text.contains("12345678"));
    }
}

#[tokio::test]
async fn wrong_paths_methods_and_media_types_are_problems_on_the_api_and_pages_elsewhere() {
    let app = App::new();
    assert_eq!(app.get("/api/nothing").await.code(), "not-found");
    let wrong = app.get("/api/auth/register").await;
    assert_eq!(wrong.code(), "method-not-allowed");
    assert_eq!(wrong.header("allow"), "POST");
    let request = http::Request::post("/api/auth/register")
        .header("content-type", "text/plain")
        .body("username=ada".into())
        .unwrap();
    assert_eq!(app.send(request).await.code(), "unsupported-media-type");
    let page = app.get("/nothing").await;
    assert_eq!(page.status, 404);
    assert!(page.header("content-type").starts_with("text/html"));
    assert!(page.text.contains("There is nothing here"));
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
async fn a_rejected_person_reads_the_reason_and_the_name_is_free() {
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
    assert!(
        status["message"]
            .as_str()
            .unwrap()
            .contains("who live in town")
    );
    let page = app.get("/signup/status/ada").await;
    assert!(page.text.contains("&#60;people&#62;"), "{}", page.text);
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
    let setup = app
        .as_admin(
            Method::POST,
            "/api/users/system-setup",
            Some(json!({"username": "ada"})),
        )
        .await;
    assert_eq!(setup.status, 202);
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
async fn health_is_live_without_the_store_and_ready_says_what_is_missing() {
    let app = App::new();
    assert_eq!(app.get("/health/ready").await.status, 200);
    *app.host.down.lock().unwrap() = true;
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

#[tokio::test]
async fn no_answer_of_the_api_repeats_a_password() {
    let app = App::new();
    for body in [
        sign_up("ada"),
        sign_up("ada"),
        sign_up("root"),
        json!({"username": "x", "personalEmail": "y", "password": PASSWORD}),
        json!({"password": [PASSWORD]}),
        json!({"password": {PASSWORD: 1}}),
        json!([PASSWORD]),
        json!(PASSWORD),
    ] {
        let answer = app.post("/api/auth/register", body).await;
        assert!(!answer.text.contains(PASSWORD), "{}", answer.text);
    }
}
