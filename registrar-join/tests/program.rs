//! The program as sshd starts it: what it refuses before a word is typed.

#![allow(clippy::print_stdout, reason = "a test that can't run says why")]

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Starts it as `nobody` in that environment, without a terminal; how it ended and what it said.
fn start(uid: u32, environment: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_registrar-join"))
        .env_clear()
        .envs(environment.iter().copied())
        .uid(uid)
        .gid(uid)
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.stdout.is_empty());
    let said = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), said)
}

fn is_root() -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        println!("skipped: only root can be another user");
    }
    root
}

const NOBODY: u32 = 65_534;
const FROM: (&str, &str) = ("SSH_CONNECTION", "198.51.100.7 50594 192.0.2.1 22");

#[test]
fn nothing_is_done_without_sshd_or_for_a_command_or_without_a_terminal() {
    if !is_root() {
        return;
    }
    let sh = ("SSH_ORIGINAL_COMMAND", "/bin/sh");
    for (environment, words) in [
        (vec![], "was not started by sshd"),
        (vec![FROM, sh], "Nothing can be run or copied here"),
        (
            vec![FROM, ("SSH_ORIGINAL_COMMAND", "")],
            "Nothing can be run",
        ),
        (vec![FROM], "takes a terminal"),
    ] {
        let (code, said) = start(NOBODY, &environment);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn it_does_not_run_as_root() {
    if !is_root() {
        return;
    }
    let (code, said) = start(0, &[FROM]);
    assert_eq!(code, Some(1));
    assert!(said.contains("not as root"), "{said}");
}
