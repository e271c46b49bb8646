//! The private host keeps what it promises to the other tests.
mod support;

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Barrier;
use std::thread;

use provision_api::Method;
use support::daemon::{Daemon, on};
use support::private_host::{has_program, is_inside, not_run, own_processes, private_host, run};

#[test]
fn users_made_on_a_private_host_are_seen_by_its_programs_and_by_nobody_else() {
    private_host(|host| {
        host.add_user("privately", 45_001);
        assert!(run("/usr/bin/id", &["privately"]).contains("uid=45001(privately)"));
        thread::scope(|scope| {
            scope.spawn(|| assert!(run("/usr/bin/id", &["privately"]).contains("45001")));
        });
    });
    assert!(
        !fs::read_to_string("/etc/passwd")
            .unwrap()
            .contains("privately")
    );
}

#[test]
fn two_private_hosts_at_once_do_not_see_each_other() {
    own_processes(|| {
        let barrier = Barrier::new(2);
        let one = |name: &str| {
            let mut entered = false;
            private_host(|_| {
                entered = true;
                fs::create_dir(Path::new("/home").join(name)).unwrap();
                barrier.wait();
                assert_eq!(fs::read_dir("/home").unwrap().count(), 1);
                barrier.wait();
            });
            if !entered {
                barrier.wait();
                barrier.wait();
            }
        };
        thread::scope(|scope| {
            scope.spawn(|| one("left"));
            scope.spawn(|| one("right"));
        });
    });
    assert!(!Path::new("/home/left").exists());
}

fn sleep_as(uid: u32) -> Child {
    let mut sleep = Command::new("/bin/sleep");
    sleep.arg("60").uid(uid).gid(uid).spawn().unwrap()
}

#[test]
fn a_process_outside_outlives_the_suspension_of_a_member_with_its_uid() {
    if !nix::unistd::geteuid().is_root() {
        return not_run("needs root");
    }
    let mut outside = (!is_inside()).then(|| sleep_as(20_000));
    private_host(|host| {
        if !has_program("/usr/sbin/postmap", "postfix") {
            return;
        }
        let daemon = Daemon::start(host, "");
        assert_eq!(daemon.submit().make_active("ada").uid, 20_000);
        let mut member = sleep_as(20_000);
        daemon
            .admin()
            .change(&on(Method::SuspendAccount, "ada"))
            .unwrap();
        assert!(member.try_wait().unwrap().is_some(), "it was to be ended");
    });
    if let Some(outside) = outside.as_mut() {
        assert!(outside.try_wait().unwrap().is_none(), "it was ended, too");
        outside.kill().unwrap();
        outside.wait().unwrap();
    }
}

#[test]
fn a_test_sees_its_own_processes_only_and_they_end_with_it() {
    private_host(|_| {
        let is_number = |name: &str| name.bytes().all(|b| b.is_ascii_digit());
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let processes = processes.filter(|e| is_number(&e.file_name().to_string_lossy()));
        // The shell and this program.
        assert_eq!(processes.count(), 2);
        // The test would hang on its own output if this were left.
        std::mem::forget(Command::new("/bin/sleep").arg("600").spawn().unwrap());
    });
}

#[test]
fn a_failure_inside_is_a_failure_outside() {
    let outcome = std::panic::catch_unwind(|| {
        let mut entered = false;
        private_host(|_| {
            entered = true;
            panic!("inside");
        });
        assert!(!entered);
        panic!("nothing to show without root");
    });
    assert!(outcome.is_err());
}
