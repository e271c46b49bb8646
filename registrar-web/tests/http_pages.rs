//! The pages, as a browser without scripts uses them.

mod http_support;

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use http_support::{App, PASSWORD, config, hidden};
use registrar_web::domain::{Flow, MailTrouble, Mode, Username};
use registrar_web::http::Peer;
use serde_json::Value;
use tower::ServiceExt;

const FORM: [(&str, &str); 4] = [
    ("username", "ada"),
    ("displayName", "Ada Lovelace"),
    ("personalEmail", "ada@example.org"),
    ("password", PASSWORD),
];

fn with<'a>(changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let mut form: Vec<(&str, &str)> = FORM.to_vec();
    for (name, value) in changes {
        form.retain(|(n, _)| n != name);
        form.push((name, value));
    }
    form
}

async fn sign_up(app: &App) {
    let answer = app.submit("/signup", "/signup", &FORM).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

#[tokio::test]
async fn a_form_leads_to_an_account_without_any_script() {
    let app = App::new();
    let answer = app.submit("/signup", "/signup", &FORM).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
    let status = answer.header("location").to_owned();
    assert!(status.starts_with("/receipt/"), "{status}");
    let page = app.get(&status).await;
    assert!(page.text.contains("http-equiv=\"refresh\""));
    app.run().await;

    let page = app.get(&status).await;
    assert!(
        !page.text.contains("http-equiv=\"refresh\""),
        "it would wipe a code that is being typed"
    );
    let (_, code) = app.mail_of("ada").await;
    let path = format!("{status}/code");
    let wrong = app.submit(&status, &path, &[("code", "nope")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.text.contains("4 more tries"), "{}", wrong.text);
    let right = app.submit(&status, &path, &[("code", &code)]).await;
    assert_eq!(
        (right.status.as_u16(), right.header("location")),
        (303, status.as_str())
    );
    app.run().await;
    let page = app.get(&status).await;
    assert!(page.text.contains("ssh ada@tilde.example"), "{}", page.text);
    assert!(page.text.contains("100 %"));
}

#[tokio::test]
async fn errors_stand_beside_their_fields_and_values_are_kept_but_the_password() {
    let app = App::new();
    let form = with(&[
        ("username", "Ada"),
        ("displayName", "Ada \"<script>\" & Co"),
        ("sshKeys", "garbage\r\n"),
        ("country", "Germany"),
    ]);
    let answer = app.submit("/signup", "/signup", &form).await;
    assert_eq!(answer.status, 422);
    let page = &answer.text;
    for (field, words) in [
        ("username", "no capital letters"),
        ("sshKeys", "line 1"),
        ("country", "two letters"),
    ] {
        let at = page
            .find(&format!("id=\"{field}-error\""))
            .unwrap_or_else(|| panic!("{field}"));
        assert!(
            page[at..at + 200].contains(words),
            "{}",
            &page[at..at + 200]
        );
        let described = format!("aria-describedby=\"{field}-error {field}-hint\"");
        assert!(page.contains(&described), "{field}");
    }
    assert!(page.contains("<details open>"), "an error is hidden");
    assert!(page.contains("aria-invalid=\"true\""));
    assert!(page.contains("value=\"Ada\""));
    assert!(page.contains("garbage"));
    assert!(
        page.contains("Ada &#34;&#60;script&#62;&#34; &#38; Co"),
        "{page}"
    );
    assert!(!page.contains(PASSWORD));
}

#[tokio::test]
async fn a_taken_name_a_closed_door_and_a_full_house_keep_what_was_typed() {
    let app = App::new();
    sign_up(&app).await;
    let taken = app.submit("/signup", "/signup", &FORM).await;
    assert_eq!(taken.status, 409);
    assert!(taken.text.contains("id=\"username-error\""));
    assert!(taken.text.contains("value=\"ada@example.org\""));
    assert!(!taken.text.contains(PASSWORD));

    let mut limited = config();
    limited.limits.registrations = 1;
    let app = App::with(limited);
    sign_up(&app).await;
    let answer = app
        .submit("/signup", "/signup", &with(&[("username", "bea")]))
        .await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("retry-after")),
        (429, "3600")
    );
    assert!(answer.text.contains("value=\"bea\""));

    let mut closed = config();
    closed.registration.mode = Mode::Closed;
    let app = App::with(closed);
    let page = app.get("/signup").await;
    assert!(page.text.contains("closed") && !page.text.contains("<form"));
}

#[tokio::test]
async fn a_form_from_another_site_or_without_our_cookie_does_nothing() {
    let app = App::new();
    let page = app.get("/signup").await;
    let token = hidden(&page.text, "csrf");
    let cookie = app.cookie_line();
    let body = |token: &str| {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", token).extend_pairs(FORM);
        body.finish()
    };
    let other = "A".repeat(32);
    for (token, headers) in [
        (token.as_str(), vec![("sec-fetch-site", "same-origin")]),
        (
            token.as_str(),
            vec![
                ("cookie", cookie.as_str()),
                ("sec-fetch-site", "cross-site"),
            ],
        ),
        (
            token.as_str(),
            vec![("cookie", cookie.as_str()), ("sec-fetch-site", "same-site")],
        ),
        (
            token.as_str(),
            vec![
                ("cookie", cookie.as_str()),
                ("origin", "https://evil.example"),
            ],
        ),
        (other.as_str(), vec![("cookie", cookie.as_str())]),
        ("", vec![("cookie", cookie.as_str())]),
        ("", vec![]),
    ] {
        let mut request =
            Request::post("/signup").header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        let answer = app
            .send(request.body(Body::from(body(token))).unwrap())
            .await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(answer.text.contains("value=\"ada\"") && !answer.text.contains(PASSWORD));
    }
    assert_eq!(
        app.get("/api/auth/status/registration/ada").await.status,
        404
    );
    for origin in ["null", "http://127.0.0.1:3000"] {
        // Old browsers send no Sec-Fetch-Site; pages with no-referrer send Origin: null.
        let request = Request::post("/signup")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", &cookie)
            .header("origin", origin);
        let answer = app
            .send(request.body(Body::from(body(&token))).unwrap())
            .await;
        assert_ne!(answer.status, 403, "{origin}");
    }
}

#[tokio::test]
async fn over_tls_the_form_cookie_is_bound_to_the_host() {
    let mut config = config();
    config.server.public_url = "https://tilde.example".into();
    let app = App::with(config);
    let page = app.get("/signup").await;
    let cookie = page.header("set-cookie");
    assert!(cookie.starts_with("__Host-registrar-form="), "{cookie}");
    for part in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    sign_up(&app).await;
    assert_eq!(
        app.get_with_cookies("/signup").await.header("set-cookie"),
        ""
    );
}

#[tokio::test]
async fn mail_scanners_spend_nothing_and_the_button_works_after_them() {
    let app = App::new();
    sign_up(&app).await;
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    let link = format!("/verify-email?token={token}");
    for _ in 0..5 {
        let page = app.get(&link).await;
        assert_eq!(page.status, 200);
        assert_eq!(page.header("referrer-policy"), "no-referrer");
        assert_eq!(page.header("cache-control"), "no-store");
        assert!(page.text.contains("Yes, this is my address"));
    }
    for accept in ["text/html", "application/json", "*/*"] {
        let head = app
            .request(Method::HEAD, &link, &[("accept", accept)])
            .await;
        assert_eq!(head.status, 200, "{accept}");
    }
    assert_eq!(
        app.status_of("ada").await["details"]["addressVerified"],
        false
    );
    let answer = app
        .submit(&link, "/verify-email", &[("token", &token)])
        .await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("ssh ada@tilde.example"));
    assert_eq!(
        app.status_of("ada").await["details"]["addressVerified"],
        true
    );
    let twice = app
        .submit("/signup", "/verify-email", &[("token", &token)])
        .await;
    assert_eq!(twice.status, 200);
    assert!(twice.text.contains("has done its work"));
    assert!(app.get(&link).await.text.contains("has done its work"));
}

#[tokio::test]
async fn a_program_that_asks_for_json_verifies_by_the_link() {
    let app = App::new();
    sign_up(&app).await;
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    let link = format!("/verify-email?token={token}");
    let json = [("accept", "application/json")];
    let answer = app.request(Method::GET, &link, &json).await;
    assert_eq!(
        (answer.status.as_u16(), answer.json()["username"].as_str()),
        (200, Some("ada"))
    );
    assert_eq!(
        app.request(Method::GET, &link, &json).await.code(),
        "verification-used"
    );
    let cut = app.request(Method::GET, &link[..40], &json).await;
    assert_eq!(
        (cut.status.as_u16(), cut.code().as_str()),
        (404, "verification-unknown")
    );
    let page = app.get(&link[..40]).await;
    assert_eq!(page.status, 404);
    assert!(page.text.contains("cut off"));
}

#[tokio::test]
async fn an_invite_is_filled_in_from_its_link() {
    let mut config = config();
    config.registration.mode = Mode::Invite;
    let app = App::with(config);
    let invite = app
        .as_admin(Method::POST, "/api/invites/create", None)
        .await
        .json();
    let url = invite["url"].as_str().unwrap();
    let path = url.strip_prefix("http://127.0.0.1:3000").unwrap();
    let page = app.get(path).await;
    let token = invite["token"].as_str().unwrap();
    assert!(page.text.contains(&format!("value=\"{token}\"")));
    let form = with(&[("inviteToken", token)]);
    let answer = app.submit(path, "/signup", &form).await;
    assert_eq!(answer.status, 303, "{}", answer.text);
}

#[tokio::test]
async fn mail_that_is_refused_and_a_review_are_told_on_the_page() {
    let mut config = config();
    config.registration.mode = Mode::Approval;
    let app = App::with(config);
    sign_up(&app).await;
    app.run().await;
    let name = Username::parse("ada").unwrap();
    let store = &app.world.store;
    let mut found = store
        .registration_by_username(&name)
        .await
        .unwrap()
        .unwrap();
    found.mail_trouble = Some(MailTrouble {
        at: app.world.clock.now(),
        message: "550 5.1.1 <ada@example.org> no such user".into(),
    });
    store.update_registration(found).await.unwrap();
    let page = app.get("/signup/status/ada").await.text;
    assert!(
        page.contains("no such user") && !page.contains("ada@example.org"),
        "{page}"
    );
    let asked = app
        .submit(
            "/signup/status/ada",
            "/signup/status/ada/resend",
            &[("personalEmail", "eve@example.org")],
        )
        .await;
    assert_eq!(
        (asked.status.as_u16(), asked.header("location")),
        (303, "/signup/status/ada?asked=1")
    );
    let (token, _) = app.mail_of("ada").await;
    let link = format!("/verify-email?token={token}");
    app.submit(&link, "/verify-email", &[("token", &token)])
        .await;
    app.run().await;
    let page = app.get("/signup/status/ada").await.text;
    assert!(
        page.contains("A person looks at your registration"),
        "{page}"
    );
}

#[tokio::test]
async fn both_flows_list_their_steps_in_their_order() {
    for flow in [Flow::ProvisionFirst, Flow::VerifyFirst] {
        let mut config = config();
        config.registration.flow = flow;
        let app = App::with(config);
        sign_up(&app).await;
        app.run().await;
        let page = app.get("/signup/status/ada").await.text;
        let mut rest = page.as_str();
        for status in flow.statuses() {
            let mark = format!("data-status=\"{status}\"");
            let at = rest
                .find(&mark)
                .unwrap_or_else(|| panic!("{status} out of order"));
            rest = &rest[at..];
        }
        assert_eq!(page.matches("class=\"now\"").count(), 1);
    }
}

/// The next event of a stream.
async fn next_event(body: &mut Body) -> Option<Value> {
    loop {
        let frame = tokio::time::timeout(Duration::from_secs(5), body.frame())
            .await
            .expect("an event in time")?;
        let text = String::from_utf8(frame.unwrap().into_data().unwrap().to_vec()).unwrap();
        if let Some(data) = text.lines().find_map(|l| l.strip_prefix("data: ")) {
            return Some(serde_json::from_str(data).unwrap());
        }
    }
}

async fn live(app: &App) -> (u16, Body) {
    let mut request = Request::get("/signup/status/ada/events")
        .body(Body::empty())
        .unwrap();
    request
        .extensions_mut()
        .insert(Peer("192.0.2.7".parse().unwrap()));
    let response = app.router.clone().oneshot(request).await.unwrap();
    (response.status().as_u16(), response.into_body())
}

#[tokio::test]
async fn a_live_page_is_told_each_change_and_ends_with_the_registration() {
    let app = App::new();
    sign_up(&app).await;
    let (status, mut events) = live(&app).await;
    assert_eq!(status, 200);
    let first = next_event(&mut events).await.unwrap();
    assert_eq!(
        (first["status"].as_str(), first["phase"].as_str()),
        (Some("INITIATED"), Some("working"))
    );
    app.run().await;
    let waiting = next_event(&mut events).await.unwrap();
    assert_eq!(waiting["phase"], "verify");
    let (token, _) = app.mail_of("ada").await;
    app.submit("/signup", "/verify-email", &[("token", &token)])
        .await;
    app.run().await;
    let done = next_event(&mut events).await.unwrap();
    assert_eq!(
        (done["progress"].as_u64(), done["phase"].as_str()),
        (Some(100), Some("done"))
    );
    assert_eq!(next_event(&mut events).await, None);
}

#[tokio::test]
async fn one_client_has_a_bounded_number_of_live_pages_and_gets_them_back() {
    let app = App::new();
    sign_up(&app).await;
    let mut open = Vec::new();
    for _ in 0..8 {
        let (status, body) = live(&app).await;
        assert_eq!(status, 200);
        open.push(body);
    }
    assert_eq!(live(&app).await.0, 503);
    open.pop();
    assert_eq!(live(&app).await.0, 200);
    app.stop.cancel();
    for mut body in open {
        next_event(&mut body).await;
        assert_eq!(
            next_event(&mut body).await,
            None,
            "a stopping service ends live pages"
        );
    }
}

#[tokio::test]
async fn a_pasted_private_key_is_not_sent_back() {
    for key in [
        "-----BEGIN OPENSSH PRIVATE KEY-----\r\nc2VjcmV0c2VjcmV0\r\n-----END OPENSSH PRIVATE KEY-----",
        "PuTTY-User-Key-File-3: ssh-ed25519\r\nPrivate-Lines: 1\r\nc2VjcmV0c2VjcmV0",
    ] {
        let app = App::new();
        let answer = app
            .submit("/signup", "/signup", &with(&[("sshKeys", key)]))
            .await;
        assert_eq!(answer.status, 422);
        assert!(answer.text.contains("this is a private key"));
        assert!(!answer.text.contains("c2VjcmV0c2VjcmV0"), "{}", answer.text);
    }
}
