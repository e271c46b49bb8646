//! The life of an account, over the real sockets, with real shadow-utils, on a private host.
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use provision_api::{AccountState, CallError, Method, ProvisionError, Step};
use support::daemon::*;
use support::private_host::{private_host, run};

#[test]
fn an_account_is_made_configured_activated_changed_suspended_resumed_and_removed() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let (submit, admin) = (daemon.submit(), daemon.admin());
        let registration = registration();

        // Made: there, with the ids that were chosen, and of no use to anyone.
        let (reply, steps) = submit.steps(&create(registration, "ada", "Ada: Lovelace"));
        let account = reply.unwrap().account.unwrap();
        assert_eq!(
            steps,
            [
                Step::RefuseMail,
                Step::Group,
                Step::User,
                Step::StageHome,
                Step::Record
            ]
        );
        assert_eq!((account.uid, account.gid), (20_000, 20_000));
        assert_eq!(account.state, AccountState::Locked);
        assert_eq!(
            run("/usr/bin/id", &["ada"]).trim(),
            "uid=20000(ada) gid=20000(ada) groups=20000(ada)"
        );
        assert_eq!(
            line_of("/etc/passwd", "ada").unwrap(),
            "ada:x:20000:20000:Ada Lovelace:/home/ada:/bin/bash"
        );
        assert_eq!(shadow_field("ada", 1), "!");
        assert_eq!(shadow_field("ada", 7), "1");
        assert!(fs::symlink_metadata("/home/ada").is_err());
        assert!(line_of("/etc/subuid", "ada").is_none());
        let view = submit.get("ada").unwrap().host;
        assert!(view.exists && view.expired && view.password_locked);
        assert!(!view.home && !view.mail_accepted && !view.ssh_keys);

        // Postfix, sshd and the web can read what is for them, whatever umask the daemon has.
        for (path, mode) in [
            ("/etc/postfix/registrar", 0o755),
            ("/etc/postfix/registrar/refused_recipients", 0o644),
            ("/etc/postfix/registrar/refused_recipients.db", 0o644),
            ("/etc/ssh/registrar_keys", 0o755),
            ("/run/provisiond", 0o755),
            ("/etc/passwd", 0o644),
            ("/etc/group", 0o644),
        ] {
            let found = fs::metadata(path).unwrap().permissions().mode() & 0o7777;
            assert_eq!(found, mode, "{path}: {found:o}");
        }

        // Its mail: the home appears, whole and owned.
        let account = submit.change(&configure(registration, "ada")).unwrap();
        assert!(account.mail_configured);
        let home = fs::symlink_metadata("/home/ada").unwrap();
        assert_eq!((home.uid(), home.gid()), (20_000, 20_000));
        assert_eq!(home.permissions().mode() & 0o7777, 0o711);
        for part in ["new", "cur", "tmp"] {
            let part = fs::metadata(format!("/home/ada/Maildir/{part}")).unwrap();
            assert_eq!(part.permissions().mode() & 0o7777, 0o700);
            assert_eq!(part.uid(), 20_000);
        }

        // Active: the commit point.
        let (reply, steps) = submit.steps(&activate(registration, "ada", Some(HASH), &[KEY]));
        let account = reply.unwrap().account.unwrap();
        assert_eq!(steps.last(), Some(&Step::Record));
        assert_eq!(account.state, AccountState::Active);
        assert!(account.has_password && account.ssh_key_count == 1);
        assert_eq!(shadow_field("ada", 1), HASH);
        assert_eq!(shadow_field("ada", 7), "");
        let keys = fs::read_to_string("/etc/ssh/registrar_keys/ada").unwrap();
        assert!(keys.lines().any(|line| line == KEY), "{keys}");
        let view = submit.get("ada").unwrap().host;
        assert!(view.home && view.maildir && view.neomuttrc && view.ssh_keys);
        assert!(view.mail_accepted && !view.expired && !view.password_locked);

        // Changed.
        submit.change(&set_password("ada", OTHER_HASH)).unwrap();
        assert_eq!(shadow_field("ada", 1), OTHER_HASH);
        let account = submit.change(&set_keys("ada", &[])).unwrap();
        assert_eq!(account.ssh_key_count, 0);
        assert!(fs::metadata("/etc/ssh/registrar_keys/ada").is_err());
        submit.change(&set_keys("ada", &[KEY])).unwrap();
        // The owner was told of each, by messages of her own.
        let told: Vec<_> = fs::read_dir("/home/ada/Maildir/new")
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert_eq!(told.len(), 3, "{}", daemon.log());
        for message in &told {
            assert_eq!(fs::metadata(message).unwrap().uid(), 20_000);
            assert!(fs::read_to_string(message).unwrap().contains("changed"));
        }

        // Suspended: nobody comes in, what ran has ended, the password is kept for later.
        let mut sleeper = std::process::Command::new("/usr/bin/setpriv")
            .args(["--reuid=20000", "--regid=20000", "--clear-groups"])
            .args(["/bin/sleep", "600"])
            .spawn()
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(100));
        let account = admin.change(&on(Method::SuspendAccount, "ada")).unwrap();
        assert_eq!(account.state, AccountState::Suspended);
        assert!(!sleeper.wait().unwrap().success());
        assert_eq!(shadow_field("ada", 7), "1");
        assert_eq!(shadow_field("ada", 1), OTHER_HASH);
        let view = admin.get("ada").unwrap().host;
        assert!(view.expired && !view.ssh_keys && !view.mail_accepted && view.maildir);

        // Resumed: as before.
        let account = admin.change(&on(Method::ResumeAccount, "ada")).unwrap();
        assert_eq!(account.state, AccountState::Active);
        assert_eq!(account.ssh_key_count, 1);
        let view = admin.get("ada").unwrap().host;
        assert!(!view.expired && view.ssh_keys && view.mail_accepted);

        // Removed: nothing left but the tombstone.
        let refused = admin.change(&on(Method::RemoveAccount, "ada")).unwrap_err();
        assert!(matches!(refused, ProvisionError::WrongState { .. }));
        admin.change(&on(Method::SuspendAccount, "ada")).unwrap();
        let account = admin.change(&on(Method::RemoveAccount, "ada")).unwrap();
        assert_eq!(account.state, AccountState::Removed);
        for file in ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"] {
            assert_eq!(line_of(file, "ada"), None, "{file}");
        }
        assert!(fs::symlink_metadata("/home/ada").is_err());
        assert!(matches!(
            submit.get("ada"),
            Err(CallError::Refused(ProvisionError::NoSuchAccount { .. }))
        ));
        let check = submit.check("ada");
        assert!(!check.available && check.reason.unwrap().contains("left"));
    });
}
