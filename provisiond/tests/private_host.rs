//! The private host keeps what it promises to the other tests.
mod support;

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

use support::private_host::{private_host, run};

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
    assert!(!Path::new("/home/left").exists());
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
