//! Notices, delivered by the real program as the member.
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use provision_api::Username;
use provisiond::home::{Ids, MailDomain};
use provisiond::notify::{Notice, Notifier, NotifyError, Recipient};
use support::private_host::{PrivateHost, not_run, private_host};

const PROGRAM: &str = env!("CARGO_BIN_EXE_provisiond");
const IDS: Ids = Ids {
    uid: 45_001,
    gid: 45_001,
};
const NOW: i64 = 1_709_210_096;

fn make_home(host: &PrivateHost) {
    for (dir, mode) in [("", 0o711), ("Maildir", 0o700)] {
        own(host.directory(Path::new("/home/ada").join(dir), mode));
    }
    for part in ["new", "cur", "tmp"] {
        own(host.directory(format!("/home/ada/Maildir/{part}"), 0o700));
    }
}

fn own(path: impl AsRef<Path>) {
    chown(path, Some(IDS.uid), Some(IDS.gid)).unwrap();
}

fn deliver(notice: Notice, ids: Ids) -> Result<(), NotifyError> {
    let username = Username::parse("ada").unwrap();
    let domain = MailDomain::parse("tilde.example").unwrap();
    let to = Recipient {
        username: &username,
        ids,
        home: Path::new("/home/ada"),
    };
    Notifier::new(domain)
        .with_program(PROGRAM)
        .deliver(notice, to, NOW)
}

fn messages(dir: &str) -> Vec<PathBuf> {
    fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect()
}

#[test]
fn a_notice_is_a_new_message_that_belongs_to_the_member() {
    private_host(|host| {
        make_home(host);
        deliver(Notice::PasswordChanged, IDS).unwrap();
        deliver(Notice::SshKeysChanged { count: 2 }, IDS).unwrap();
        let new = messages("/home/ada/Maildir/new");
        assert_eq!(new.len(), 2, "two notices of one second are two messages");
        for path in &new {
            let meta = fs::metadata(path).unwrap();
            assert_eq!((meta.uid(), meta.gid()), (IDS.uid, IDS.gid));
            assert_eq!(meta.mode() & 0o7777, 0o600);
            assert!(
                fs::read_to_string(path)
                    .unwrap()
                    .contains("To: ada@tilde.example\n")
            );
        }
        assert!(messages("/home/ada/Maildir/tmp").is_empty());
    });
}

/// The files of a process in `/proc` are root's when it is not dumpable (proc(5)): its user can neither trace
/// it nor read its memory, descriptors or environment.
#[test]
fn the_process_that_delivers_as_the_member_can_not_be_traced_by_the_member() {
    private_host(|host| {
        make_home(host);
        let mut child = Command::new(PROGRAM)
            .args(["deliver", "/home/ada", "name"])
            .stdin(Stdio::piped())
            .uid(IDS.uid)
            .gid(IDS.gid)
            .spawn()
            .unwrap();
        let memory = format!("/proc/{}/mem", child.id());
        let owner = || fs::metadata(&memory).unwrap().uid();
        let started = Instant::now();
        while owner() != 0 && started.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        // It waits for the message.
        assert_eq!(owner(), 0);
        drop(child.stdin.take());
        assert!(child.wait().unwrap().success());
    });
}

/// CVE-2020-16126 and CVE-2022-1804: accounts-daemon kept rights of root while it was at work in
/// a user's home. Here the process that delivers refuses to go on with any of them.
#[test]
fn accountsservice_cve_2020_16126_and_cve_2022_1804_nothing_is_delivered_with_rights_of_root_left()
{
    private_host(|host| {
        make_home(host);
        for ids in [
            Ids { uid: 0, gid: 0 },
            Ids { uid: 0, ..IDS },
            Ids { gid: 0, ..IDS },
        ] {
            let refused = deliver(Notice::PasswordChanged, ids);
            assert!(
                matches!(refused, Err(NotifyError::NoMember { .. })),
                "{refused:?}"
            );
        }
        let child = |ids: Option<(u32, u32)>| {
            let mut command = Command::new(PROGRAM);
            command
                .args(["deliver", "/home/ada", "name"])
                .stdin(Stdio::null());
            if let Some((uid, gid)) = ids {
                command.uid(uid).gid(gid);
            }
            command.output().unwrap()
        };
        for ids in [None, Some((0, IDS.gid)), Some((IDS.uid, 0))] {
            let output = child(ids);
            assert!(!output.status.success(), "{ids:?}");
            assert!(String::from_utf8_lossy(&output.stderr).contains("rights of root"));
        }
        // A group of others that was not given up.
        let output = Command::new("/usr/bin/setpriv")
            .args(["--reuid=45001", "--regid=45001", "--groups=4", PROGRAM])
            .args(["deliver", "/home/ada", "name"])
            .stdin(Stdio::null())
            .output();
        match output {
            Ok(output) => assert!(!output.status.success()),
            Err(e) => not_run(&format!("needs setpriv (package util-linux): {e}")),
        }
        assert!(messages("/home/ada/Maildir/new").is_empty());
        assert!(
            child(Some((IDS.uid, IDS.gid))).status.success(),
            "the test itself is wrong"
        );
    });
}

/// The directory on the far side is open to the member, so nothing but the rule protects it.
#[test]
fn a_maildir_that_leads_elsewhere_gets_nothing_written_there() {
    private_host(|host| {
        for link in ["Maildir", "Maildir/tmp", "Maildir/new"] {
            make_home(host);
            let far = host.directory("/home/far", 0o777);
            for part in ["new", "cur", "tmp"] {
                own(host.directory(far.join(part), 0o777));
            }
            own(&far);
            let link = Path::new("/home/ada").join(link);
            fs::remove_dir_all(&link).unwrap();
            for target in ["/etc", "/home/far"] {
                symlink(target, &link).unwrap();
                let refused = deliver(Notice::PasswordChanged, IDS);
                assert!(
                    matches!(refused, Err(NotifyError::Refused { .. })),
                    "{refused:?}"
                );
                for part in ["", "new", "cur", "tmp"] {
                    let files = messages(&format!("/home/far/{part}"));
                    assert!(files.iter().all(|path| path.is_dir()), "{files:?}");
                }
                fs::remove_file(&link).unwrap();
            }
            fs::remove_dir_all("/home/ada").unwrap();
        }
    });
}

#[test]
fn a_maildir_of_someone_else_or_none_at_all_is_an_error_that_says_so() {
    private_host(|host| {
        make_home(host);
        let theirs = Path::new("/home/ada/Maildir");
        chown(theirs, Some(45_002), Some(45_002)).unwrap();
        fs::set_permissions(theirs, fs::Permissions::from_mode(0o777)).unwrap();
        let why = deliver(Notice::PasswordChanged, IDS)
            .unwrap_err()
            .to_string();
        assert!(why.contains("Maildir is no directory of yours"), "{why}");
        fs::remove_dir_all(theirs).unwrap();
        let why = deliver(Notice::PasswordChanged, IDS)
            .unwrap_err()
            .to_string();
        assert!(why.contains("No such file"), "{why}");
    });
}

#[test]
fn a_member_who_keeps_the_childs_output_open_does_not_hold_the_daemon() {
    private_host(|host| {
        make_home(host);
        // As a member could make the child behave: it ends, and a copy of its output lives on.
        let script =
            "#!/bin/sh\n/bin/sleep 5 &\necho $! >/home/ada/pid\necho no room >&2\nexit 1\n";
        let program = host.file("/home/lingering", script, 0o755);
        let username = Username::parse("ada").unwrap();
        let to = Recipient {
            username: &username,
            ids: IDS,
            home: Path::new("/home/ada"),
        };
        let refused = Notifier::new(MailDomain::parse("tilde.example").unwrap())
            .with_program(program)
            .deliver(Notice::PasswordChanged, to, NOW);
        let pid = fs::read_to_string("/home/ada/pid").unwrap();
        let status = Path::new("/proc").join(pid.trim()).join("status");
        let status = fs::read_to_string(status).unwrap_or_default();
        // Running or asleep, but neither gone nor ended.
        assert!(
            status.contains("State:") && !status.contains("State:\tZ"),
            "the answer came only when the last copy was closed: {status}"
        );
        assert!(refused.unwrap_err().to_string().contains("no room"));
    });
}

#[test]
fn a_delivery_that_hangs_is_ended_by_the_members_own_right() {
    private_host(|host| {
        make_home(host);
        // provisiond has no CAP_KILL; the private host's root has, so that alone shows nothing:
        // what is tested is that a process of the member sends the signal.
        let script = "#!/bin/sh\necho $$ >/home/ada/pid\nexec /bin/sleep 60\n";
        let program = host.file("/home/hanging", script, 0o755);
        let username = Username::parse("ada").unwrap();
        let to = Recipient {
            username: &username,
            ids: IDS,
            home: Path::new("/home/ada"),
        };
        let late = Notifier::new(MailDomain::parse("tilde.example").unwrap())
            .with_program(program)
            .with_deadline(std::time::Duration::from_millis(500))
            .deliver(Notice::PasswordChanged, to, NOW);
        assert!(
            matches!(late, Err(NotifyError::Deadline { .. })),
            "{late:?}"
        );
        let pid = fs::read_to_string("/home/ada/pid").unwrap();
        let left = Path::new("/proc").join(pid.trim());
        assert!(!left.exists(), "{} is still there", left.display());
    });
}
