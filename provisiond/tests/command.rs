//! registrarctl against a real provisiond: the life of an account as an admin runs it. The web is a
//! stand-in here; the real one is in `registrarctl/tests/commands.rs`.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::sync::{Arc, Mutex};

use clap::Parser;
use provision_api::AccountState;
use registrarctl::{Arguments, Failure, Outcome};
use support::daemon::Daemon;
use support::private_host::private_host;

const WEB: &str = "/run/web.sock";

/// A web that says yes to all, and the lines that it was asked with.
fn a_web() -> Arc<Mutex<Vec<String>>> {
    let asked: Arc<Mutex<Vec<String>>> = Arc::default();
    let (listener, lines) = (UnixListener::bind(WEB).unwrap(), asked.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut line = String::new();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            reader.read_line(&mut line).unwrap();
            lines.lock().unwrap().push(line.trim().to_owned());
            // It knows of no registration, so that what is said of it is the host's.
            let status = if line.contains("/status/") {
                "404 Not Found"
            } else {
                "200 OK"
            };
            let answer =
                format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}");
            stream.write_all(answer.as_bytes()).unwrap();
            // Until the other side has it all.
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
    });
    asked
}

/// Runs it on the host that the thread is on; the outcome, and the steps that were told.
fn run(line: &str) -> (Result<Outcome, Failure>, Vec<String>) {
    let web = format!("--web-socket={WEB}");
    let mut words = vec!["registrarctl", &web];
    words.extend(line.split(' '));
    let mut steps = Vec::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut note = |step: &str| steps.push(step.trim().to_owned());
    let outcome = runtime.block_on(registrarctl::run(Arguments::parse_from(words), &mut note));
    (outcome, steps)
}

fn shown(line: &str) -> String {
    run(line).0.unwrap().text
}

fn code(line: &str) -> u8 {
    match run(line).0 {
        Ok(outcome) => outcome.code,
        Err(failure) => failure.exit_code(),
    }
}

#[test]
fn an_account_is_listed_suspended_resumed_archived_restored_and_removed() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        submit.make_active("ada");
        submit.make_active("grace");
        let state = |name: &str| submit.get(name).unwrap().account.state;
        let asked = a_web();

        let list = shown("users list");
        let lines: Vec<&str> = list.lines().collect();
        assert!(lines[0].starts_with("NAME   UID    ON HOST"), "{list}");
        assert!(lines[1].starts_with("ada    20000  active "), "{list}");
        assert!(lines[1].ends_with("  Ada Lovelace"), "{list}");
        assert_eq!(lines.len(), 3);

        // What can't be yet is refused, and for good is only said for good.
        assert_eq!(code("users archive ada"), 4);
        assert_eq!(code("users remove ada"), 2);
        assert_eq!(code("users show nobody"), 3);

        let (done, steps) = run("users suspend ada --reason spam");
        assert_eq!(done.unwrap().json["account"]["state"], "suspended");
        assert!(steps.contains(&"end processes".to_owned()), "{steps:?}");
        assert_eq!(shown("users list --state suspended").lines().count(), 2);
        // Again: nothing to be done, and no error, so a script may repeat it.
        assert_eq!(code("users suspend ada --reason spam"), 0);

        assert_eq!(code("users resume ada"), 0);
        assert_eq!(state("ada"), AccountState::Active);
        let known = run("users show ada").0.unwrap().json;
        assert_eq!(known["host"]["expired"], false);
        let id = submit.get("ada").unwrap().account.registration_id;
        let told = asked.lock().unwrap().clone();
        for route in ["suspend", "resume"] {
            let line = format!("POST /api/users/{id}/{route} HTTP/1.1");
            assert!(told.contains(&line), "{line} in {told:?}");
        }

        for (command, end) in [
            ("users suspend ada --reason spam", AccountState::Suspended),
            ("users archive ada", AccountState::Archived),
            ("users restore ada", AccountState::Suspended),
            ("users archive ada", AccountState::Archived),
        ] {
            assert_eq!(code(command), 0, "{command}");
            assert_eq!(state("ada"), end, "{command}");
        }
        assert_eq!(shown("users remove ada --yes"), "ada is removed");
        let line = format!("DELETE /api/users/{id} HTTP/1.1");
        assert!(asked.lock().unwrap().contains(&line));
        // What is left of it is no account any more.
        assert_eq!(code("users remove ada --yes"), 3);
        assert_eq!(state("grace"), AccountState::Active);
    });
}

#[test]
fn when_the_web_is_not_there_the_host_does_its_part_and_the_command_says_which() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        submit.make_active("ada");
        let half = run("users suspend ada --reason spam").0.unwrap_err();
        assert_eq!(half.exit_code(), 5);
        let words = half.to_string();
        assert!(
            words.starts_with("the host has done it, the web has not"),
            "{words}"
        );
        let state = submit.get("ada").unwrap().account.state;
        assert_eq!(state, AccountState::Suspended);
        // With the web back, the same command does the rest.
        let asked = a_web();
        assert_eq!(code("users suspend ada --reason spam"), 0);
        let told = asked.lock().unwrap().clone();
        let suspended = told.iter().any(|line| line.ends_with("/suspend HTTP/1.1"));
        assert!(suspended, "{told:?}");
    });
}

#[test]
fn json_is_what_scripts_get_without_a_word_besides() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        daemon.submit().make_active("ada");
        let _asked = a_web();
        let (done, steps) = run("--json users suspend ada --reason spam");
        let json: serde_json::Value = serde_json::from_str(&done.unwrap().as_json()).unwrap();
        assert_eq!(json["account"]["username"], "ada");
        assert_eq!(json["host"]["expired"], true);
        assert_eq!(steps, Vec::<String>::new());
    });
}

#[test]
fn status_says_that_provisiond_is_well_though_the_web_is_not_there() {
    private_host(|host| {
        let _daemon = Daemon::start(host, "");
        let status = run("status").0.unwrap();
        assert_eq!(status.code, 1);
        let text = status.text;
        assert!(text.contains("registrar-web  reached       no"), "{text}");
        assert!(text.contains("provisiond     admin socket  yes"), "{text}");
    });
}
