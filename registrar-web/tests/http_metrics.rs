//! What `/metrics` tells, to whom, and what it never tells.

mod http_support;

use std::net::IpAddr;

use axum::body::Body;
use http::{Method, Request};
use http_support::{Answer, App, PASSWORD, sign_up};
use registrar_web::http::{LocalPeer, Peer, metrics_router};
use tower::ServiceExt;

async fn from(app: &App, address: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::get("/metrics");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::empty()).unwrap();
    let peer: IpAddr = address.parse().unwrap();
    request.extensions_mut().insert(Peer(peer));
    app.send(request).await
}

async fn text(app: &App) -> String {
    let answer = from(app, "127.0.0.1", &[]).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

/// The value of a line.
fn value(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|l| l.strip_prefix(line));
    let found = found.unwrap_or_else(|| panic!("no {line} in\n{text}"));
    found.trim().parse().unwrap()
}

#[tokio::test]
async fn this_host_itself_may_read_and_nobody_else() {
    let app = App::new();
    for here in ["127.0.0.1", "::1", "127.0.0.9"] {
        let answer = from(&app, here, &[]).await;
        assert_eq!(answer.status, 200, "{here}");
        let kind = answer.header("content-type");
        assert!(
            kind.starts_with("application/openmetrics-text; version=1.0.0"),
            "{kind}"
        );
        assert!(answer.text.ends_with("# EOF\n"));
    }
    for elsewhere in ["192.0.2.7", "10.0.0.1", "2001:db8::1"] {
        assert_eq!(from(&app, elsewhere, &[]).await.status, 404, "{elsewhere}");
    }
    // Through a proxy on this host, trusted or not, comes anyone.
    for header in ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"] {
        let answer = from(&app, "127.0.0.1", &[(header, "127.0.0.1")]).await;
        assert_eq!(answer.status, 404, "{header}");
    }
}

#[tokio::test]
async fn admins_may_read_by_their_socket_and_siblings_by_theirs_may_not() {
    let app = App::new();
    for (peer, status) in [
        (LocalPeer::Admin("eve".into()), 200),
        (LocalPeer::UnseenAdmin, 200),
        (LocalPeer::Sibling, 404),
        (LocalPeer::Stranger, 403),
    ] {
        let mut request = Request::get("/metrics").body(Body::empty()).unwrap();
        request.extensions_mut().insert(peer.clone());
        assert_eq!(app.send(request).await.status, status, "{peer:?}");
    }
}

#[tokio::test]
async fn a_listener_of_its_own_has_the_metrics_and_nothing_else() {
    let app = App::new();
    let routes = metrics_router(&app.world, app.registrar.hashes());
    for (path, status) in [("/metrics", 200), ("/", 404), ("/health", 404)] {
        let request = Request::get(path).body(Body::empty()).unwrap();
        let answer = routes.clone().oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{path}");
    }
}

#[tokio::test]
async fn requests_are_counted_by_route_method_and_status() {
    let app = App::new();
    app.get("/health").await;
    app.get("/health").await;
    app.get("/api/auth/status/registration/nobody").await;
    for path in ["/no/such/page", "/another"] {
        app.get(path).await;
    }
    app.request(Method::from_bytes(b"BREW").unwrap(), "/health", &[])
        .await;
    let text = text(&app).await;
    let of = |labels: &str| value(&text, &format!("registrar_http_requests_total{{{labels}}}"));
    assert_eq!(of("route=\"/health\",method=\"GET\",status=\"200\""), 2.0);
    let route = "/api/auth/status/registration/{username}";
    assert_eq!(
        of(&format!("route=\"{route}\",method=\"GET\",status=\"404\"")),
        1.0
    );
    assert_eq!(of("route=\"none\",method=\"GET\",status=\"404\""), 2.0);
    assert_eq!(of("route=\"/health\",method=\"other\",status=\"405\""), 1.0);
    let count = "registrar_http_request_duration_seconds_count{route=\"/health\",method=\"GET\"}";
    assert_eq!(value(&text, count), 2.0);
}

#[tokio::test]
async fn registrations_steps_and_calls_of_the_host_are_counted() {
    let app = App::new();
    app.member("ada").await;
    app.register("grace").await;
    app.run().await;
    // Nobody proves grace's address.
    app.wait(25 * 3600);
    app.run().await;
    app.register("mei").await;
    *app.host.down.lock().unwrap() = true;
    app.run().await;

    let text = text(&app).await;
    let ended = |outcome: &str| {
        value(
            &text,
            &format!("registrar_registrations_total{{outcome=\"{outcome}\"}}"),
        )
    };
    assert_eq!((ended("complete"), ended("expired")), (1.0, 1.0));
    let step = |status: &str| {
        let name = "registrar_registration_step_duration_seconds_count";
        value(&text, &format!("{name}{{status=\"{status}\"}}"))
    };
    assert_eq!((step("SYSTEM_USER_CREATED"), step("VERIFIED")), (2.0, 1.0));
    let call = |method: &str, outcome: &str| {
        let labels = format!("method=\"{method}\",outcome=\"{outcome}\"");
        value(
            &text,
            &format!("registrar_provisiond_calls_total{{{labels}}}"),
        )
    };
    assert_eq!(call("ActivateAccount", "done"), 1.0);
    assert!(call("CheckUsername", "later") >= 1.0);
    assert_eq!(value(&text, "registrar_members"), 1.0);
    assert_eq!(
        value(&text, "registrar_registrations_listed{state=\"complete\"}"),
        1.0
    );
    assert_eq!(value(&text, "registrar_hash_pool_busy"), 0.0);
    assert_eq!(value(&text, "registrar_hash_pool_queued"), 0.0);
}

#[tokio::test]
async fn no_name_address_or_text_of_anyone_is_in_it() {
    let app = App::new();
    let id = app.member("ada").await.to_string();
    app.login("ada").await;
    app.try_login("ada@example.org", "wrong").await;
    app.post("/api/auth/register", sign_up("Grace Hopper"))
        .await;
    app.get("/verify-email?token=secretsecret").await;
    app.get("/signup/status/ada").await;
    let text = text(&app).await;
    for word in [
        "ada\"",
        "/ada",
        "example.org",
        "192.0.2.7",
        "Hopper",
        "secretsecret",
        PASSWORD,
        &id,
    ] {
        assert!(!text.contains(word), "{word} in\n{text}");
    }
}
