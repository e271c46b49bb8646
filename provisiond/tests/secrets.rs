//! The log of whole lives, at its most talkative and in each of its forms, holds nothing that opens
//! an account. registrar-web has a test of the same name.
mod support;

use std::os::unix::net::UnixDatagram;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use provision_api::Method;
use serde_json::json;
use support::daemon::*;
use support::private_host::private_host;
use support::tools;
use support::wire::{Wire, error_of};

/// What a confused or hostile client puts into a wrong field.
const CLEAR: &str = "Correct-Horse-7-Battery";
const PRIVATE_KEY: &str = "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2";

/// Everything that opens an account, or tells more of a key than its fingerprint.
fn secrets() -> Vec<String> {
    let body = KEY.split(' ').nth(1).unwrap();
    [
        CLEAR,
        PRIVATE_KEY,
        "$2b$",
        // Salt and digest, each by itself.
        &HASH[7..29],
        &HASH[29..],
        &OTHER_HASH[7..29],
        body,
        // What differs from key to key.
        &body[30..60],
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Lives with every call there is, with failures and repetitions: trouble makes a daemon talk.
fn live() {
    let (submit, admin) = (Caller::new(SUBMIT), Caller::new(ADMIN));
    let registration = registration();
    let activation = activate(registration, "ada", Some(HASH), &[KEY]);
    submit.change(&create(registration, "ada", "Ada")).unwrap();
    submit.change(&configure(registration, "ada")).unwrap();
    tools::fail("chpasswd", 1);
    submit.change(&activation).unwrap_err();
    tools::work_again("chpasswd");
    submit.change(&activation).unwrap();
    submit.change(&activation).unwrap();
    let change = set_password("ada", OTHER_HASH);
    tools::fail("chpasswd", 3);
    submit.change(&change).unwrap_err();
    tools::work_again("chpasswd");
    submit.change(&change).unwrap();
    submit.change(&set_keys("ada", &[])).unwrap();
    submit.change(&set_keys("ada", &[KEY])).unwrap();
    submit.get("ada").unwrap();

    let mut wire = Wire::root(SUBMIT);
    let private = format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{PRIVATE_KEY}\n");
    for (method, parameters) in [
        (
            "SetPassword",
            json!({"username": "ada", "passwordHash": CLEAR}),
        ),
        (
            "SetPassword",
            json!({"username": CLEAR, "passwordHash": HASH}),
        ),
        (
            "SetPassword",
            json!({"username": HASH, "passwordHash": "ada"}),
        ),
        (
            "SetPassword",
            json!({"username": "ada", "passwordHash": HASH, "requestId": CLEAR}),
        ),
        (
            "SetPassword",
            json!({"username": "ada", "passwordHash": {"hash": HASH}}),
        ),
        (
            "SetSshKeys",
            json!({"username": "ada", "sshKeys": [private]}),
        ),
        (
            "SetSshKeys",
            json!({"username": "ada", "sshKeys": [format!("no-pty {KEY}")]}),
        ),
        ("SetSshKeys", json!({"username": "ada", "sshKeys": KEY})),
        (
            "CheckUsername",
            json!({"username": 5, "registrationId": CLEAR}),
        ),
    ] {
        let reply = wire.call(method, parameters);
        assert!(!error_of(&reply).is_empty(), "{reply}");
        for secret in secrets().iter().filter(|s| *s != "$2b$") {
            assert!(!reply.to_string().contains(secret), "{reply}");
        }
    }
    wire.call("CheckUsername", json!({"username": CLEAR}));
    // More than a message may have, with a secret in it.
    let long = json!({"username": "ada", "passwordHash": HASH.repeat(2_000)}).to_string();
    wire.send(long.as_bytes()).unwrap();
    assert_eq!(error_of(&wire.read().unwrap()), "BadMessage");

    for verb in [
        Method::SuspendAccount,
        Method::ResumeAccount,
        Method::SuspendAccount,
    ] {
        admin.change(&on(verb, "ada")).unwrap();
    }
    admin.change(&on(Method::RemoveAccount, "ada")).unwrap();
}

fn search(log: &str) {
    // It talked, and at the level that was asked for.
    for said in [
        "SetPassword",
        "answered as before",
        "failed",
        "RemoveAccount",
    ] {
        assert!(log.contains(said), "{said} is not in the log:\n{log}");
    }
    for line in log.lines() {
        for secret in secrets() {
            assert!(!line.contains(&secret), "{secret} in: {line}");
        }
    }
}

#[test]
fn no_secret_is_in_the_lines_for_people_or_in_json() {
    for format in ["human", "json"] {
        private_host(|host| {
            tools::wrap(host);
            let settings = format!("[log]\nlevel = \"trace\"\nformat = \"{format}\"\n");
            let mut daemon = Daemon::start(host, &settings);
            live();
            // A restart reads everything again.
            daemon.kill();
            daemon.start_again();
            let log = daemon.log();
            assert_eq!(log.starts_with('{'), format == "json");
            search(&log);
        });
    }
}

#[test]
fn no_secret_is_in_any_field_that_journald_gets() {
    private_host(|host| {
        tools::wrap(host);
        host.directory("/run/systemd/journal", 0o755);
        let journal = UnixDatagram::bind("/run/systemd/journal/socket").unwrap();
        journal
            .set_read_timeout(Some(Duration::from_millis(500)))
            .unwrap();
        let config = host.file("/run/provisiond.toml", "[log]\nlevel = \"trace\"\n", 0o600);
        let mut child = Command::new(env!("CARGO_BIN_EXE_provisiond"))
            .arg("--config")
            .arg(config)
            .env("JOURNAL_STREAM", "1:1")
            .spawn()
            .unwrap();
        let over = AtomicBool::new(false);
        let entries = std::thread::scope(|scope| {
            let reading = scope.spawn(|| {
                let mut entries = String::new();
                let mut buffer = vec![0; 1 << 18];
                loop {
                    match journal.recv(&mut buffer) {
                        Ok(length) => {
                            entries += &String::from_utf8_lossy(&buffer[..length]);
                            entries.push('\n');
                        }
                        Err(_) if over.load(Ordering::Relaxed) => return entries,
                        Err(_) => {}
                    }
                }
            });
            while std::os::unix::net::UnixStream::connect(ADMIN).is_err() {
                std::thread::sleep(Duration::from_millis(5));
            }
            let outcome = std::panic::catch_unwind(live);
            child.kill().unwrap();
            child.wait().unwrap();
            over.store(true, Ordering::Relaxed);
            let entries = reading.join().unwrap();
            outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            entries
        });
        assert!(entries.contains("REQUEST_ID"));
        search(&entries);
    });
}
