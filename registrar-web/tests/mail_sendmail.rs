//! Handing over to a `sendmail` program. Scripts stand for the local mail system.

mod mail_support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use mail_support::{TestClock, community, job, key, registration};
use registrar_web::config::{MailSettings, MailTransport};
use registrar_web::domain::MailKind;
use registrar_web::mail::{compose, mailer};
use registrar_web::ports::{Clock, MailError};

async fn send(directory: &Path, script: &str) -> Result<(), MailError> {
    let program = directory.join("sendmail");
    // Written by another process: a file that this one has open for writing can't be run by its
    // children (ETXTBSY) while tests run side by side.
    let status = std::process::Command::new("/bin/sh")
        .args([
            "-c",
            "printf '#!/bin/sh\n%s\n' \"$1\" > \"$2\"",
            "sh",
            script,
        ])
        .arg(&program)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let settings = MailSettings {
        transport: MailTransport::Sendmail,
        sendmail: program,
        ..MailSettings::default()
    };
    let clock = TestClock::new();
    let r = registration(clock.now(), "Ada");
    let job = job(&r, MailKind::Welcome, clock.now());
    let mail = compose(&job, &r, &key(), &community()).unwrap();
    mailer(&settings, &community(), clock)
        .unwrap()
        .send(&mail)
        .await
}

#[tokio::test]
async fn the_program_gets_addresses_as_arguments_and_the_mail_with_plain_line_ends() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("out");
    let script = format!("echo \"$@\" > {0}; cat >> {0}", out.display());
    send(dir.path(), &script).await.unwrap();
    let got = std::fs::read_to_string(out).unwrap();
    let first = got.lines().next().unwrap();
    assert_eq!(first, "-i -f registrar@tilde.example -- ada@example.org");
    assert!(got.contains("\nAuto-Submitted: auto-generated\n") && !got.contains('\r'));
}

#[tokio::test]
async fn only_a_word_about_the_mail_itself_is_final() {
    let dir = tempfile::tempdir().unwrap();
    for (script, is_final) in [
        ("echo 'no such user' >&2; exit 67", true),
        ("exit 75", false),
        ("cat > /dev/null; exit 1", false),
        ("kill -9 $$", false),
    ] {
        let refused = send(dir.path(), script).await.unwrap_err();
        assert_eq!(
            matches!(refused, MailError::Refused(_)),
            is_final,
            "{script}: {refused}"
        );
    }
}

#[tokio::test]
async fn a_program_that_takes_too_long_ends_with_all_that_it_started() {
    let dir = tempfile::tempdir().unwrap();
    let pids = dir.path().join("pids");
    let script = format!("sleep 300 & echo $$ $! > {}; wait", pids.display());
    // Giving up is the same at any time: what waits for the program is dropped.
    let waiting = tokio::time::timeout(Duration::from_secs(1), send(dir.path(), &script));
    assert!(waiting.await.is_err());
    let text = std::fs::read_to_string(pids).unwrap();
    let pids: Vec<u32> = text
        .split(' ')
        .map(|pid| pid.trim().parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 2);
    let lives = |pid: &u32| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let state = stat
            .rsplit(')')
            .next()
            .and_then(|rest| rest.split_whitespace().next());
        state.is_some_and(|state| !matches!(state, "Z" | "X"))
    };
    let began = Instant::now();
    while pids.iter().any(lives) {
        assert!(
            began.elapsed() < Duration::from_secs(5),
            "still there: {pids:?}"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn what_a_program_goes_on_with_after_it_has_taken_the_mail_is_left_to_it() {
    let dir = tempfile::tempdir().unwrap();
    let done = dir.path().join("done");
    let script = format!(
        "cat > /dev/null; (sleep 0.5; echo yes > {}) > /dev/null 2>&1 &",
        done.display()
    );
    send(dir.path(), &script).await.unwrap();
    let began = Instant::now();
    while !done.exists() {
        assert!(began.elapsed() < Duration::from_secs(10), "it was killed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
