//! What goes wrong while an account is archived, restored or removed leaves it as it was.
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use nix::mount::{MntFlags, MsFlags, mount, umount2};
use provision_api::{AccountState, Method, ProvisionError};
use support::daemon::*;
use support::picture::picture;
use support::private_host::private_host;
use support::tools;
use support::turns::{MANIFEST, TAR, refused, start_daemon, turn};

#[test]
fn an_archive_that_was_changed_is_not_restored() {
    private_host(|host| {
        let daemon = start_daemon(host);
        daemon.submit().make_active("ada");
        host.file("/home/ada/letter", "kept", 0o600);
        turn(&daemon, Method::SuspendAccount);
        turn(&daemon, Method::ArchiveAccount);
        let mut tar = fs::read(TAR).unwrap();
        let at = tar.windows(4).position(|bytes| bytes == b"kept").unwrap();
        tar[at] ^= 1;
        fs::write(TAR, tar).unwrap();
        let error = refused(&daemon, Method::RestoreAccount);
        assert!(error.to_string().contains("damaged"), "{error}");
        assert_eq!(line_of("/etc/passwd", "ada"), None);
        assert!(fs::symlink_metadata("/home/ada").is_err());
        assert_eq!(
            daemon.admin().get("ada").unwrap().account.state,
            AccountState::Archived
        );
        assert_eq!(fs::read_dir("/home/.registrar/staging").unwrap().count(), 0);
        assert_eq!(turn(&daemon, Method::RemoveAccount), AccountState::Removed);
        assert!(!Path::new(TAR).exists() && !Path::new(MANIFEST).exists());
    });
}

#[test]
fn an_archive_that_is_not_what_is_in_the_home_is_thrown_away() {
    private_host(|host| {
        let daemon = start_daemon(host);
        daemon.submit().make_active("ada");
        host.file("/home/ada/letter", "kept", 0o600);
        turn(&daemon, Method::SuspendAccount);
        let home = picture("/home/ada");
        host.directory("/run/real", 0o755);
        fs::copy("/usr/bin/tar", "/run/real/tar").unwrap();
        for broken in [
            "exec /run/real/tar --exclude=./letter \"$@\"",
            "/run/real/tar \"$@\" | sed s/kept/lost/",
        ] {
            let script = format!(
                "#!/bin/sh\ncase $1 in --create) {broken};; *) exec /run/real/tar \"$@\";; esac\n"
            );
            let wrapper = host.file("/run/tar", script, 0o755);
            let (flags, tar) = (MsFlags::MS_BIND, Path::new("/usr/bin/tar"));
            mount(Some(&wrapper), tar, None::<&str>, flags, None::<&str>).unwrap();
            let error = refused(&daemon, Method::ArchiveAccount);
            umount2(tar, MntFlags::empty()).unwrap();
            assert!(
                matches!(&error, ProvisionError::StepFailed { step, .. } if step == "archive"),
                "{error}"
            );
            assert_eq!(picture("/home/ada"), home);
            assert!(!Path::new(TAR).exists() && !Path::new(MANIFEST).exists());
            assert!(daemon.admin().health().ready, "an operation is left open");
        }
        assert_eq!(
            turn(&daemon, Method::ArchiveAccount),
            AccountState::Archived
        );
    });
}

#[test]
fn a_full_disk_leaves_a_home_that_was_to_be_archived_as_it_was() {
    private_host(|host| {
        host.directory("/var/lib/provisiond", 0o700);
        host.small_file_system(Path::new("/var/lib/provisiond"), 2_000, 100);
        fs::set_permissions("/var/lib/provisiond", fs::Permissions::from_mode(0o700)).unwrap();
        let mut daemon = start_daemon(host);
        daemon.submit().make_active("ada");
        host.file("/home/ada/big", vec![7; 4 << 20], 0o600);
        turn(&daemon, Method::SuspendAccount);
        let home = picture("/home/ada");
        for restart in [false, true] {
            let error = refused(&daemon, Method::ArchiveAccount);
            assert!(
                matches!(&error, ProvisionError::TemporaryFailure { step, .. } if step == "archive"),
                "{error}"
            );
            assert!(error.to_string().contains("no room"), "{error}");
            assert_eq!(picture("/home/ada"), home);
            assert!(!Path::new(TAR).exists());
            assert_eq!(
                fs::read_dir("/var/lib/provisiond/archive").unwrap().count(),
                0
            );
            assert!(daemon.admin().health().ready, "an operation is left open");
            let account = daemon.admin().get("ada").unwrap();
            assert_eq!(account.account.state, AccountState::Suspended);
            assert!(account.host.exists && account.host.home);
            if restart {
                daemon.kill();
                daemon.start_again();
            }
        }
        // As it was: it can be resumed, and archived once there is room.
        turn(&daemon, Method::ResumeAccount);
        turn(&daemon, Method::SuspendAccount);
        fs::remove_file("/home/ada/big").unwrap();
        assert_eq!(
            turn(&daemon, Method::ArchiveAccount),
            AccountState::Archived
        );
    });
}

#[test]
fn archive_and_removal_are_undone_while_the_user_is_there() {
    private_host(|host| {
        tools::wrap(host);
        let daemon = start_daemon(host);
        daemon.submit().make_active("ada");
        host.file("/home/ada/letter", "kept", 0o600);
        turn(&daemon, Method::SuspendAccount);
        let home = picture("/home/ada");
        for take in [Method::ArchiveAccount, Method::RemoveAccount] {
            tools::fail("userdel", 10);
            refused(&daemon, take);
            tools::work_again("userdel");
            assert_eq!(picture("/home/ada"), home);
            assert!(!Path::new(TAR).exists() && !Path::new(MANIFEST).exists());
            assert!(daemon.admin().health().ready, "an operation is left open");
            assert_eq!(turn(&daemon, Method::ResumeAccount), AccountState::Active);
            turn(&daemon, Method::SuspendAccount);
        }
        assert_eq!(turn(&daemon, Method::RemoveAccount), AccountState::Removed);
        assert!(fs::symlink_metadata("/home/ada").is_err());
        assert_eq!(fs::read_dir("/home/.registrar/held").unwrap().count(), 0);
        assert_eq!(fs::read_dir("/var/lib/provisiond/jobs").unwrap().count(), 0);
        let check = daemon.submit().check("ada");
        assert!(!check.available && check.reason.unwrap().contains("left"));
    });
}

#[test]
fn a_restoration_that_fails_leaves_the_archive_and_nothing_else() {
    private_host(|host| {
        tools::wrap(host);
        let mut daemon = start_daemon(host);
        let account = daemon.submit().make_active("ada");
        turn(&daemon, Method::SuspendAccount);
        turn(&daemon, Method::ArchiveAccount);
        let archive = picture("/var/lib/provisiond/archive");
        // Something of root's own, though with her number.
        let squat = host.directory("/home/ada", 0o700);
        std::os::unix::fs::chown(squat, Some(account.uid), Some(account.uid)).unwrap();
        let error = refused(&daemon, Method::RestoreAccount);
        assert!(
            matches!(error, ProvisionError::StepFailed { .. }),
            "{error}"
        );
        fs::remove_dir("/home/ada").unwrap();
        assert_eq!(picture("/var/lib/provisiond/archive"), archive);
        tools::fail("chpasswd", 1);
        refused(&daemon, Method::RestoreAccount);
        tools::work_again("chpasswd");
        assert_eq!(line_of("/etc/passwd", "ada"), None);
        assert_eq!(picture("/var/lib/provisiond/archive"), archive);
        assert!(daemon.admin().health().ready, "an operation is left open");

        // Killed in the middle: finished at the next start.
        tools::stall("chpasswd", tools::When::Before);
        std::thread::scope(|scope| {
            let caller =
                scope.spawn(|| Caller::new(ADMIN).steps(&on(Method::RestoreAccount, "ada")));
            tools::wait_until_stalled();
            daemon.kill();
            let _ = caller.join();
        });
        tools::let_go("chpasswd", tools::When::Before);
        daemon.start_again();
        let restored = daemon.admin().get("ada").unwrap();
        assert_eq!(restored.account.state, AccountState::Suspended);
        assert_eq!(restored.account.uid, account.uid);
        assert!(restored.host.home && restored.host.maildir && !Path::new(TAR).exists());
        assert_eq!(turn(&daemon, Method::ResumeAccount), AccountState::Active);
    });
}

#[test]
fn a_kill_while_tar_is_at_work_is_made_good_at_the_next_start() {
    private_host(|host| {
        let mut daemon = start_daemon(host);
        daemon.submit().make_active("ada");
        host.file("/home/ada/letter", "kept", 0o600);
        turn(&daemon, Method::SuspendAccount);
        let home = picture("/home/ada");
        host.directory("/run/real", 0o755);
        fs::copy("/usr/bin/tar", "/run/real/tar").unwrap();
        let script = "#!/bin/sh\nif [ -e /run/stall$1 ]; then touch /run/stalled; \
            while [ -e /run/stall$1 ]; do sleep 0.01; done; fi\nexec /run/real/tar \"$@\"\n";
        let wrapper = host.file("/run/tar", script, 0o755);
        let (flags, tar) = (MsFlags::MS_BIND, Path::new("/usr/bin/tar"));
        mount(Some(&wrapper), tar, None::<&str>, flags, None::<&str>).unwrap();
        let mut kill_at = |run: &str, make: fn(provision_api::OnAccount) -> Method| {
            let stall = format!("/run/stall--{run}");
            let _ = fs::remove_file("/run/stalled");
            fs::write(&stall, "").unwrap();
            std::thread::scope(|scope| {
                let call = || Caller::new(ADMIN).steps(&on(make, "ada"));
                let caller = scope.spawn(call);
                tools::wait_until_stalled();
                daemon.kill();
                let _ = caller.join();
            });
            // The tar of the one that was killed goes on beside those of the next.
            fs::remove_file(&stall).unwrap();
            daemon.start_again();
            assert!(daemon.admin().health().ready, "{run}");
            daemon.admin().get("ada").unwrap().account.state
        };
        for (pack, unpack) in [("create", "extract"), ("compare", "compare")] {
            assert_eq!(
                kill_at(pack, Method::ArchiveAccount),
                AccountState::Archived
            );
            assert!(!Path::new("/home/ada").exists() && Path::new(TAR).exists());
            assert_eq!(
                kill_at(unpack, Method::RestoreAccount),
                AccountState::Suspended
            );
            assert_eq!(picture("/home/ada"), home, "{pack}, {unpack}");
            assert!(!Path::new(TAR).exists());
        }
    });
}
