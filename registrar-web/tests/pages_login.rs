//! Logging in and out on the pages, without scripts.

mod http_support;
mod people_support;
mod two_factor_support;

use axum::body::Body;
use http::{Method, Request};
use http_support::{Answer, App, Held, PASSWORD, config, hidden};
use registrar_web::domain::{Mode, UserState};
use serde_json::{Value, json};
use two_factor_support::other;

const SESSION: &str = "registrar-session";

fn location(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.header("location"))
}

/// What `Set-Cookie` says of that cookie.
fn set_cookie(answer: &Answer, name: &str) -> Option<String> {
    let lines = answer.headers.get_all("set-cookie").iter();
    let mut lines = lines.map(|line| line.to_str().unwrap().to_owned());
    lines.find(|line| line.starts_with(&format!("{name}=")))
}

async fn is_signed_in(app: &App) -> bool {
    let page = app.get_with_cookies("/account").await;
    match page.status.as_u16() {
        200 => true,
        303 => {
            assert_eq!(page.header("location"), "/login?next=%2Faccount");
            false
        }
        other => panic!("{other}: {}", page.text),
    }
}

#[tokio::test]
async fn a_member_logs_in_sees_the_account_and_logs_out() {
    let app = App::new();
    app.member("ada").await;
    assert!(!is_signed_in(&app).await);
    let answer = app.sign_in("ada").await;
    assert_eq!(location(&answer), (303, "/account"));
    let cookie = set_cookie(&answer, SESSION).unwrap();
    for part in [
        "; Path=/",
        "; HttpOnly",
        "; SameSite=Lax",
        "; Max-Age=604800",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let page = app.get_with_cookies("/account").await;
    assert!(page.text.contains("Signed in as ada"), "{}", page.text);
    let token = app.cookie(SESSION).unwrap();
    assert!(!page.text.contains(&token), "no page shows the cookie");

    // Who is signed in has nothing to do at the login.
    let login = app.get_with_cookies("/login?next=/recover").await;
    assert_eq!(location(&login), (303, "/recover"));

    let out = app.submit("/account", "/logout", &[]).await;
    assert_eq!(location(&out), (303, "/"));
    assert_eq!(app.cookie(SESSION), None);
    let home = app.get_with_cookies("/").await;
    assert!(home.text.contains("You are logged out."), "{}", home.text);
    let home = app.get_with_cookies("/").await;
    assert!(!home.text.contains("You are logged out."), "said once");
    // The cookie itself is of no use any more.
    app.put_cookie(SESSION, &token);
    assert!(!is_signed_in(&app).await);
}

#[tokio::test]
async fn over_tls_the_session_cookie_is_bound_to_the_host() {
    let mut config = config();
    config.server.public_url = "https://tilde.example".into();
    let app = App::with(config);
    app.member("ada").await;
    let answer = app.sign_in("ada").await;
    let cookie = set_cookie(&answer, "__Host-registrar-session").unwrap();
    assert!(
        cookie.contains("; Secure") && cookie.contains("; Path=/;"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "{cookie}");
    assert!(is_signed_in(&app).await);
}

#[tokio::test]
async fn whatever_is_wrong_the_answer_is_the_same_and_the_password_is_not_sent_back() {
    let app = App::new();
    app.member("ada").await;
    let mut answers = Vec::new();
    for (who, password) in [
        ("ada", "wrong gravel sunday kite"),
        ("bob", PASSWORD),
        ("ada@example.org", "wrong gravel sunday kite"),
        ("no name", PASSWORD),
    ] {
        app.forget_cookies();
        let fields = [("emailOrUsername", who), ("password", password)];
        let answer = app.submit("/login", "/login", &fields).await;
        assert_eq!(answer.status, 401);
        assert!(!answer.text.contains(password));
        assert_eq!(set_cookie(&answer, SESSION), None);
        let csrf = hidden(&answer.text, "csrf");
        let text = answer.text.replace(&csrf, "");
        let typed = format!("value=\"{who}\"");
        assert!(text.contains(&typed), "what was typed is kept");
        answers.push(text.replace(&typed, ""));
    }
    assert!(answers[0].contains("Name or password is wrong."));
    assert!(answers.iter().all(|a| *a == answers[0]), "{answers:#?}");
}

#[tokio::test]
async fn too_many_failures_are_told_with_the_time_to_wait() {
    let app = App::new();
    app.member("ada").await;
    let wrong = [("emailOrUsername", "ada"), ("password", "wrong")];
    for _ in 0..5 {
        let answer = app.submit("/login", "/login", &wrong).await;
        assert_eq!(answer.status, 401);
    }
    let answer = app.sign_in("ada").await;
    assert_eq!(answer.status, 429);
    assert!(!answer.header("retry-after").is_empty());
    assert!(
        answer.text.contains("Try again in 15 minutes."),
        "{}",
        answer.text
    );
}

#[tokio::test]
async fn a_registration_that_is_not_complete_is_pointed_at() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    let answer = app.sign_in("ada").await;
    assert_eq!(answer.status, 403);
    assert!(
        answer.text.contains("href=\"/signup/status/ada\""),
        "{}",
        answer.text
    );
    assert_eq!(app.cookie(SESSION), None);
}

#[tokio::test]
async fn a_login_leads_back_to_where_it_was_asked_for_and_to_no_other_site() {
    let app = App::new();
    app.member("ada").await;
    let asked = app.get("/account?tab=keys&x=%2F").await;
    let login = asked.header("location").to_owned();
    assert_eq!(login, "/login?next=%2Faccount%3Ftab%3Dkeys%26x%3D%252F");
    let page = app.get(&login).await;
    assert!(
        page.text.contains("Log in to see this page."),
        "{}",
        page.text
    );
    let next = hidden(&page.text, "next").replace("&#38;", "&");
    assert_eq!(next, "/account?tab=keys&x=%2F");
    for (next, leads) in [
        (next.as_str(), "/account?tab=keys&x=%2F"),
        ("https://evil.example/", "/account"),
        ("//evil.example/", "/account"),
        ("/\\evil.example/", "/account"),
        ("/\t/evil.example/", "/account"),
        ("javascript:alert(1)", "/account"),
        ("", "/account"),
    ] {
        app.forget_cookies();
        let fields = [
            ("emailOrUsername", "ada"),
            ("password", PASSWORD),
            ("next", next),
        ];
        let answer = app.submit("/login", "/login", &fields).await;
        assert_eq!(location(&answer), (303, leads), "{next}");
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("next", next);
        let shown = app
            .get_with_cookies(&format!("/login?{}", query.finish()))
            .await;
        assert_eq!(location(&shown), (303, leads), "{next}");
    }
}

async fn post(app: &App, path: &str, body: String, headers: &[(&str, &str)]) -> Answer {
    let mut request =
        Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    app.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_form_of_another_site_or_of_another_session_does_nothing() {
    let app = App::new();
    app.member("ada").await;
    app.member("eve").await;
    // A token of who is not signed in, and one of another member.
    let stranger = hidden(&app.get_with_cookies("/login").await.text, "csrf");
    let form_cookie = app.cookie("registrar-form").unwrap();
    app.sign_in("eve").await;
    let eves = hidden(&app.get_with_cookies("/account").await.text, "csrf");
    app.forget_cookies();
    app.sign_in("ada").await;
    let adas = hidden(&app.get_with_cookies("/account").await.text, "csrf");
    assert_ne!(adas, eves);
    let session = app.cookie(SESSION).unwrap();
    let cookies = format!("{SESSION}={session}; registrar-form={form_cookie}");
    let fetch = |site| ("sec-fetch-site", site);
    for (token, headers) in [
        (&adas, vec![fetch("cross-site")]),
        (&adas, vec![fetch("same-site")]),
        (&adas, vec![("origin", "https://evil.example")]),
        (&stranger, vec![fetch("same-origin")]),
        (&eves, vec![fetch("same-origin")]),
        (&String::new(), vec![fetch("same-origin")]),
    ] {
        let mut headers = headers;
        headers.push(("cookie", &cookies));
        let answer = post(&app, "/logout", format!("csrf={token}"), &headers).await;
        assert_eq!(answer.status, 403, "{headers:?}");
        assert!(is_signed_in(&app).await);
    }
    // Nor can a login be forced on somebody.
    let body = format!("csrf=x&emailOrUsername=eve&password={PASSWORD}").replace(' ', "+");
    let answer = post(&app, "/login", body, &[fetch("cross-site")]).await;
    assert_eq!(
        (answer.status.as_u16(), set_cookie(&answer, SESSION)),
        (403, None)
    );
}

#[tokio::test]
async fn a_login_without_cookies_is_told_what_is_missing() {
    let app = App::new();
    app.member("ada").await;
    let page = app.get("/login").await;
    let token = hidden(&page.text, "csrf");
    let body = format!("csrf={token}&emailOrUsername=ada&password=x");
    let answer = post(&app, "/login", body, &[]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.text.contains("Allow cookies"), "{}", answer.text);
}

/// All sessions of Ada, as one more sees them.
async fn sessions(app: &App) -> (Held, Vec<Value>) {
    let held = app.login("ada").await;
    let path = "/api/auth/sessions";
    let answer = app.as_member(Method::GET, path, &held.access).await;
    let listed = answer.json()["items"].as_array().unwrap().clone();
    (held, listed)
}

#[tokio::test]
async fn a_session_of_pages_is_in_the_list_and_can_be_ended_from_there() {
    let app = App::new();
    app.member("ada").await;
    app.sign_in("ada").await;
    let (held, listed) = sessions(&app).await;
    assert_eq!(listed.len(), 2);
    let pages = listed.iter().find(|s| s["current"] == false).unwrap();
    let path = format!("/api/auth/sessions/{}", pages["id"].as_str().unwrap());
    let ended = app.as_member(Method::DELETE, &path, &held.access).await;
    assert_eq!(ended.status, 204);
    assert!(!is_signed_in(&app).await);
}

#[tokio::test]
async fn a_session_lasts_seven_days_from_its_last_use() {
    const DAY: i64 = 24 * 3600;
    let app = App::new();
    app.member("ada").await;
    app.sign_in("ada").await;
    for _ in 0..3 {
        app.wait(6 * DAY);
        let page = app.get_with_cookies("/account").await;
        assert_eq!(page.status, 200);
        let cookie = set_cookie(&page, SESSION).expect("the browser keeps it longer, too");
        assert!(cookie.contains("Max-Age=604800"), "{cookie}");
        // Not with each page.
        assert_eq!(
            set_cookie(&app.get_with_cookies("/account").await, SESSION),
            None
        );
    }
    app.wait(7 * DAY);
    let token = app.cookie(SESSION).unwrap();
    assert!(!is_signed_in(&app).await);
    assert_eq!(app.cookie(SESSION), None, "the browser forgets it");
    app.put_cookie(SESSION, &token);
    assert!(!is_signed_in(&app).await);
}

#[tokio::test]
async fn suspending_a_member_ends_the_session_with_the_next_page_and_says_why() {
    let app = App::new();
    let id = app.member("ada").await;
    app.sign_in("ada").await;
    let token = app.cookie(SESSION).unwrap();
    app.auth.set_state(id, UserState::Suspended).await.unwrap();
    assert!(!is_signed_in(&app).await);
    let login = app.get_with_cookies("/login").await;
    assert!(
        login.text.contains("Your account has been suspended"),
        "{}",
        login.text
    );
    // It stays over when the member is let in again.
    app.auth.set_state(id, UserState::Active).await.unwrap();
    app.put_cookie(SESSION, &token);
    assert!(!is_signed_in(&app).await);
}

#[tokio::test]
async fn a_new_password_and_signing_out_everywhere_end_it() {
    let app = App::new();
    app.member("ada").await;
    app.sign_in("ada").await;
    let held = app.login("ada").await;
    let body = json!({"currentPassword": PASSWORD, "newPassword": "four other quiet words"});
    let changed = app
        .as_member_with(Method::PUT, "/api/auth/password", &held.access, body)
        .await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(!is_signed_in(&app).await);
    let fields = [
        ("emailOrUsername", "ada"),
        ("password", "four other quiet words"),
    ];
    app.submit("/login", "/login", &fields).await;
    assert!(is_signed_in(&app).await);
    let everywhere = app
        .as_member(Method::DELETE, "/api/auth/sessions", &held.access)
        .await;
    assert_eq!(everywhere.status, 204);
    assert!(!is_signed_in(&app).await);
}

#[tokio::test]
async fn a_cookie_opens_no_api_and_a_token_no_page() {
    let app = App::new();
    app.member("ada").await;
    app.sign_in("ada").await;
    let cookie = app.cookie(SESSION).unwrap();
    let answer = app.get_with_cookies("/api/auth/sessions").await;
    assert_eq!(answer.code(), "unauthorized");
    assert_eq!(app.opens(&cookie).await, "invalid-token");
    assert_eq!(app.refresh(&cookie).await.code(), "invalid-token");
    let held = app.login("ada").await;
    for token in [&held.access, &held.refresh] {
        app.put_cookie(SESSION, token);
        assert!(!is_signed_in(&app).await);
    }
    // Bearer tokens mean nothing to pages.
    let value = format!("Bearer {}", held.access);
    let page = app
        .request(Method::GET, "/account", &[("authorization", &value)])
        .await;
    assert_eq!(page.status, 303);
}

#[tokio::test]
async fn a_store_that_is_away_logs_nobody_out() {
    let app = App::new();
    app.member("ada").await;
    app.sign_in("ada").await;
    app.world.store.close().await;
    let page = app.get_with_cookies("/account").await;
    assert_eq!(page.status, 503);
    assert!(app.cookie(SESSION).is_some());
}

/// Shows the password; the page that asks for the code.
async fn asked(app: &App) -> Answer {
    let answer = app.sign_in("ada").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(app.cookie(SESSION), None, "there is no session yet");
    answer
}

async fn second_step(app: &App, page: &Answer, code: &str) -> Answer {
    let [csrf, challenge, method] =
        ["csrf", "challenge", "method"].map(|name| hidden(&page.text, name));
    let mut body = form_urlencoded::Serializer::new(String::new());
    body.extend_pairs([
        ("csrf", &csrf),
        ("challenge", &challenge),
        ("method", &method),
    ]);
    body.append_pair("code", code);
    let cookies = app.cookie_line();
    let headers = [
        ("cookie", cookies.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    post(app, "/login/second-step", body.finish(), &headers).await
}

#[tokio::test]
async fn an_authenticator_or_a_recovery_code_finishes_the_login() {
    let app = App::new();
    let (_, phone, recovery) = app.enrolled("ada").await;
    let page = asked(&app).await;
    assert!(
        page.text.contains("your authenticator shows"),
        "{}",
        page.text
    );
    let code = phone.code(&app, 0);
    let wrong = second_step(&app, &page, &other(&code)).await;
    assert_eq!(wrong.status, 401);
    assert!(wrong.text.contains("4 tries are left"), "{}", wrong.text);
    let right = second_step(&app, &wrong, &code).await;
    assert_eq!(location(&right), (303, "/account"));
    assert!(is_signed_in(&app).await);
    // Once only.
    app.forget_cookies();
    let page = asked(&app).await;
    assert_eq!(second_step(&app, &page, &code).await.status, 401);
    let in_capitals = recovery[0].to_uppercase();
    let right = second_step(&app, &page, &in_capitals).await;
    assert_eq!(location(&right), (303, "/account"));
}

#[tokio::test]
async fn a_mailed_code_finishes_the_login_and_a_lapsed_one_starts_again() {
    let app = App::new();
    app.by_mail("ada").await;
    let page = asked(&app).await;
    assert!(page.text.contains("We have sent a code"), "{}", page.text);
    let code = app.mailed_code().await;
    let spaced = format!("{} {}", &code[..3], &code[3..]);
    let right = second_step(&app, &page, &spaced).await;
    assert_eq!(location(&right), (303, "/account"));

    app.forget_cookies();
    let page = asked(&app).await;
    let code = app.mailed_code().await;
    let mut last = page;
    for _ in 0..5 {
        last = second_step(&app, &last, &other(&code)).await;
        assert_eq!(last.status, 401);
    }
    assert!(last.text.contains("This login has lapsed"), "{}", last.text);
    assert!(last.text.contains("name=\"password\""), "it starts again");
}

#[tokio::test]
async fn pages_speak_the_language_that_is_chosen_then_the_browsers_then_english() {
    let app = App::new();
    let german = [("accept-language", "fr, de-AT;q=0.8, en;q=0.5")];
    let page = app.request(Method::GET, "/login", &german).await;
    assert!(page.text.contains("<html lang=\"de\">") && page.text.contains("<h1>Anmelden</h1>"));
    let page = app.get("/login").await;
    assert!(page.text.contains("<html lang=\"en\">") && page.text.contains("<h1>Log in</h1>"));
    // The link keeps what else the address says.
    let page = app.get_with_cookies("/login?next=/account%26x").await;
    let link = "href=\"/login?next=%2Faccount%26x&#38;lang=de\"";
    assert!(page.text.contains(link), "{}", page.text);
    let page = app.get_with_cookies("/login?lang=de").await;
    assert!(page.text.contains("<html lang=\"de\">"));
    let page = app.get_with_cookies("/recover").await;
    assert!(page.text.contains("<html lang=\"de\">"), "it is kept");
    let page = app.get_with_cookies("/no-such-page").await;
    assert!(page.text.contains("<html lang=\"de\">"), "{}", page.text);
    let page = app.get_with_cookies("/login?lang=xx").await;
    assert!(page.text.contains("<html lang=\"de\">"), "{}", page.text);
}

#[tokio::test]
async fn where_nobody_can_register_no_page_asks_them_to() {
    let mut closed = config();
    closed.registration.mode = Mode::Closed;
    let app = App::with(closed);
    let page = app.get("/login").await;
    assert!(!page.text.contains("href=\"/signup\""), "{}", page.text);
}
