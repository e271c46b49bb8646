//! The service behind a real socket, with real text browsers and slow clients.

#![allow(clippy::print_stdout, reason = "a test that can't run says why")]

mod http_support;

use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use http_support::{App, PASSWORD};
use registrar_web::http::{CurrentRoutes, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn served(app: &App) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(
        listener,
        app.router.clone(),
        Vec::new(),
        app.stop.clone(),
    ));
    address
}

fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("-version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        println!("skipped: {program} is not installed");
    }
    found
}

/// What a program prints, run beside the server.
async fn printed(mut command: Command) -> String {
    let run = move || command.env("TERM", "vt100").stdin(Stdio::null()).output();
    let output = tokio::task::spawn_blocking(run).await.unwrap().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn lynx_shows_the_whole_form_and_signs_up_with_it() {
    if !has("lynx") {
        return;
    }
    let app = App::new();
    let address = served(&app).await;
    let url = format!("http://{address}/signup");
    let mut dump = Command::new("lynx");
    dump.args(["-dump", "-nolist", "-cfg=/dev/null", &url]);
    let text = printed(dump).await;
    for words in [
        "Username",
        "Name to show",
        "Your e-mail address",
        "Password",
        "SSH public keys",
        "ssh-keygen -t ed25519",
        "Sign up",
    ] {
        assert!(text.contains(words), "{words} is missing:\n{text}");
    }

    // A person at a terminal: down to each field, type, and press the button.
    let mut keys = String::new();
    let mut key = |name: &str| keys.push_str(&format!("key {name}\n"));
    // Skip link, first page, the two of the menu; then the fields.
    for _ in 0..4 {
        key("Down Arrow");
    }
    for (text, last) in [
        ("grace", false),
        ("Grace Hopper", false),
        ("grace@example.org", false),
        (PASSWORD, true),
    ] {
        for letter in text.chars() {
            key(&match letter {
                ' ' => "<space>".to_owned(),
                other => other.to_string(),
            });
        }
        if !last {
            key("Down Arrow");
        }
    }
    // Four lines of keys, five fields of the details, the button.
    for _ in 0..10 {
        key("Down Arrow");
    }
    key("^J");
    key("q");
    key("y");
    let directory = tempfile::tempdir().unwrap();
    let script = directory.path().join("keys");
    std::fs::write(&script, keys).unwrap();
    let mut typing = Command::new("lynx");
    typing
        .args(["-accept_all_cookies", "-cfg=/dev/null", "-term=vt100"])
        .arg(format!("-cmd_script={}", script.display()))
        .arg(&url)
        .env("HOME", directory.path());
    let screen = printed(typing).await;
    let status = app.get("/api/auth/status/registration/grace").await;
    assert_eq!(status.status, 200, "{}\n{screen}", status.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn w3m_shows_the_whole_form_and_the_steps() {
    if !has("w3m") {
        return;
    }
    let app = App::new();
    let address = served(&app).await;
    app.register("grace").await;
    app.run().await;
    for (path, all) in [
        ("/signup", ["Username", "ssh-keygen", "[Sign up]"]),
        (
            "/signup/status/grace",
            ["83 %", "Verification mail sent", "[Verify]"],
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        let mut dump = Command::new("w3m");
        dump.args(["-dump", &format!("http://{address}{path}")])
            .env("HOME", directory.path());
        let text = printed(dump).await;
        for words in all {
            assert!(text.contains(words), "{words} is missing:\n{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_sends_its_head_too_slowly_is_let_go_and_others_are_served() {
    let app = App::new();
    let address = served(&app).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        .await
        .unwrap();
    let began = Instant::now();
    let mut other = TcpStream::connect(address).await.unwrap();
    other
        .write_all(b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    other.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(began.elapsed() < Duration::from_secs(5));
    let mut rest = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(25), slow.read_to_end(&mut rest)).await;
    assert!(closed.is_ok(), "the slow one is still connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_stops_arriving_is_answered_with_a_timeout() {
    let app = App::new();
    let address = served(&app).await;
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(b"POST /api/auth/register HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{")
        .await
        .unwrap();
    let mut answer = vec![0; 12];
    tokio::time::timeout(Duration::from_secs(20), slow.read_exact(&mut answer))
        .await
        .expect("an answer in time")
        .unwrap();
    assert_eq!(answer, b"HTTP/1.1 408");
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_the_server_once_requests_are_answered() {
    let app = App::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let running = tokio::spawn(serve(
        listener,
        app.router.clone(),
        Vec::new(),
        app.stop.clone(),
    ));
    // An idle connection does not hold it up.
    let _idle = TcpStream::connect(address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    app.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), running)
        .await
        .expect("it ends soon")
        .unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

/// A connection from that address of this machine.
async fn connect(from: &str, to: SocketAddr) -> TcpStream {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(format!("{from}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// Whether the service answers on that connection.
async fn is_served(stream: &mut TcpStream) -> bool {
    let request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut start = [0; 12];
    let answered = async {
        stream.write_all(request).await?;
        stream.read_exact(&mut start).await
    };
    let answered = tokio::time::timeout(Duration::from_secs(5), answered).await;
    answered.expect("an answer or an end").is_ok() && start == *b"HTTP/1.1 200"
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_can_not_take_all_connections() {
    let app = App::new();
    let address = served(&app).await;
    let mut greedy = Vec::new();
    for _ in 0..140 {
        greedy.push(connect("127.0.0.1", address).await);
    }
    let mut open = 0;
    for stream in &mut greedy {
        open += usize::from(is_served(stream).await);
    }
    assert_eq!(open, 128);
    assert!(is_served(&mut connect("127.0.0.2", address).await).await);
    // It gets back what it lets go.
    greedy.clear();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(is_served(&mut connect("127.0.0.1", address).await).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trusted_proxy_brings_as_many_as_there_is_room_for() {
    let app = App::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let trusted = vec![registrar_web::config::IpNet::parse("127.0.0.1").unwrap()];
    tokio::spawn(serve(
        listener,
        app.router.clone(),
        trusted,
        app.stop.clone(),
    ));
    let mut streams = Vec::new();
    for _ in 0..200 {
        let mut stream = connect("127.0.0.1", address).await;
        assert!(is_served(&mut stream).await);
        streams.push(stream);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_asks_and_does_not_read_is_let_go() {
    const ASKED: usize = 8_000;
    let app = App::new();
    let address = served(&app).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let (mut reading, mut writing) = socket.connect(address).await.unwrap().into_split();
    tokio::spawn(async move {
        let request = b"GET /signup HTTP/1.1\r\nHost: x\r\n\r\n".repeat(ASKED);
        // It ends early when the other side does.
        let _ = writing.write_all(&request).await;
        std::future::pending::<()>().await;
    });
    tokio::time::sleep(Duration::from_secs(20)).await;
    let mut answers = Vec::new();
    let read = reading.read_to_end(&mut answers);
    // An end or a reset, and soon; not the rest of the answers.
    let _ = tokio::time::timeout(Duration::from_secs(10), read)
        .await
        .expect("an end");
    let answered = String::from_utf8_lossy(&answers)
        .matches("HTTP/1.1 200")
        .count();
    assert!((1..ASKED).contains(&answered), "{answered} of {ASKED}");
}

#[tokio::test]
async fn after_a_reload_an_open_connection_gets_the_new_pages() {
    let app = App::new();
    let routes = CurrentRoutes::from(app.router.clone());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(serve(
        listener,
        routes.clone(),
        Vec::new(),
        app.stop.clone(),
    ));

    let mut client = TcpStream::connect(address).await.unwrap();
    let mut asked = async || {
        let request = b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
        client.write_all(request).await.unwrap();
        let mut answer = vec![0; 4096];
        let length = client.read(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer[..length]).into_owned()
    };
    assert!(asked().await.starts_with("HTTP/1.1 200"));
    routes.set(axum::Router::new());
    assert!(asked().await.starts_with("HTTP/1.1 404"));
}
