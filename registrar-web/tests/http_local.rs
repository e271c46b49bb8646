//! The Unix sockets of the service: who comes in by them, and as whom.

#![allow(clippy::print_stdout, reason = "a test that can't run says why")]

mod http_support;

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use http::{Method, Request};
use http_support::{App, PASSWORD, config, sign_up};
use registrar_web::http::{AdminDoor, AdminToken, Door, JoinDoor, LocalPeer, serve_local};
use serde_json::{Value, json};
use tokio::net::UnixListener;

const TOKEN: &str = "a-token-for-sibling-services";

/// Serves the app on a socket of that name; anybody may reach the file.
fn served(app: &App, door: Door, mode: u32) -> PathBuf {
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(app.directory.path(), 0o755);
    let path = app.directory.path().join("door.sock");
    let listener = UnixListener::bind(&path).unwrap();
    open(&path, mode);
    let (router, stop) = (app.router.clone(), app.stop.clone());
    tokio::spawn(serve_local(listener, door, router, stop));
    path
}

fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        println!("skipped: only root can be another user");
    }
    root
}

/// Asks as that user of the host, with these lines among the headers: status and body.
async fn ask_as(uid: u32, path: &Path, what: &str, headers: &str) -> (u16, Value) {
    const SCRIPT: &str = r#"
        my $s = IO::Socket::UNIX->new(Peer => $ARGV[0]) or die "$!\n";
        print $s "$ARGV[1] HTTP/1.1\r\nHost: x\r\nConnection: close\r\n$ARGV[2]\r\n";
        print while <$s>;
    "#;
    let mut command = Command::new("/usr/bin/perl");
    command
        .args(["-MIO::Socket::UNIX", "-e", SCRIPT])
        .args([path.to_str().unwrap(), what, headers])
        .uid(uid)
        .gid(uid)
        .current_dir("/");
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    let (head, body) = text.split_once("\r\n\r\n").expect(&error);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}

fn admin_door(group: &str) -> Door {
    Door::Admin(AdminDoor::new(group, None))
}

const ROTATE: &str = "POST /api/admin/keys/rotate";

async fn latest_actor(app: &App) -> Value {
    let answer = app.as_admin(Method::GET, "/api/admin/audit", None).await;
    answer.json()["items"][0].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn root_comes_in_without_a_token_and_acts_under_that_name() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, admin_door("registrar-admin"), 0o666);
    let (status, _) = ask_as(0, &path, ROTATE, "").await;
    assert_eq!(status, 200);
    let entry = latest_actor(&app).await;
    assert_eq!(entry["actor"], json!({"kind": "admin", "name": "root"}));
    assert_eq!(entry["address"], "admin socket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_group_acts_under_the_name_of_the_user_whatever_it_says() {
    if !is_root() {
        return;
    }
    let app = App::new();
    // The user `daemon`, 1, is in the group `daemon` on every host.
    let path = served(&app, admin_door("daemon"), 0o666);
    let said = "X-Registrar-Admin: eve\r\n";
    let (status, _) = ask_as(1, &path, ROTATE, said).await;
    assert_eq!(status, 200);
    let entry = latest_actor(&app).await;
    assert_eq!(entry["actor"], json!({"kind": "admin", "name": "daemon"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_not_in_the_group_is_refused_everything() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, admin_door("registrar-admin"), 0o666);
    let bearer = format!("Authorization: Bearer {}\r\n", http_support::ADMIN);
    for what in [ROTATE, "GET /health", "GET /", "GET /api/admin/audit"] {
        for headers in ["", "X-Registrar-Admin: root\r\n", &bearer] {
            let (status, body) = ask_as(1, &path, what, headers).await;
            assert_eq!(status, 403, "{what} {body}");
        }
    }
    assert_eq!(latest_actor(&app).await, Value::Null);
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_by_the_admin_socket_are_not_counted() {
    if !is_root() {
        return;
    }
    let mut config = config();
    config.limits.requests = 2;
    let app = App::with(config);
    let path = served(&app, admin_door("registrar-admin"), 0o666);
    for _ in 0..4 {
        let (status, _) = ask_as(0, &path, "GET /api/admin/stats", "").await;
        assert_eq!(status, 200);
    }
}

/// As a sibling service asks.
async fn ask(app: &App, path: &str, body: Value) -> (u16, Value) {
    let mut request = Request::post(path)
        .header("content-type", "application/json")
        .body(axum::body::Body::from(body.to_string()))
        .unwrap();
    request.extensions_mut().insert(LocalPeer::Sibling);
    let answer = app.send(request).await;
    let body = serde_json::from_str(&answer.text).unwrap_or(Value::Null);
    (answer.status.as_u16(), body)
}

fn login_of(name: &str, password: &str, address: &str) -> Value {
    json!({"clientAddress": address, "emailOrUsername": name, "password": password, "device": "ircd"})
}

#[tokio::test]
async fn a_sibling_logs_members_in_checks_their_tokens_and_logs_them_out() {
    let app = App::new();
    app.member("ada").await;
    let body = login_of("ada", PASSWORD, "198.51.100.7");
    let (status, tokens) = ask(&app, "/internal/auth/login", body).await;
    assert_eq!((status, &tokens["user"]["username"]), (200, &json!("ada")));

    let access = tokens["accessToken"].as_str().unwrap();
    let path = "/internal/auth/validate";
    let body = json!({ "accessToken": access });
    let (status, checked) = ask(&app, path, body.clone()).await;
    assert_eq!((status, &checked["active"]), (200, &json!(true)));
    assert_eq!(checked["user"]["role"], "client_user");

    // The session is the person's, from the person's address, with the sibling's name.
    let sessions = app.as_member(Method::GET, "/api/auth/sessions", access);
    let session = sessions.await.json()["items"][0].clone();
    assert_eq!(session["address"], "198.51.100.7");
    assert_eq!(session["device"], "ircd");

    let token = json!({ "token": tokens["refreshToken"] });
    assert_eq!(
        ask(&app, "/internal/auth/logout", token.clone()).await.0,
        204
    );
    let (status, checked) = ask(&app, path, body).await;
    assert_eq!((status, &checked["active"]), (200, &json!(false)));
    assert_eq!(checked["reason"], "session-ended");
    assert!(checked.get("user").is_none());
    assert_eq!(ask(&app, "/internal/auth/logout", token).await.0, 204);
}

#[tokio::test]
async fn an_access_token_logs_out_as_well() {
    let app = App::new();
    app.member("ada").await;
    let held = app.login("ada").await;
    let token = json!({ "token": held.access });
    assert_eq!(ask(&app, "/internal/auth/logout", token).await.0, 204);
    assert_eq!(app.opens(&held.access).await, "session-ended");
}

#[tokio::test]
async fn a_sibling_signs_people_up() {
    let app = App::new();
    let body = json!({"clientAddress": "198.51.100.7", "registration": sign_up("ada")});
    let (status, taken) = ask(&app, "/internal/auth/signup", body).await;
    assert_eq!((status, &taken["status"]), (201, &json!("INITIATED")));
    let body = json!({"clientAddress": "198.51.100.7", "registration": {"username": "ada"}});
    let (status, problem) = ask(&app, "/internal/auth/signup", body).await;
    assert_eq!(
        (status, &problem["errors"][0]["code"]),
        (422, &json!("empty"))
    );
}

#[tokio::test]
async fn limits_count_the_address_that_the_sibling_names() {
    let app = App::new();
    app.member("ada").await;
    let path = "/internal/auth/login";
    for n in 0..5 {
        let body = login_of(&format!("nobody{n}"), "wrong", "198.51.100.7");
        assert_eq!(ask(&app, path, body).await.0, 401);
    }
    let body = login_of("ada", PASSWORD, "198.51.100.7");
    assert_eq!(ask(&app, path, body).await.0, 429);
    let body = login_of("ada", PASSWORD, "198.51.100.8");
    assert_eq!(ask(&app, path, body).await.0, 200);
    // The same address on the public listener has the same count.
    let body = json!({"emailOrUsername": "ada", "password": PASSWORD});
    let answer = app.post_from("198.51.100.7", "/api/auth/login", body).await;
    assert_eq!(answer.status, 429);
}

#[tokio::test]
async fn a_client_address_that_is_none_is_refused() {
    let app = App::new();
    for address in ["", "here", "198.51.100.7:80"] {
        let body = login_of("ada", PASSWORD, address);
        let (status, problem) = ask(&app, "/internal/auth/login", body).await;
        assert_eq!(status, 422);
        assert_eq!(problem["errors"][0]["field"], "clientAddress");
    }
}

#[tokio::test]
async fn on_the_public_listener_the_internal_api_is_shut() {
    let app = App::new();
    for path in ["signup", "login", "logout", "validate"] {
        let answer = app.post(&format!("/internal/auth/{path}"), json!({})).await;
        assert_eq!(answer.status, 401);
        let body = answer.json();
        assert_eq!(
            body["title"],
            "Direct access to internal service is not allowed"
        );
        assert_eq!(answer.code(), "internal-only");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_service_token_is_set_the_socket_alone_is_not_enough() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, Door::Internal(AdminToken::new(TOKEN)), 0o660);
    let what = "GET /health";
    assert_eq!(ask_as(0, &path, what, "").await.0, 401);
    let wrong = "Authorization: Bearer another-token-of-some-length\r\n";
    assert_eq!(ask_as(0, &path, what, wrong).await.0, 401);
    let right = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(ask_as(0, &path, what, &right).await.0, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sibling_is_no_admin() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, Door::Internal(None), 0o660);
    let (status, _) = ask_as(0, &path, ROTATE, "X-Registrar-Admin: root\r\n").await;
    assert_eq!(status, 401);
}

/// The user `daemon`, 1, is on every host, and stands in for `join`.
fn join_door() -> Door {
    Door::Join(JoinDoor::new("daemon", None))
}

const FROM: &str = "X-Registrar-Client: 198.51.100.7\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn by_the_join_socket_that_user_signs_people_up_and_does_nothing_else() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, join_door(), 0o666);
    let form = ask_as(1, &path, "GET /api/auth/register/form", FROM).await;
    assert_eq!((form.0, &form.1["mode"]), (200, &json!("open")));
    let name = "GET /api/auth/status/check-username/ada";
    assert_eq!(ask_as(1, &path, name, FROM).await.0, 200);
    let bearer = format!("{FROM}Authorization: Bearer {}\r\n", http_support::ADMIN);
    for what in [
        ROTATE,
        "GET /",
        "GET /signup",
        "GET /api/users",
        "GET /api/nothing",
        "GET /metrics",
        "POST /api/auth/login",
        "POST /api/auth/forgot-password",
        "POST /internal/auth/signup",
    ] {
        assert_eq!(ask_as(1, &path, what, &bearer).await.0, 403, "{what}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_join_socket_serves_nobody_else_not_even_root() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, join_door(), 0o666);
    for uid in [0, 2] {
        let (status, _) = ask_as(uid, &path, "GET /api/auth/register/form", FROM).await;
        assert_eq!(status, 403);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_request_it_is_must_be_said_on_the_join_socket() {
    if !is_root() {
        return;
    }
    let app = App::new();
    let path = served(&app, join_door(), 0o666);
    for headers in ["", "X-Registrar-Client: here\r\n"] {
        let (status, _) = ask_as(1, &path, "GET /api/auth/register/form", headers).await;
        assert_eq!(status, 400);
    }
}

#[tokio::test]
async fn who_joins_by_ssh_has_the_limits_of_the_address_that_they_come_from() {
    let mut config = config();
    config.limits.registrations = 2;
    let app = App::with(config);
    let join = async |name: &str, address: &str| {
        let mut request = Request::post("/api/auth/register")
            .header("content-type", "application/json")
            .body(axum::body::Body::from(sign_up(name).to_string()))
            .unwrap();
        let peer = LocalPeer::Applicant(address.parse().unwrap());
        request.extensions_mut().insert(peer);
        app.send(request).await.status.as_u16()
    };
    assert_eq!(join("ada", "198.51.100.7").await, 201);
    // The same network, by the web.
    let answer = app
        .post_from("198.51.100.7", "/api/auth/register", sign_up("grace"))
        .await;
    assert_eq!(answer.status, 201);
    assert_eq!(join("mary", "198.51.100.7").await, 429);
    assert_eq!(join("mary", "198.51.100.8").await, 201);
}

#[tokio::test]
async fn requests_of_who_joins_by_ssh_are_counted() {
    let mut config = config();
    config.limits.requests = 2;
    let app = App::with(config);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        let mut request = Request::get("/api/auth/register/form")
            .body(axum::body::Body::empty())
            .unwrap();
        let peer = LocalPeer::Applicant([198, 51, 100, 7].into());
        request.extensions_mut().insert(peer);
        statuses.push(app.send(request).await.status.as_u16());
    }
    assert_eq!(statuses, [200, 200, 429]);
}
