//! Members who are at work against the daemon while it is at work for or against them. Nothing
//! outside of their own account may change.
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use provision_api::{AccountState, Method, ProvisionError};
use support::daemon::*;
use support::picture::{contents, differences};
use support::private_host::{PrivateHost, private_host, run};
use support::turns::{refused, start_daemon, turn};

/// Swaps what the daemon may look at for links to what is others', and back. Ends by itself, in
/// case that the daemon does not end it.
const SWAPPER: &str = r#"
    chdir $ARGV[0] or die; $| = 1;
    # What an earlier one left when it was ended: through that it would change the lures itself.
    for my $name ('Maildir', 'Maildir/new', 'Maildir/tmp', 'Maildir/cur', '.ssh', 'public', '.neomuttrc') {
        unlink $name if -l $name; rename "$name.real", $name if -e "$name.real";
    }
    my @lures = ('/home/victim/Maildir', '/home/ada/../victim/Maildir', '/home/victim', '/etc');
    print qq(ready\n);
    my $end = time + 120; while (time < $end) {
        for my $name ('Maildir', 'Maildir/new', 'Maildir/tmp', 'Maildir/cur', '.ssh', 'public', '.neomuttrc') {
            my $lure = $lures[rand @lures];
            rename $name, "$name.real";
            symlink $lure, $name; symlink "$lure/new", "lure" . int rand 50;
            link '/home/victim/letter', 'grabbed'; link '/etc/shadow', 'grabbed';
            unlink $name; mkdir 'deep' . int rand 50;
            rename 'deep' . int rand 50, 'Maildir/tmp/deep'; rename "$name.real", $name;
        }
    }"#;

/// Makes more of itself than can be counted, and stops what it may.
const BOMB: &str = r#"
    $SIG{$_} = 'IGNORE' for qw(TERM HUP INT CHLD); $| = 1; print qq(ready\n);
    my $end = time + 120; while (time < $end) { my $child = fork; exit if $child && rand() < 0.5; kill 'STOP', -1 if rand() < 0.01;
        select undef, undef, undef, 0.001 if !defined $child }"#;

/// Starts a program as a member; it is at work when this returns.
fn start(uid: u32, program: &str, argument: &str) -> Child {
    let mut child = Command::new("/usr/bin/prlimit")
        .args(["--nproc=40", "/usr/bin/perl", "-e", program, argument])
        .uid(uid)
        .gid(uid)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let output = child.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    child
}

/// A member whose things anyone may write: what the daemon is led to, it can spoil.
fn make_victim(host: &PrivateHost, daemon: &Daemon) {
    daemon.submit().make_active("victim");
    host.file("/home/victim/letter", "mine", 0o666);
    host.directory("/home/victim/public", 0o777);
    for dir in ["Maildir", "Maildir/new", "Maildir/tmp", "Maildir/cur"] {
        let path = format!("/home/victim/{dir}");
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
    }
    fs::set_permissions("/home/victim", fs::Permissions::from_mode(0o777)).unwrap();
}

/// All that is not ada's: the victim's home, and `/etc` without her lines and her key file.
fn others() -> BTreeMap<String, String> {
    let databases = ["passwd", "group", "shadow", "gshadow"];
    let hidden = |path: &str| {
        let file = path.trim_end_matches('-');
        databases.contains(&file) || path.contains(".lock") || path.contains("registrar")
    };
    let mut all = contents("/etc", hidden);
    for (path, facts) in contents("/home/victim", |_| false) {
        all.insert(format!("/home/victim/{path}"), facts);
    }
    for file in databases {
        let text = fs::read_to_string(format!("/etc/{file}")).unwrap();
        for line in text.lines().filter(|line| !line.starts_with("ada:")) {
            all.insert(format!("{file} {line}"), String::new());
        }
    }
    let keys = fs::read_to_string("/etc/ssh/registrar_keys/victim").unwrap();
    all.insert("keys".to_owned(), keys);
    all
}

/// Fails if anything of others changed.
fn nothing_changed(before: &BTreeMap<String, String>, when: &str) {
    let changed = differences(before, &others());
    assert!(changed.is_empty(), "{when}: {}", changed.join("\n"));
}

#[test]
fn a_member_who_swaps_directories_for_links_changes_nothing_outside_of_the_home() {
    private_host(|host| {
        let daemon = start_daemon(host);
        make_victim(host, &daemon);
        let uid = daemon.submit().make_active("ada").uid;
        fs::create_dir("/home/ada/.ssh").unwrap();
        chown("/home/ada/.ssh", Some(uid), Some(uid)).unwrap();
        let before = others();
        for round in 0..5 {
            let mut swapper = start(uid, SWAPPER, "/home/ada");
            for hash in [OTHER_HASH, HASH] {
                daemon.submit().change(&set_password("ada", hash)).unwrap();
                daemon.submit().change(&set_keys("ada", &[KEY])).unwrap();
            }
            assert_eq!(swapper.try_wait().unwrap(), None, "it stopped by itself");
            assert_eq!(
                turn(&daemon, Method::SuspendAccount),
                AccountState::Suspended
            );
            assert!(!swapper.wait().unwrap().success());
            nothing_changed(&before, &format!("round {round}"));
            // As root would by mistake: something of hers runs although she is suspended.
            let mut swapper = start(uid, SWAPPER, "/home/ada");
            assert_eq!(
                turn(&daemon, Method::ArchiveAccount),
                AccountState::Archived
            );
            assert!(!swapper.wait().unwrap().success());
            nothing_changed(&before, &format!("round {round}"));
            turn(&daemon, Method::RestoreAccount);
            turn(&daemon, Method::ResumeAccount);
            nothing_changed(&before, &format!("round {round}"));
        }
        turn(&daemon, Method::SuspendAccount);
        let mut swapper = start(uid, SWAPPER, "/home/ada");
        assert_eq!(turn(&daemon, Method::RemoveAccount), AccountState::Removed);
        assert!(!swapper.wait().unwrap().success());
        nothing_changed(&before, "afterwards");
        assert!(!Path::new("/home/ada").exists());
        for dir in ["trash", "held", "staging"] {
            let left = fs::read_dir(format!("/home/.registrar/{dir}"))
                .unwrap()
                .count();
            assert_eq!(left, 0, "{dir}");
        }
    });
}

#[test]
fn polkit_cve_2013_4288_processes_are_ended_by_their_user_and_no_fork_bomb_gets_away() {
    private_host(|host| {
        let daemon = start_daemon(host);
        let uid = daemon.submit().make_active("ada").uid;
        let bob = daemon.submit().make_active("bob").uid;
        let mut bystander = start(bob, "$| = 1; print qq(ready\\n); sleep 600", "");
        for round in 0..5 {
            let mut bomb = start(uid, BOMB, "");
            std::thread::sleep(Duration::from_millis(100));
            assert_eq!(
                turn(&daemon, Method::SuspendAccount),
                AccountState::Suspended
            );
            let left = run(
                "/bin/sh",
                &["-c", &format!("ps -o stat= -u {uid} | grep -v Z || true")],
            );
            assert_eq!(left, "", "round {round}");
            bomb.wait().unwrap();
            turn(&daemon, Method::ResumeAccount);
        }
        let mut bomb = start(uid, BOMB, "");
        turn(&daemon, Method::SuspendAccount);
        bomb.wait().unwrap();
        let mut bomb = start(uid, BOMB, "");
        assert_eq!(turn(&daemon, Method::RemoveAccount), AccountState::Removed);
        bomb.wait().unwrap();
        assert_eq!(bystander.try_wait().unwrap(), None, "a bystander was hit");
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    });
}

/// `AccountsService` took a path that began as the user's own for one that stayed there.
#[test]
fn accountsservice_cve_2018_14036_a_path_that_begins_in_the_home_and_leads_out_is_not_written() {
    private_host(|host| {
        let daemon = start_daemon(host);
        make_victim(host, &daemon);
        let uid = daemon.submit().make_active("ada").uid;
        for (dir, lure) in [
            ("Maildir", "/home/ada/../victim/Maildir"),
            ("Maildir/new", "/home/ada/../victim/Maildir/new"),
            ("Maildir/tmp", "../../victim/Maildir/tmp"),
        ] {
            let dir = format!("/home/ada/{dir}");
            fs::rename(&dir, format!("{dir}.real")).unwrap();
            symlink(lure, &dir).unwrap();
            let before = others();
            // The change itself stands: a member must not be kept from a new password by a link.
            daemon
                .submit()
                .change(&set_password("ada", OTHER_HASH))
                .unwrap();
            nothing_changed(&before, lure);
            fs::remove_file(&dir).unwrap();
            fs::rename(format!("{dir}.real"), &dir).unwrap();
        }
        // The home itself: its owner can't replace it, and where root did, it is not followed.
        let moved = Command::new("/bin/mv")
            .args(["/home/ada", "/home/ada2"])
            .uid(uid)
            .gid(uid)
            .stderr(Stdio::null())
            .status();
        assert!(!moved.unwrap().success());
        turn(&daemon, Method::SuspendAccount);
        fs::rename("/home/ada", "/home/ada-away").unwrap();
        symlink("/home/victim", "/home/ada").unwrap();
        let before = others();
        for take in [Method::ArchiveAccount, Method::RemoveAccount] {
            let error = refused(&daemon, take);
            assert!(
                matches!(error, ProvisionError::StepFailed { .. }),
                "{error}"
            );
            nothing_changed(&before, "afterwards");
            assert!(daemon.admin().health().ready, "an operation is left open");
        }
    });
}

/// Copying and removing a tree by path followed links that its owner put there meanwhile.
#[test]
fn shadow_cve_2013_4235_packing_and_unpacking_a_tree_follows_no_link() {
    private_host(|host| {
        let daemon = start_daemon(host);
        make_victim(host, &daemon);
        daemon.submit().make_active("ada");
        for (name, to) in [
            ("passwd", "/etc/passwd"),
            ("etc", "/etc"),
            ("letter", "/home/victim/letter"),
            ("home", "../victim"),
            ("public/loop", ".."),
        ] {
            symlink(to, format!("/home/ada/{name}")).unwrap();
        }
        let before = others();
        turn(&daemon, Method::SuspendAccount);
        turn(&daemon, Method::ArchiveAccount);
        let archive = fs::read("/var/lib/provisiond/archive/ada.tar").unwrap();
        let shadow = fs::read("/etc/passwd").unwrap();
        assert!(!archive.windows(shadow.len()).any(|bytes| bytes == shadow));
        turn(&daemon, Method::RestoreAccount);
        assert_eq!(
            fs::read_link("/home/ada/home").unwrap(),
            Path::new("../victim")
        );
        assert_eq!(fs::read_link("/home/ada/etc").unwrap(), Path::new("/etc"));
        nothing_changed(&before, "afterwards");
        turn(&daemon, Method::RemoveAccount);
        nothing_changed(&before, "afterwards");
    });
}

#[test]
fn a_home_too_deep_to_be_packed_is_left_in_its_place_and_can_be_removed() {
    private_host(|host| {
        let daemon = start_daemon(host);
        daemon.submit().make_active("ada");
        turn(&daemon, Method::SuspendAccount);
        let dig = "chdir '/home/ada'; for (1..10000) { mkdir 'd'; chdir 'd' or die; }";
        run("/usr/bin/perl", &["-e", dig]);
        let error = refused(&daemon, Method::ArchiveAccount);
        assert!(
            matches!(error, ProvisionError::StepFailed { .. }),
            "{error}"
        );
        assert!(Path::new("/home/ada/d/d").exists(), "{error}");
        let left = fs::read_dir("/var/lib/provisiond/archive").unwrap().count();
        assert_eq!(left, 0);
        assert_eq!(turn(&daemon, Method::RemoveAccount), AccountState::Removed);
        assert!(!Path::new("/home/ada").exists());
        let _ = host;
    });
}
