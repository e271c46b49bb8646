//! What stands around every route: headers, ids, limits, documents.

mod http_support;

use http::{Method, Request};
use http_support::{App, config, sign_up};
use registrar_web::config::IpNet;
use registrar_web::http::{Kind, Peer, document};
use serde_json::{Value, json};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Every route: those of the OpenAPI document, and the pages.
fn all_routes() -> Vec<(Method, String)> {
    let document = serde_json::to_value(document()).unwrap();
    let mut routes: Vec<(Method, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            let path = path.replace("{username}", "ada");
            let path = path.replace("{id}", "x").replace("{token}", "x");
            item.as_object().unwrap().keys().map(move |method| {
                let method = method.to_uppercase().parse().unwrap();
                (method, path.clone())
            })
        })
        .collect();
    assert!(routes.len() >= 13, "{routes:?}");
    for path in [
        "/",
        "/signup",
        "/signup?invite=x",
        "/signup/status/ada",
        "/signup/status/nobody",
        "/verify-email?token=x",
        "/recover",
        "/recover?token=x",
        "/api/docs",
        "/api/openapi.json",
        "/health",
        "/api/auth/health",
        "/problems/not-found",
        "/static/none.css",
        "/nothing",
        "/api/nothing",
        "/%FF",
    ] {
        routes.push((Method::GET, path.to_owned()));
    }
    for path in [
        "/signup",
        "/verify-email",
        "/recover",
        "/signup/status/ada/code",
        "/signup/status/ada/resend",
        "/api/docs",
    ] {
        routes.push((Method::POST, path.to_owned()));
    }
    routes.push((Method::DELETE, "/".into()));
    routes.push((Method::OPTIONS, "/api/auth/register".into()));
    routes
}

#[tokio::test]
async fn every_answer_has_the_security_headers_and_an_id() {
    let mut config = config();
    config.server.public_url = "https://tilde.example".into();
    let app = App::with(config);
    app.register("ada").await;
    let page = app.get("/").await.text;
    let mut routes = all_routes();
    for mark in [
        "rel=\"stylesheet\" href=\"",
        "type=\"module\" src=\"",
        "rel=\"icon\" href=\"",
    ] {
        let path = page.split(mark).nth(1).unwrap().split('"').next().unwrap();
        routes.push((Method::GET, path.to_owned()));
    }
    for (method, path) in routes {
        let at = format!("{method} {path}");
        let answer = app.request(method, &path, &[]).await;
        assert_eq!(answer.header("content-security-policy"), CSP, "{at}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{at}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{at}");
        assert_eq!(
            answer.header("cross-origin-opener-policy"),
            "same-origin",
            "{at}"
        );
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "same-origin",
            "{at}"
        );
        assert!(
            answer.header("permissions-policy").contains("camera=()"),
            "{at}"
        );
        assert!(
            answer
                .header("strict-transport-security")
                .starts_with("max-age="),
            "{at}"
        );
        assert_eq!(answer.header("x-request-id").len(), 36, "{at}");
        assert_eq!(
            answer
                .headers
                .get_all("content-security-policy")
                .iter()
                .count(),
            1,
            "{at}"
        );
        let cache = answer.header("cache-control");
        if answer.status == 200 && path.starts_with("/static/") {
            assert!(cache.contains("immutable"), "{at}");
        } else {
            assert_eq!(cache, "no-store", "{at}");
        }
        let referrer = answer.header("referrer-policy");
        if path.starts_with("/verify-email") || path.starts_with("/recover") {
            assert_eq!(referrer, "no-referrer", "{at}");
        } else {
            assert!(matches!(referrer, "same-origin" | "no-referrer"), "{at}");
        }
        if answer.status.as_u16() >= 400 {
            let kind = answer.header("content-type");
            let is_api = path.starts_with("/api/") || path.starts_with("/internal/");
            let want = if is_api && path != "/api/docs" {
                "application/problem+json"
            } else {
                "text/html; charset=utf-8"
            };
            assert_eq!(kind, want, "{at}");
        }
    }
    let plain = App::new().get("/").await;
    assert_eq!(plain.header("strict-transport-security"), "");
}

#[tokio::test]
async fn no_page_has_a_script_or_style_of_its_own_or_asks_another_site() {
    let app = App::new();
    app.register("ada").await;
    app.run().await;
    let (token, _) = app.mail_of("ada").await;
    let verify = format!("/verify-email?token={token}");
    for path in [
        "/",
        "/signup",
        "/signup/status/ada",
        verify.as_str(),
        "/api/docs",
        "/nothing",
    ] {
        let page = app.get(path).await.text;
        assert!(
            !page.contains("<style") && !page.contains(" style="),
            "{path}"
        );
        let handlers = page
            .split('<')
            .filter_map(|tag| tag.split('>').next())
            .flat_map(str::split_whitespace)
            .find(|word| word.starts_with("on") && word.contains('='));
        assert_eq!(handlers, None, "{path}");
        for tag in page.split('<').filter(|t| t.starts_with("script")) {
            assert!(tag.contains("src=\"/static/"), "{path} {tag}");
        }
        assert!(
            !page.contains("src=\"http") && !page.contains("href=\"http"),
            "{path}"
        );
        assert!(
            page.contains("<html lang=\"en\">") && page.contains("<title>"),
            "{path}"
        );
    }
    assert!(app.get("/").await.text.len() < 30_000);
}

#[tokio::test]
async fn a_request_id_is_kept_when_it_is_sane_and_stands_in_problems() {
    let app = App::new();
    let answer = app
        .request(
            Method::GET,
            "/api/nothing",
            &[("x-request-id", "trace-1.b_C")],
        )
        .await;
    assert_eq!(answer.header("x-request-id"), "trace-1.b_C");
    assert_eq!(answer.json()["requestId"], "trace-1.b_C");
    assert_eq!(answer.json()["instance"], "/api/nothing");
    for bad in ["a b", "<script>", &"a".repeat(65)] {
        let answer = app
            .request(Method::GET, "/api/nothing", &[("x-request-id", bad)])
            .await;
        assert_eq!(answer.header("x-request-id").len(), 36, "{bad}");
    }
}

#[tokio::test]
async fn a_client_that_asks_too_often_waits_and_others_do_not() {
    let mut config = config();
    config.limits.requests = 3;
    let app = App::with(config);
    let from = |peer: &str| {
        let mut request = Request::get("/api/auth/status/check-username/ada");
        request
            .extensions_mut()
            .unwrap()
            .insert(Peer(peer.parse().unwrap()));
        app.send(request.body(axum::body::Body::empty()).unwrap())
    };
    for left in [2, 1, 0] {
        let answer = from("2001:db8::1").await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.header("ratelimit"),
            format!("\"requests\";r={left};t=900")
        );
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=3;w=900");
    }
    app.wait(100);
    // Another address of the same /64.
    let answer = from("2001:db8::ffff:2").await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (429, "too-many-requests")
    );
    assert_eq!(answer.header("retry-after"), "800");
    assert_eq!(from("2001:db8:0:1::1").await.status, 200);
    app.wait(800);
    assert_eq!(from("2001:db8::1").await.status, 200);
    for _ in 0..5 {
        assert_eq!(app.get("/health").await.status, 200);
    }
}

#[tokio::test]
async fn a_client_can_not_escape_its_limit_by_naming_other_addresses() {
    let mut config = config();
    config.limits.requests = 2;
    config.server.trusted_proxies = vec![IpNet::parse("10.0.0.0/8").unwrap()];
    let app = App::with(config);
    let from = |peer: &str, claims: String| {
        let mut request = Request::get("/").header("x-forwarded-for", claims);
        request
            .extensions_mut()
            .unwrap()
            .insert(Peer(peer.parse().unwrap()));
        app.send(request.body(axum::body::Body::empty()).unwrap())
    };
    let mut last = (0, 0);
    for n in 0..3 {
        // Directly, and through the proxy that appends the true address.
        let direct = from("203.0.113.5", format!("198.51.100.{n}")).await;
        let proxied = from("10.0.0.1", format!("198.51.100.{n}, 203.0.113.6")).await;
        last = (direct.status.as_u16(), proxied.status.as_u16());
    }
    assert_eq!(last, (429, 429));
    assert_eq!(from("10.0.0.1", "203.0.113.7".into()).await.status, 200);
}

#[tokio::test]
async fn five_registrations_an_hour_are_taken_of_one_address() {
    let mut config = config();
    config.limits.registrations = 5;
    let app = App::with(config);
    for n in 0..5 {
        app.register(&format!("ada{n}")).await;
    }
    let answer = app.post("/api/auth/register", sign_up("ada5")).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (429, "too-many-requests")
    );
    assert_eq!(answer.header("retry-after"), "3600");
    app.wait(3600);
    app.register("ada5").await;
}

#[tokio::test]
async fn only_the_listed_origins_may_call_from_scripts() {
    let mut config = config();
    config.server.cors_origins = vec!["https://wiki.tilde.example".into()];
    let app = App::with(config);
    let ask = |origin| {
        let headers = [
            ("origin", origin),
            ("access-control-request-method", "POST"),
        ];
        let app = &app;
        async move {
            app.request(Method::OPTIONS, "/api/auth/register", &headers)
                .await
        }
    };
    let good = ask("https://wiki.tilde.example").await;
    assert_eq!(good.status, 204);
    assert_eq!(
        good.header("access-control-allow-origin"),
        "https://wiki.tilde.example"
    );
    for bad in [
        "https://wiki.tilde.example.evil.example",
        "https://evil.example",
        "null",
    ] {
        assert_eq!(
            ask(bad).await.header("access-control-allow-origin"),
            "",
            "{bad}"
        );
    }
    let page = app
        .request(
            Method::GET,
            "/",
            &[("origin", "https://wiki.tilde.example")],
        )
        .await;
    assert_eq!(page.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn every_problem_type_leads_to_a_page_that_explains_it() {
    let app = App::new();
    for kind in Kind::ALL {
        let page = app.get(&format!("/problems/{}", kind.code())).await;
        assert_eq!(page.status, 200, "{}", kind.code());
        assert_eq!(Kind::of_code(kind.code()), Some(kind));
    }
}

#[tokio::test]
async fn problem_bodies_stay_as_they_are() {
    let app = App::new();
    app.register("ada").await;
    let id = [("x-request-id", "snapshot")];
    let body = json!({"username": "Ada", "personalEmail": "ada", "password": "short"});
    let fields = app
        .post_bytes("/api/auth/register", body.to_string(), &id)
        .await;
    insta::assert_json_snapshot!("invalid_fields", fields.json());
    let taken = app
        .post_bytes("/api/auth/register", sign_up("ada").to_string(), &id)
        .await;
    insta::assert_json_snapshot!("name_not_available", taken.json());
    let torn = app.post_bytes("/api/auth/register", "{", &id).await;
    insta::assert_json_snapshot!("malformed_json", torn.json());
    let none = app
        .request(Method::GET, "/api/auth/status/registration/nobody", &id)
        .await;
    insta::assert_json_snapshot!("not_found", none.json());
}

#[tokio::test]
async fn the_openapi_document_stays_as_it_is_and_its_examples_are_real_problems() {
    let app = App::new();
    let answer = app.get("/api/openapi.json").await;
    let document = answer.json();
    assert_eq!(document["openapi"], "3.1.0");
    insta::assert_json_snapshot!("openapi", document);
    // Every reference leads somewhere.
    let text = answer.text.as_str();
    for reference in text.split("\"$ref\": \"#").skip(1) {
        let pointer = reference.split('"').next().unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    let responses = &document["paths"]["/api/auth/register"]["post"]["responses"];
    let example = &responses["409"]["content"]["application/problem+json"]["examples"]["name-not-available"]
        ["value"];
    app.register("ada").await;
    let real = app.post("/api/auth/register", sign_up("ada")).await.json();
    for member in ["type", "title", "status", "detail", "errors"] {
        assert_eq!(example[member], real[member]);
    }
}

#[tokio::test]
async fn the_documented_sign_up_is_the_one_that_is_taken() {
    let app = App::new();
    let document = app.get("/api/openapi.json").await.json();
    let schema = &document["components"]["schemas"]["SignUp"]["properties"];
    let mut body = sign_up("ada");
    for name in schema.as_object().unwrap().keys() {
        if body.get(name).is_none() {
            body[name] = Value::Null;
        }
    }
    body["sshKeys"] = json!([]);
    let answer = app.post("/api/auth/register", body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let docs = app.get("/api/docs").await.text;
    for name in schema.as_object().unwrap().keys() {
        assert!(docs.contains(&format!("<code>{name}</code>")), "{name}");
    }
}

#[tokio::test]
async fn a_panic_is_a_problem_of_ours_and_the_next_request_is_served() {
    let app = App::new();
    *app.host
        .broken
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = true;
    let path = "/api/users/ada/system-status";
    let answer = app.as_admin(Method::GET, path, None).await;
    assert_eq!(
        (answer.status.as_u16(), answer.code().as_str()),
        (500, "internal")
    );
    assert_eq!(answer.header("content-security-policy"), CSP);
    assert!(!answer.text.contains("on purpose"));
    assert_eq!(app.get("/").await.status, 200);
}
