//! Someone deletes a user behind provisiond's back and makes another one of the same name while
//! provisiond works on the account: the new one is not provisiond's, and nothing of it is touched.
mod support;

use std::fs;

use provision_api::{AccountState, Method, RegistrationId};
use support::daemon::*;
use support::private_host::{private_host, run};
use support::tools::{self, When};

const FILES: [&str; 4] = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"];

/// The admin's own user of the name.
fn make_foreign(name: &str) {
    run("/run/real/userdel", &[name]);
    #[rustfmt::skip]
    let theirs = [
        "-M", "-N", "-l", "-u", "4500", "-g", "100", "-o", "-p", "$6$theirs", "-e", "2099-01-01",
        name,
    ];
    run("/run/real/useradd", &theirs);
}

fn entries(name: &str) -> Vec<Option<String>> {
    FILES.iter().map(|file| line_of(file, name)).collect()
}

/// What sshd and Postfix would do with the name.
fn assert_closed_to_the_registrant(name: &str) {
    let keys = format!("/etc/ssh/registrar_keys/{name}");
    let keys = fs::read_to_string(keys).unwrap_or_default();
    assert_eq!(
        keys, "",
        "the registrant's keys would open the other's account"
    );
}

fn configured(daemon: &Daemon) -> RegistrationId {
    let registration = registration();
    let submit = daemon.submit();
    submit.change(&create(registration, "ada", "Ada")).unwrap();
    submit.change(&configure(registration, "ada")).unwrap();
    registration
}

fn suspended(daemon: &Daemon) {
    daemon.submit().make_active("ada");
    let call = on(Method::SuspendAccount, "ada");
    daemon.admin().change(&call).unwrap();
}

#[test]
fn an_activation_that_fails_leaves_a_foreign_user_of_the_name_alone() {
    private_host(|host| {
        tools::wrap(host);
        let daemon = Daemon::start(host, "");
        let call = activate(configured(&daemon), "ada", Some(HASH), &[KEY]);
        tools::stall("chpasswd", When::After);
        let theirs = std::thread::scope(|scope| {
            let call = scope.spawn(|| Caller::new(SUBMIT).change(&call));
            tools::wait_until_stalled();
            make_foreign("ada");
            let theirs = entries("ada");
            tools::let_go("chpasswd", When::After);
            call.join().unwrap().unwrap_err();
            theirs
        });
        assert_eq!(entries("ada"), theirs);
        assert_closed_to_the_registrant("ada");
        let reply = daemon.submit().get("ada").unwrap();
        assert_eq!(reply.account.state, AccountState::Locked);
        assert!(!reply.host.exists);
        // And again: the identity is looked at first.
        daemon.submit().change(&call).unwrap_err();
        assert_eq!(entries("ada"), theirs);
    });
}

#[test]
fn an_activation_that_a_crash_interrupted_is_undone_and_not_at_a_foreign_user() {
    for tool in ["chpasswd", "usermod"] {
        for when in [When::Before, When::After] {
            private_host(|host| {
                tools::wrap(host);
                let mut daemon = Daemon::start(host, "");
                let call = activate(configured(&daemon), "ada", Some(HASH), &[KEY]);
                interrupt(&mut daemon, tool, when, &call);
                // The tool of the dead daemon has ended: what happens now is the recovery's doing.
                make_foreign("ada");
                let theirs = entries("ada");
                daemon.start_again();
                assert_eq!(entries("ada"), theirs, "{tool} {when:?}");
                assert_closed_to_the_registrant("ada");
                let reply = daemon.submit().get("ada").unwrap();
                assert_eq!(reply.account.state, AccountState::Locked, "{tool} {when:?}");
                let health = daemon.submit().health();
                assert!(health.ready, "settled: {:?}", health.problems);
            });
        }
    }
}

#[test]
fn a_resumption_that_fails_leaves_a_foreign_user_of_the_name_alone() {
    private_host(|host| {
        tools::wrap(host);
        let mut daemon = Daemon::start(host, "");
        suspended(&daemon);
        let call = on(Method::ResumeAccount, "ada");
        interrupt(&mut daemon, "usermod", When::Before, &call);
        make_foreign("ada");
        let theirs = entries("ada");
        daemon.start_again();
        assert_eq!(entries("ada"), theirs);
        assert_closed_to_the_registrant("ada");
        let reply = daemon.submit().get("ada").unwrap();
        assert_eq!(reply.account.state, AccountState::Suspended);
    });
}

/// Kills the daemon while the tool is at work, and lets the tool end.
fn interrupt(daemon: &mut Daemon, tool: &str, when: When, call: &Method) {
    tools::stall(tool, when);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| Caller::new(ADMIN).steps(call).0);
        tools::wait_until_stalled();
        daemon.kill();
        assert!(call.join().unwrap().is_err());
    });
    tools::let_go(tool, when);
    // The state's lock is held by the tool until it has ended.
    let lock = fs::File::open("/var/lib/provisiond/lock").unwrap();
    lock.lock().unwrap();
}
