//! The locks of shadow-utils keep others out, and others keep us out.

use std::fs::{self, File, OpenOptions};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;

use crate::support::daemon::user;
use crate::support::private_host::{private_host, run};
use crate::{
    FILES, SHORT, UID, Writer, assert_no_litter, both, complaints, contents, make, make_ada,
};

/// `.pwd.lock`, as another program holds it.
fn hold_pwd_lock() -> File {
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open("/etc/.pwd.lock")
        .unwrap();
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    fcntl(file.as_fd(), FcntlArg::F_OFD_SETLK(&whole)).unwrap();
    file
}

#[test]
fn a_writer_waits_while_another_program_holds_pwd_lock() {
    both(|_, writer| {
        let accounts = writer.open(SHORT);
        let held = hold_pwd_lock();
        let before = contents();
        std::thread::scope(|scope| {
            let making = scope.spawn(|| make_ada(accounts.as_ref()));
            std::thread::sleep(Duration::from_millis(700));
            assert!(!making.is_finished());
            assert_eq!(contents(), before);
            drop(held);
            making.join().unwrap().unwrap();
        });
        assert_no_litter();
    });
}

fn sleeper() -> Child {
    let mut command = Command::new("/bin/sleep");
    command.arg("60").stdin(Stdio::null()).spawn().unwrap()
}

#[test]
fn the_lock_of_a_dead_process_is_taken_over_on_every_file() {
    both(|_, writer| {
        let mut dead = sleeper();
        dead.kill().unwrap();
        dead.wait().unwrap();
        for file in FILES {
            fs::write(format!("{file}.lock"), format!("{}\0", dead.id())).unwrap();
        }
        make_ada(writer.open(SHORT).as_ref()).unwrap();
        assert_no_litter();
    });
}

#[test]
fn the_lock_of_a_living_process_and_one_of_nobody_are_respected_on_every_file() {
    both(|_, writer| {
        let accounts = writer.open(SHORT);
        let before = contents();
        let mut holder = sleeper();
        for file in FILES {
            let lock = format!("{file}.lock");
            for text in [format!("{}\0", holder.id()), String::new(), "x".into()] {
                fs::write(&lock, &text).unwrap();
                let error = make_ada(accounts.as_ref()).unwrap_err();
                assert!(error.is_transient(), "{error}");
                assert_eq!(fs::read_to_string(&lock).unwrap(), text);
                fs::remove_file(&lock).unwrap();
                accounts.delete(&user("ada"), UID).unwrap();
                assert_eq!(contents(), before, "{lock} {text:?}");
                assert_no_litter();
            }
        }
        holder.kill().unwrap();
        holder.wait().unwrap();
        make_ada(accounts.as_ref()).unwrap();
    });
}

#[test]
fn a_lock_that_names_this_very_process_is_from_an_earlier_life() {
    private_host(|_| {
        fs::write("/etc/group.lock", format!("{}\0", std::process::id())).unwrap();
        let accounts = Writer::Direct.open(SHORT);
        // Not even the tools are hindered, who would take this process for the holder.
        assert!(!Path::new("/etc/group.lock").exists());
        make_ada(accounts.as_ref()).unwrap();
    });
}

#[test]
fn with_useradd_at_work_beside_it_no_account_of_either_is_lost() {
    const OURS: u32 = 200;
    const THEIRS: u32 = 60;
    both(|_, writer| {
        let before = complaints();
        std::thread::scope(|scope| {
            let theirs = scope.spawn(|| {
                for n in 0..THEIRS {
                    let (name, id) = (format!("theirs{n}"), (4_000 + n).to_string());
                    run("/usr/sbin/groupadd", &["-g", &id, &name]);
                    run(
                        "/usr/sbin/useradd",
                        &["-M", "-l", "-N", "-u", &id, "-g", &id, &name],
                    );
                }
            });
            let accounts = writer.open(Duration::from_secs(20));
            for n in 0..OURS {
                let name = user(&format!("ours{n}"));
                make(accounts.as_ref(), &name, UID + n, "Ours").unwrap();
            }
            theirs.join().unwrap();
        });
        for file in FILES {
            let text = fs::read_to_string(file).unwrap();
            let count = |prefix: &str| text.lines().filter(|l| l.starts_with(prefix)).count();
            assert_eq!(count("ours"), OURS as usize, "{file}");
            assert_eq!(count("theirs"), THEIRS as usize, "{file}");
        }
        assert_eq!(complaints(), before);
        assert_no_litter();
    });
}
