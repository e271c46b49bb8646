//! Members who try to stay: what they can put in the way of their own suspension and archive.
mod support;

use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown};
use std::process::{Child, Command, Stdio};
use std::{fs, thread, time::Duration};

use provision_api::{AccountState, Method};
use support::private_host::{private_host, run};
use support::turns::{start_daemon, turn};

/// Starts a Perl program as root; it is at work when this returns.
fn start(program: &str) -> Child {
    let mut child = Command::new("/usr/bin/perl")
        .args(["-e", program])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

/// passwd(1) asks PAM with its caller's real uid, so whoever started it may stop it for good while
/// `pam_unix` holds the lock.
#[test]
fn a_member_who_stops_passwd_in_the_middle_is_suspended_all_the_same() {
    private_host(|host| {
        let daemon = start_daemon(host);
        let uid = daemon.submit().make_active("ada").uid;
        let mut passwd = start(&format!(
            "use Fcntl; $| = 1; open my $lock, '>>', '/etc/.pwd.lock' or die; \
             my $all = pack 's s x4 q q i x4', F_WRLCK, 0, 0, 0, 0; \
             fcntl $lock, F_SETLK, $all or die; \
             $< = {uid}; print qq(ready\\n); kill 'STOP', $$; sleep 40"
        ));
        assert_eq!(
            turn(&daemon, Method::SuspendAccount),
            AccountState::Suspended
        );
        passwd.wait().unwrap();
    });
}

/// A program with ada's setuid bit, started by bob, who takes back all but the effective uid.
#[test]
fn who_borrowed_a_members_uid_is_ended_with_it() {
    private_host(|host| {
        let daemon = start_daemon(host);
        let uid = daemon.submit().make_active("ada").uid;
        let bob = daemon.submit().make_active("bob").uid;
        // setresuid(2).
        let borrow = format!("syscall(117, {bob}, {uid}, {bob}) == 0 or die;");
        let mut borrower = start(&format!("$| = 1; {borrow} print qq(ready\\n); sleep 40"));
        let mut bystander = start(&format!(
            "$| = 1; syscall(117, {bob}, {bob}, {bob}); print qq(ready\\n); sleep 40"
        ));
        assert_eq!(
            turn(&daemon, Method::SuspendAccount),
            AccountState::Suspended
        );
        borrower.wait().unwrap();
        thread::sleep(Duration::from_millis(50));
        assert_eq!(bystander.try_wait().unwrap(), None, "a bystander was hit");
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    });
}

#[test]
fn a_home_that_its_owner_gave_another_group_is_archived_and_comes_back() {
    private_host(|host| {
        let daemon = start_daemon(host);
        let account = daemon.submit().make_active("ada");
        run("/usr/sbin/groupadd", &["-g", "4901", "friends"]);
        run("/usr/sbin/usermod", &["-aG", "friends", "ada"]);
        // As `chgrp friends ~`, which any member of the group may do.
        chown("/home/ada", Some(account.uid), Some(4_901)).unwrap();
        turn(&daemon, Method::SuspendAccount);
        turn(&daemon, Method::ArchiveAccount);
        turn(&daemon, Method::RestoreAccount);
        let mode = fs::metadata("/home/ada").unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o711);
        assert_eq!(turn(&daemon, Method::RemoveAccount), AccountState::Removed);
    });
}
