//! `kill -9` of the daemon in the middle of every tool that it runs; then a restart must end in a
//! state that the interface allows, with no orphan, and the repeated call must succeed.
mod support;

use std::collections::BTreeSet;
use std::fs;

use provision_api::{AccountState, Method};
use support::daemon::*;
use support::private_host::{PrivateHost, private_host};
use support::tools::{self, When};

/// Users, groups and homes on the one side, the registry on the other: they must agree.
fn assert_no_orphans(daemon: &Daemon) {
    let accounts = daemon.admin().list(None, 100).accounts;
    let known: BTreeSet<String> = accounts
        .iter()
        .filter(|a| !matches!(a.state, AccountState::Archived | AccountState::Removed))
        .map(|a| a.username.to_string())
        .collect();
    let members_of = |file: &str| -> BTreeSet<String> {
        fs::read_to_string(file)
            .unwrap()
            .lines()
            .filter(|line| {
                let id = line.split(':').nth(2).unwrap().parse::<u32>();
                (20_000..60_000).contains(&id.unwrap())
            })
            .map(|line| line.split(':').next().unwrap().to_owned())
            .collect()
    };
    assert_eq!(members_of("/etc/passwd"), known);
    assert_eq!(members_of("/etc/group"), known);
    let homes: BTreeSet<String> = fs::read_dir("/home")
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with('.'))
        .collect();
    let configured: BTreeSet<String> = accounts
        .iter()
        .filter(|a| a.mail_configured)
        .map(|a| a.username.to_string())
        .collect();
    assert_eq!(homes, configured);
    let staged: BTreeSet<String> = fs::read_dir("/home/.registrar/staging")
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    let unpublished: BTreeSet<String> = accounts
        .iter()
        .filter(|a| a.state == AccountState::Locked && !a.mail_configured)
        .map(|a| a.registration_id.to_string())
        .collect();
    assert_eq!(staged, unpublished);
    assert_eq!(fs::read_dir("/home/.registrar/trash").unwrap().count(), 0);
    for account in &accounts {
        let view = daemon.admin().get(account.username.as_str()).unwrap().host;
        let open = account.state == AccountState::Active;
        assert_eq!(view.expired, !open, "{account:?}");
        assert_eq!(view.mail_accepted, open, "{account:?}");
    }
    let health = daemon.admin().health();
    assert!(health.ready, "{:?}", health.problems);
}

/// Makes the call, kills the daemon where the tool stalls, lets the tool go on without it,
/// restarts, checks, and repeats the call.
fn crash_in(
    host: &PrivateHost,
    tool: &str,
    when: When,
    prepare: impl FnOnce(&Daemon) -> Method,
    then: AccountState,
) {
    tools::wrap(host);
    let mut daemon = Daemon::start(host, "");
    daemon.submit().make_active("bystander");
    let method = prepare(&daemon);
    tools::stall(tool, when);
    std::thread::scope(|scope| {
        let call = scope.spawn(|| Caller::new(ADMIN).steps(&method).0);
        tools::wait_until_stalled();
        daemon.kill();
        assert!(call.join().unwrap().is_err());
    });
    tools::let_go(tool, when);
    daemon.start_again();
    assert_no_orphans(&daemon);
    let account = daemon.admin().change(&method).unwrap();
    assert_eq!(account.state, then);
    assert_no_orphans(&daemon);
    // And once more: the same answer.
    assert_eq!(daemon.admin().change(&method).unwrap(), account);
}

fn each(tool: &str, prepare: impl Fn(&Daemon) -> Method + Copy + Send + Sync, then: AccountState) {
    for when in [When::Before, When::After] {
        private_host(|host| crash_in(host, tool, when, prepare, then));
    }
}

fn configured(daemon: &Daemon) -> provision_api::RegistrationId {
    let registration = registration();
    let submit = daemon.submit();
    submit.change(&create(registration, "ada", "Ada")).unwrap();
    submit.change(&configure(registration, "ada")).unwrap();
    registration
}

fn active(daemon: &Daemon) {
    daemon.submit().make_active("ada");
}

#[test]
fn a_kill_while_the_group_is_made_leaves_nothing_behind() {
    let call = |_: &Daemon| create(registration(), "ada", "Ada");
    each("groupadd", call, AccountState::Locked);
}

#[test]
fn a_kill_while_the_user_is_made_leaves_nothing_behind() {
    let call = |_: &Daemon| create(registration(), "ada", "Ada");
    each("useradd", call, AccountState::Locked);
}

#[test]
fn a_kill_while_the_password_is_set_leaves_the_account_locked() {
    let call = |d: &Daemon| activate(configured(d), "ada", Some(HASH), &[KEY]);
    each("chpasswd", call, AccountState::Active);
}

#[test]
fn a_kill_while_the_account_is_unlocked_ends_in_locked_or_active() {
    let call = |d: &Daemon| activate(configured(d), "ada", Some(HASH), &[KEY]);
    each("usermod", call, AccountState::Active);
}

#[test]
fn a_kill_during_a_discard_is_finished_at_the_next_start() {
    let call = |d: &Daemon| discard(configured(d), "ada");
    each("userdel", call, AccountState::Removed);
}

#[test]
fn a_kill_during_a_change_of_password_is_finished_or_repeated() {
    let call = |d: &Daemon| {
        active(d);
        set_password("ada", OTHER_HASH)
    };
    each("chpasswd", call, AccountState::Active);
}

#[test]
fn a_kill_during_a_suspension_is_finished_at_the_next_start() {
    let call = |d: &Daemon| {
        active(d);
        on(Method::SuspendAccount, "ada")
    };
    each("usermod", call, AccountState::Suspended);
}

#[test]
fn a_kill_while_an_account_is_resumed_is_finished_at_the_next_start() {
    let call = |d: &Daemon| {
        active(d);
        d.admin()
            .change(&on(Method::SuspendAccount, "ada"))
            .unwrap();
        on(Method::ResumeAccount, "ada")
    };
    each("usermod", call, AccountState::Active);
}

#[test]
fn a_kill_during_a_removal_is_finished_at_the_next_start() {
    let call = |d: &Daemon| {
        active(d);
        d.admin()
            .change(&on(Method::SuspendAccount, "ada"))
            .unwrap();
        on(Method::RemoveAccount, "ada")
    };
    each("userdel", call, AccountState::Removed);
}

#[test]
fn a_step_that_fails_midway_is_undone_and_the_uid_is_not_used_again() {
    private_host(|host| {
        tools::wrap(host);
        let daemon = Daemon::start(host, "");
        for (tool, code) in [("groupadd", 3), ("useradd", 12), ("groupadd", 10)] {
            tools::fail(tool, code);
            let call = create(registration(), "ada", "Ada");
            daemon.submit().change(&call).unwrap_err();
            assert_no_orphans(&daemon);
            assert!(daemon.submit().check("ada").available);
            tools::work_again(tool);
        }
        let account = daemon
            .submit()
            .change(&create(registration(), "ada", "Ada"))
            .unwrap();
        assert_eq!(account.uid, 20_003);
        // An activation that can't unlock goes back to locked; one that can't be done now says so.
        let registration = account.registration_id;
        daemon
            .submit()
            .change(&configure(registration, "ada"))
            .unwrap();
        tools::fail("chpasswd", 1);
        let call = activate(registration, "ada", Some(HASH), &[KEY]);
        let error = daemon.submit().change(&call).unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_no_orphans(&daemon);
        assert!(fs::metadata("/etc/ssh/registrar_keys/ada").is_err());
        tools::work_again("chpasswd");
        daemon.submit().change(&call).unwrap();
    });
}

#[test]
fn sigterm_finishes_what_is_under_way_and_answers_it() {
    private_host(|host| {
        tools::wrap(host);
        let mut daemon = Daemon::start(host, "");
        tools::stall("useradd", When::Before);
        std::thread::scope(|scope| {
            let call =
                scope.spawn(|| Caller::new(SUBMIT).change(&create(registration(), "ada", "Ada")));
            tools::wait_until_stalled();
            let letting_go = scope.spawn(|| {
                std::thread::sleep(std::time::Duration::from_millis(300));
                tools::let_go("useradd", When::Before);
            });
            daemon.stop();
            letting_go.join().unwrap();
            call.join().unwrap().unwrap();
        });
        daemon.start_again();
        assert_no_orphans(&daemon);
        assert!(daemon.submit().get("ada").is_ok());
    });
}
