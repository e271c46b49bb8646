//! The pages that everyone may see.

mod http_support;
mod page_support;

use http::Method;
use http_support::{App, PASSWORD, config};
use page_support::{keeps_to_the_rules, look, tags};
use registrar_web::domain::Mode;
use serde_json::json;

#[tokio::test]
async fn every_public_page_keeps_to_the_rules_in_both_languages() {
    for mode in Mode::ALL {
        let mut config = config();
        config.registration.mode = mode;
        let app = App::with(config);
        for path in [
            "/",
            "/signup",
            "/signup?invite=nonsense",
            "/login",
            "/recover",
        ] {
            look(&app, path, 200).await;
        }
        look(&app, "/no-such-page", 404).await;
        look(&app, "/signup/status/nobody", 404).await;
        look(&app, "/verify-email?token=cut", 404).await;
        look(&app, "/recover?token=cut", 404).await;
    }
    let app = App::new();
    for path in ["/api/docs", "/problems/not-found"] {
        keeps_to_the_rules(path, &app.get(path).await);
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_in_the_readers_language_beside_its_field() {
    let app = App::new();
    let german = "/signup?lang=de";
    let form = [
        ("username", "Ada"),
        ("personalEmail", "ada@tilde.example"),
        ("password", "short"),
        ("sshKeys", "ssh-ed25519 AAAA\nssh-rsa BBBB"),
        ("country", "Deutschland"),
    ];
    let answer = app.submit(german, "/signup", &form).await;
    assert_eq!(answer.status, 422);
    keeps_to_the_rules("/signup", &answer);
    for (field, words) in [
        ("username", "schreib ihn klein"),
        ("personalEmail", "außerhalb von tilde.example"),
        ("password", "mindestens 8 Zeichen"),
        ("sshKeys", "Zeile 1: dieser Schlüssel ist beschädigt"),
        ("country", "zwei Buchstaben nach ISO 3166"),
    ] {
        let error = format!("id=\"{field}-error\">{words}");
        let at = answer.text.find(&format!("id=\"{field}-error\">"));
        let at = at.unwrap_or_else(|| panic!("{field}: {}", answer.text));
        let shown = &answer.text[at..(at + 120).min(answer.text.len() - 4)];
        assert!(answer.text[at..].contains(words), "{error}: {shown}");
    }
    // In English they are the words of the API.
    let answer = app.submit("/signup?lang=en", "/signup", &form).await;
    let api = app
        .post(
            "/api/auth/register",
            json!({
                "username": "Ada", "personalEmail": "ada@tilde.example", "password": "short",
                "sshKeys": "ssh-ed25519 AAAA\nssh-rsa BBBB", "country": "Deutschland",
            }),
        )
        .await;
    let errors = api.json()["errors"].as_array().unwrap().clone();
    assert_eq!(errors.len(), 5);
    for error in errors {
        let line = format!(
            "id=\"{}-error\">{}<",
            error["field"].as_str().unwrap(),
            error["message"].as_str().unwrap().replace('\'', "&#39;")
        );
        assert!(answer.text.contains(&line), "{line} {}", answer.text);
    }
}

#[tokio::test]
async fn an_invites_link_shows_who_invites_for_whom_and_until_when_and_spends_nothing() {
    let mut config = config();
    config.registration.mode = Mode::Invite;
    let app = App::with(config);
    app.as_admin(Method::POST, "/api/invites/create", None)
        .await;
    let body = json!({"email": "grace@example.org", "message": "Come <in>"});
    let made = app
        .as_admin(Method::POST, "/api/invites/create", Some(body))
        .await
        .json();
    let token = made["token"].as_str().unwrap();
    let opened = app.get(&format!("/invites/{token}")).await;
    let place = format!("/signup?invite={token}");
    assert_eq!(
        (opened.status.as_u16(), opened.header("location")),
        (303, place.as_str())
    );
    assert_eq!(opened.header("referrer-policy"), "no-referrer");
    for _ in 0..3 {
        let page = look(&app, &place, 200).await;
        for words in [
            "You have been invited.",
            "g…@example.org",
            "2026-01-09 03:04 UTC",
            "Come &#60;in&#62;",
        ] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        assert!(!page.text.contains("grace@example.org"));
        assert!(page.text.contains(&format!("value=\"{token}\"")));
    }
    let id = made["id"].as_str().unwrap();
    app.as_admin(Method::DELETE, &format!("/api/invites/{id}/revoke"), None)
        .await;
    let page = app.get(&place).await;
    assert!(
        page.text.contains("This invite can&#39;t be used any more"),
        "{}",
        page.text
    );
}

#[tokio::test]
async fn a_forgotten_password_is_chosen_anew_by_code_in_german() {
    let app = App::new();
    app.member("ada").await;
    let who = [("emailOrUsername", "ada")];
    let asked = app.submit("/recover?lang=de", "/recover", &who).await;
    assert_eq!(asked.status, 200);
    keeps_to_the_rules("/recover", &asked);
    assert!(
        asked.text.contains("ist eine Mail mit einem Link"),
        "{}",
        asked.text
    );
    let (_, code) = app.recovery_of("ada").await;
    let fields = |code, new| {
        [
            ("emailOrUsername", "ada"),
            ("code", code),
            ("newPassword", new),
        ]
    };
    let weak = app
        .submit("/recover", "/recover", &fields(&code, "weak"))
        .await;
    assert_eq!(weak.status, 422);
    assert!(weak.text.contains("mindestens 8 Zeichen"), "{}", weak.text);
    let new = "four other quiet words";
    let done = app
        .submit("/recover", "/recover", &fields(&code, new))
        .await;
    assert_eq!(done.status, 200, "{}", done.text);
    keeps_to_the_rules("/recover", &done);
    assert_ne!(new, PASSWORD);
}

#[tokio::test]
async fn while_it_is_typed_a_name_or_password_is_judged_by_the_rules_of_the_form() {
    let app = App::new();
    app.register("ada").await;
    let judge = async |fields: &[(&str, &str)], language: &str| {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(fields);
        let request = http::Request::post("/signup/check")
            .header("content-type", "application/x-www-form-urlencoded")
            .header("accept-language", language);
        let answer = app.send(request.body(body.finish().into()).unwrap()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let body = answer.json();
        (
            body["good"] == true,
            body["message"].as_str().unwrap().to_owned(),
        )
    };
    for (field, value, good, english, german) in [
        (
            "username",
            "bea",
            true,
            "bea is available.",
            "bea ist frei.",
        ),
        (
            "username",
            "ada",
            false,
            "ada is not available",
            "dieser Name ist vergeben",
        ),
        (
            "username",
            "Bea",
            false,
            "no capital letters",
            "schreib ihn klein",
        ),
        (
            "password",
            "short",
            false,
            "at least 8 characters",
            "mindestens 8 Zeichen",
        ),
        (
            "password",
            "grace.hopper.1906!",
            false,
            "easy to guess",
            "leicht zu erraten",
        ),
        (
            "newPassword",
            PASSWORD,
            true,
            "hard to guess",
            "schwer zu erraten",
        ),
    ] {
        let fields = [
            ("field", field),
            (field, value),
            ("displayName", "grace.hopper.1906!"),
        ];
        for (language, words) in [("en", english), ("de", german)] {
            let (is_good, message) = judge(&fields, language).await;
            assert_eq!(is_good, good, "{value}: {message}");
            assert!(message.contains(words), "{value}: {message}");
        }
    }
    let answer = app
        .submit("/signup", "/signup/check", &[("field", "reason")])
        .await;
    assert_eq!(answer.status, 422);
}

/// All that a browser loads with the first page, uncompressed.
#[tokio::test]
async fn the_first_page_is_30_kilobytes_all_told() {
    let app = App::new();
    let mut total = 0;
    let page = app.get("/").await;
    total += page.text.len();
    let mut files = Vec::new();
    for tag in tags(&page.text, "link")
        .into_iter()
        .chain(tags(&page.text, "script"))
    {
        let place = page_support::attribute(tag, "href").or(page_support::attribute(tag, "src"));
        files.push(place.unwrap().to_owned());
    }
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let answer = app.get(&file).await;
        assert_eq!(answer.status, 200, "{file}");
        total += answer.text.len();
    }
    assert!(total <= 30_000, "{total} bytes");
}

#[tokio::test]
async fn an_invite_says_until_when_and_the_words_of_who_sent_it_are_no_markup() {
    let app = App::new();
    let body = json!({"message": "come <in> & stay"});
    let made = app
        .as_admin(Method::POST, "/api/invites/create", Some(body))
        .await;
    let token = made.json()["token"].as_str().unwrap().to_owned();
    let page = look(&app, &format!("/signup?invite={token}"), 200)
        .await
        .text;
    let until = "until <time datetime=\"2026-01-09T03:04:05Z\">2026-01-09 03:04 UTC</time>.";
    assert!(page.contains(until), "{page}");
    assert!(page.contains("come &#60;in&#62; &#38; stay"), "{page}");
}
