//! How long a visit may last, on a real terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::pty::openpty;
use registrar_join::terminal::{Echo, Ended, LONGEST_VISIT, Terminal, Tty, Typed};

/// Set where this program is started once more, with a terminal of its own.
const VISITOR: &str = "REGISTRAR_TEST_VISITOR";
const NAME: &str = "who_types_now_and_then_keeps_no_place_longer_than_a_visit_may_last";
const VISIT: Duration = Duration::from_secs(2);

#[test]
fn who_types_now_and_then_keeps_no_place_longer_than_a_visit_may_last() {
    if std::env::var_os(VISITOR).is_some() {
        return visit();
    }
    assert_eq!(LONGEST_VISIT, Duration::from_secs(3600));
    let pty = openpty(None, None).unwrap();
    let mut visitor = Command::new(std::env::current_exe().unwrap())
        .args([NAME, "--exact", "--nocapture"])
        .env(VISITOR, "1")
        .stdin(Stdio::from(pty.slave.try_clone().unwrap()))
        .stdout(Stdio::from(pty.slave))
        .spawn()
        .unwrap();
    let mut keyboard = File::from(pty.master);
    let mut screen = keyboard.try_clone().unwrap();
    // Until the other side is gone; then the kernel says EIO.
    let shown = std::thread::spawn(move || {
        let mut shown = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = screen.read(&mut buffer) {
            shown.extend_from_slice(&buffer[..count]);
        }
        String::from_utf8_lossy(&shown).into_owned()
    });
    let started = Instant::now();
    let ended = loop {
        if let Some(status) = visitor.try_wait().unwrap() {
            break status;
        }
        if started.elapsed() > 20 * VISIT {
            visitor.kill().unwrap();
            visitor.wait().unwrap();
            panic!("it goes on and on");
        }
        let _ = keyboard.write_all(b"still here\n");
        std::thread::sleep(VISIT / 20);
    };
    let shown = shown.join().unwrap();
    assert!(ended.success(), "{shown}");
    assert!(shown.contains("the time is up"), "{shown}");
}

/// Asks again and again, as the walk would with somebody who never comes to an end.
fn visit() {
    let started = Instant::now();
    let mut terminal = Tty::open(VISIT).unwrap();
    let mut lines = 0;
    let ended = loop {
        match terminal.read("> ", Echo::Shown, None) {
            Ok(Typed::Line(_)) => lines += 1,
            Ok(other) => panic!("{other:?}"),
            Err(ended) => break ended,
        }
    };
    assert_eq!(ended, Ended::TimeIsUp);
    assert!(lines > 1 && started.elapsed() > VISIT / 2, "{lines} lines");
    // Waiting is no way around it.
    assert_eq!(terminal.pause(VISIT), Err(Ended::TimeIsUp));
    terminal.show("the time is up\n").unwrap();
}
