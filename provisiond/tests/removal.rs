//! Suspension, archive, restoration and removal, with real shadow-utils and tar, on a private
//! host.
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sys::stat::{Mode, SFlag, mknod};
use provision_api::{AccountState, Method, ProvisionError, Step};
use support::daemon::*;
use support::picture::picture;
use support::private_host::{PrivateHost, private_host, run};
use support::turns::{MANIFEST, TAR, start_daemon, turn};

/// A home with everything in it that a member may make.
fn fill_home(host: &PrivateHost, uid: u32) {
    let ours = |path: &str| {
        std::os::unix::fs::lchown(path, Some(uid), Some(uid)).unwrap();
    };
    host.file("/home/ada/letter", "kept", 0o600);
    host.file("/home/ada/tool", "#!/bin/sh\n", 0o755);
    ours("/home/ada/letter");
    ours("/home/ada/tool");
    // chown(2) takes the bit away.
    fs::set_permissions("/home/ada/tool", fs::Permissions::from_mode(0o4755)).unwrap();
    fs::hard_link("/home/ada/letter", "/home/ada/letter again").unwrap();
    symlink("/etc/shadow", "/home/ada/link").unwrap();
    symlink("nowhere\nat all", "/home/ada/-rf").unwrap();
    host.directory("/home/ada/public/team", 0o2775);
    host.file("/home/ada/new\nline \u{fe0f}é", "x", 0o640);
    host.file(
        "/home/ada/Maildir/new/1.M1.tilde",
        "Subject: hello\n\n",
        0o600,
    );
    mknod("/home/ada/fifo", SFlag::S_IFIFO, Mode::S_IRWXU, 0).unwrap();
    drop(UnixListener::bind("/home/ada/socket").unwrap());
    let sparse = fs::File::create("/home/ada/sparse").unwrap();
    sparse.set_len(64 << 20).unwrap();
    std::os::unix::fs::FileExt::write_at(&sparse, b"end", 50 << 20).unwrap();
    for path in [
        "link",
        "-rf",
        "public/team",
        "new\nline \u{fe0f}é",
        "Maildir/new/1.M1.tilde",
        "fifo",
        "socket",
        "sparse",
    ] {
        ours(&format!("/home/ada/{path}"));
    }
    fs::set_permissions("/home/ada/public/team", fs::Permissions::from_mode(0o2775)).unwrap();
    let old = fs::FileTimes::new()
        .set_modified(std::time::UNIX_EPOCH + std::time::Duration::new(1_000_000_000, 123_456_789));
    fs::File::options()
        .write(true)
        .open("/home/ada/letter")
        .unwrap()
        .set_times(old)
        .unwrap();
}

/// Jobs as Debian's crontab(1), at(1) and loginctl(1) leave them.
fn make_jobs(host: &PrivateHost, uid: u32) {
    host.directory("/var/spool/cron", 0o755);
    host.directory("/var/spool/cron/crontabs", 0o1730);
    host.directory("/var/spool/cron/atjobs", 0o1770);
    host.directory("/var/lib/systemd/linger", 0o755);
    host.file(
        "/var/spool/cron/crontabs/ada",
        "* * * * * touch ran\n",
        0o600,
    );
    host.file("/var/spool/cron/crontabs/bob", "@daily true\n", 0o600);
    host.file(
        "/var/spool/cron/atjobs/a0000101c2f3d4",
        "#!/bin/sh\ntrue\n",
        0o700,
    );
    host.file(
        "/var/spool/cron/atjobs/a0000201c2f3d4",
        "#!/bin/sh\nbob\n",
        0o700,
    );
    host.file("/var/lib/systemd/linger/ada", "", 0o644);
    chown("/var/spool/cron/crontabs/ada", Some(uid), Some(8)).unwrap();
    chown("/var/spool/cron/atjobs/a0000101c2f3d4", Some(uid), Some(1)).unwrap();
    chown(
        "/var/spool/cron/atjobs/a0000201c2f3d4",
        Some(4_002),
        Some(1),
    )
    .unwrap();
}

fn jobs() -> [BTreeMap<String, String>; 3] {
    let files = |dir| {
        let mut files = picture(dir);
        // The directory itself: its time says that something was moved.
        files.remove("");
        files
    };
    [
        files("/var/spool/cron/crontabs"),
        files("/var/spool/cron/atjobs"),
        files("/var/lib/systemd/linger"),
    ]
}

/// Whether su(1), which asks PAM, lets the account in.
fn su_lets_in() -> bool {
    Command::new("/usr/bin/su")
        .args(["-s", "/bin/sh", "-c", "true", "ada"])
        .output()
        .unwrap()
        .status
        .success()
}

#[test]
fn a_suspended_account_runs_nothing_and_gets_everything_back_when_it_is_resumed() {
    private_host(|host| {
        let mut daemon = start_daemon(host);
        let account = daemon.submit().make_active("ada");
        fill_home(host, account.uid);
        make_jobs(host, account.uid);
        let (home, before) = (picture("/home/ada"), jobs());
        let key_file = fs::read("/etc/ssh/registrar_keys/ada").unwrap();
        assert!(su_lets_in());

        assert_eq!(
            turn(&daemon, Method::SuspendAccount),
            AccountState::Suspended
        );
        assert!(!su_lets_in(), "an expired account is let in");
        let [crontabs, atjobs, linger] = jobs();
        assert_eq!(crontabs.into_keys().collect::<Vec<_>>(), ["bob"]);
        assert_eq!(atjobs.into_keys().collect::<Vec<_>>(), ["a0000201c2f3d4"]);
        assert!(linger.is_empty());
        assert!(!daemon.admin().get("ada").unwrap().host.mail_accepted);
        let maps = ["refused_recipients", "suspended/refused_recipients"];
        let reason = |map: &str| {
            let text = fs::read_to_string(format!("/etc/postfix/registrar/{map}")).unwrap();
            let line = text.lines().find(|line| line.starts_with("ada@"));
            line.map(|line| line.contains("550 5.2.1 This mailbox is not active"))
        };
        assert_eq!(maps.map(reason), [Some(true); 2]);
        let kept = format!("/var/lib/provisiond/jobs/{}", account.registration_id);
        assert_eq!(
            fs::metadata("/var/lib/provisiond/jobs").unwrap().mode() & 0o7777,
            0o700
        );
        assert_eq!(fs::read_dir(&kept).unwrap().count(), 3);

        daemon.kill();
        daemon.start_again();
        assert_eq!(turn(&daemon, Method::ResumeAccount), AccountState::Active);
        assert!(su_lets_in());
        assert_eq!(jobs(), before);
        assert_eq!(picture("/home/ada"), home);
        assert_eq!(fs::read("/etc/ssh/registrar_keys/ada").unwrap(), key_file);
        assert_eq!(shadow_field("ada", 1), HASH);
        assert!(!Path::new(&kept).exists());
        assert_eq!(maps.map(reason), [None; 2]);
    });
}

#[test]
fn an_archived_account_is_restored_with_the_same_ids_files_and_jobs() {
    private_host(|host| {
        let daemon = start_daemon(host);
        let (submit, admin) = (daemon.submit(), daemon.admin());
        let account = submit.make_active("ada");
        fill_home(host, account.uid);
        make_jobs(host, account.uid);
        run("/usr/sbin/usermod", &["-s", "/bin/sh", "ada"]);
        let mut home = picture("/home/ada");
        let (before, passwd) = (jobs(), line_of("/etc/passwd", "ada"));
        let refused = admin.change(&on(Method::ArchiveAccount, "ada"));
        assert!(matches!(refused, Err(ProvisionError::WrongState { .. })));

        turn(&daemon, Method::SuspendAccount);
        assert_eq!(
            turn(&daemon, Method::ArchiveAccount),
            AccountState::Archived
        );
        for file in ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"] {
            assert_eq!(line_of(file, "ada"), None, "{file}");
        }
        assert!(fs::symlink_metadata("/home/ada").is_err());
        assert_eq!(fs::read_dir("/home/.registrar/held").unwrap().count(), 0);
        assert!(!submit.check("ada").available);
        assert!(admin.change(&on(Method::ResumeAccount, "ada")).is_err());
        // For root alone, without a secret, and 64 MiB of nothing take no room.
        for (path, mode) in [
            (TAR, 0o600),
            (MANIFEST, 0o600),
            ("/var/lib/provisiond/archive", 0o700),
        ] {
            let meta = fs::metadata(path).unwrap();
            assert_eq!((meta.uid(), meta.mode() & 0o7777), (0, mode), "{path}");
        }
        assert!(fs::metadata(TAR).unwrap().len() < 1 << 20);
        let manifest = fs::read_to_string(MANIFEST).unwrap();
        assert!(manifest.contains("\"sockets\": 1") && !manifest.contains(&HASH[7..]));

        let (reply, steps) = admin.steps(&on(Method::RestoreAccount, "ada"));
        let restored = reply.unwrap().account.unwrap();
        assert_eq!(restored.state, AccountState::Suspended);
        assert!(steps.contains(&Step::Restore), "{steps:?}");
        assert_eq!((restored.uid, restored.gid), (account.uid, account.gid));
        assert_eq!(line_of("/etc/passwd", "ada"), passwd);
        home.remove("socket").unwrap();
        assert_eq!(picture("/home/ada"), home);
        assert!(
            fs::symlink_metadata("/home/ada/fifo")
                .unwrap()
                .file_type()
                .is_fifo()
        );
        assert!(!Path::new(TAR).exists() && !Path::new(MANIFEST).exists());
        let view = admin.get("ada").unwrap().host;
        assert!(
            view.exists && view.expired && view.maildir && !view.mail_accepted && !view.ssh_keys
        );
        assert_eq!(restored, admin.get("ada").unwrap().account);

        assert_eq!(turn(&daemon, Method::ResumeAccount), AccountState::Active);
        assert_eq!(jobs(), before);
        let view = admin.get("ada").unwrap();
        assert!(view.host.mail_accepted && view.host.ssh_keys && !view.account.has_password);
        assert_eq!(shadow_field("ada", 1), "*");
        submit.change(&set_password("ada", OTHER_HASH)).unwrap();
    });
}

#[test]
fn a_login_that_was_on_its_way_when_the_account_was_suspended_is_ended_too() {
    private_host(|host| {
        let daemon = start_daemon(host);
        let uid = daemon.submit().make_active("ada").uid;
        // As sshd: it asked whether the account may be used, and becomes the user a moment later.
        host.directory("/run/real", 0o755);
        fs::copy("/usr/sbin/usermod", "/run/real/usermod").unwrap();
        let login = format!(
            "#!/bin/sh\n/run/real/usermod \"$@\" || exit\n\
             (exec </dev/null >/dev/null 2>&1; sleep 0.15; echo late > /run/late; \
             exec setpriv --reuid={uid} --regid={uid} --clear-groups sleep 600) &\n"
        );
        let wrapper = host.file("/run/usermod", login, 0o755);
        let usermod = Path::new("/usr/sbin/usermod");
        let bind = MsFlags::MS_BIND;
        mount(Some(&wrapper), usermod, None::<&str>, bind, None::<&str>).unwrap();
        turn(&daemon, Method::SuspendAccount);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert_eq!(fs::read_to_string("/run/late").unwrap(), "late\n");
        let left = format!("ps -o stat=,args= -u {uid} | grep -v ^Z || true");
        assert_eq!(run("/bin/sh", &["-c", &left]), "");
    });
}
