//! What a program that was locked down can't do any more, and could before.

#![allow(clippy::print_stdout, reason = "a test that can't run says why")]

use std::fs::File;
use std::io::Write;
use std::net::{TcpListener, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::Command;

use registrar_join::lockdown::lock_down;

/// Set in the process that does it.
const LOCKED: &str = "UNDER_LOCK_DOWN";

/// What it tries, and whether that is done.
fn tries() -> Vec<(&'static str, bool)> {
    let directory = std::env::var("DIRECTORY").unwrap();
    let write = |name: &str| {
        let made = File::create(format!("{directory}/{name}"));
        made.is_ok_and(|mut file| file.write_all(b"x").is_ok())
    };
    vec![
        (
            "start a program",
            Command::new("/bin/true").status().is_ok(),
        ),
        ("become a program", {
            // Comes back only when it fails.
            let fails = Command::new("/no/such/program").exec();
            fails.kind() == std::io::ErrorKind::NotFound
        }),
        ("write a file", write("file")),
        ("listen", TcpListener::bind("127.0.0.1:0").is_ok()),
        ("reach a network", UdpSocket::bind("127.0.0.1:0").is_ok()),
        (
            "make a directory",
            std::fs::create_dir(format!("{directory}/made")).is_ok(),
        ),
        (
            "remove a file",
            std::fs::remove_file(format!("{directory}/there")).is_ok(),
        ),
    ]
}

/// The other process; for the run of all tests there is nothing in it to do.
#[test]
fn under_lock_down() {
    if std::env::var_os(LOCKED).is_none() {
        return;
    }
    let all = tries();
    assert!(all.iter().all(|(_, done)| *done), "before: {all:?}");
    let directory = std::env::var("DIRECTORY").unwrap();
    File::create(format!("{directory}/there")).unwrap();
    std::fs::remove_dir(format!("{directory}/made")).unwrap();
    lock_down().unwrap();
    let all = tries();
    assert!(all.iter().all(|(_, done)| !*done), "after: {all:?}");
    // What the walk needs is left.
    UnixStream::connect(format!("{directory}/socket")).unwrap();
    assert!(std::fs::read_to_string("/etc/passwd").is_ok());
    println!("locked down");
}

#[test]
fn nothing_is_started_reached_or_written_after_it_that_was_before() {
    const NOBODY: u32 = 65_534;
    if !nix::unistd::geteuid().is_root() {
        println!("skipped: only root can be another user");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    File::create(path.join("there")).unwrap();
    let _listener = UnixListener::bind(path.join("socket")).unwrap();
    for entry in [path, &path.join("there"), &path.join("socket")] {
        std::os::unix::fs::chown(entry, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "under_lock_down", "--nocapture"])
        .env(LOCKED, "yes")
        .env("DIRECTORY", path)
        .uid(NOBODY)
        .gid(NOBODY)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("locked down"), "{said}{error}");
}
