//! Input that is wrong, by mistake or on purpose.

mod http_support;

use http_support::{App, PASSWORD, sign_up};
use serde_json::{Value, json};

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
            "personalEmail:empty password:too-short",
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

#[tokio::test]
async fn display_names_are_taken_as_they_are_or_refused_and_never_shown_to_strangers() {
    let app = App::new();
    let with = |name: &str, display: &str| {
        let mut body = sign_up(name);
        body["displayName"] = display.into();
        body
    };
    for (n, display) in [
        "a:b,c",
        "`reboot`",
        "$(reboot)",
        "Ada 🦊",
        "<b>Ada</b>",
        "עדה",
    ]
    .iter()
    .enumerate()
    {
        let name = format!("ada{n}");
        let answer = app.post("/api/auth/register", with(&name, display)).await;
        assert_eq!(answer.status, 201, "{display} {}", answer.text);
        let page = app.get(&format!("/signup/status/{name}")).await.text;
        assert!(!page.contains(display), "{display}");
    }
    for display in [
        "Ada\nBcc: eve@example.org",
        "Ada\0",
        "Ada \u{202e}toor",
        "\u{1b}[2J",
    ] {
        let answer = app.post("/api/auth/register", with("bea", display)).await;
        assert_eq!(answer.status, 422, "{display:?} {}", answer.text);
        assert!(
            answer.errors()[0].starts_with("displayName:"),
            "{}",
            answer.text
        );
    }
}
