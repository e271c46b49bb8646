//! What provisiond leaves alone: names and accounts that are not its own, and those of admins.
mod support;

use std::fs;

use provision_api::{Method, ProvisionError};
use support::daemon::*;
use support::private_host::{private_host, run};

#[test]
fn names_of_the_host_are_refused_with_the_rule_that_refuses_them() {
    private_host(|host| {
        host.add_user("realuser", 4_001);
        run("/usr/sbin/groupadd", &["-g", "4002", "realgroup"]);
        host.file("/etc/aliases", "crew: root\n", 0o644);
        host.directory("/etc/sysusers.d", 0o755);
        host.file("/etc/sysusers.d/pump.conf", "u pumpd - \"Pump\"\n", 0o644);
        host.directory("/home/squatted", 0o755);
        host.file("/etc/taken-names", "# ours\nkeeper # the cat\n", 0o644);
        let daemon = Daemon::start(
            host,
            "[accounts]\nreserved_names = [\"mascot\"]\nreserved_names_files = [\"/etc/taken-names\"]\n",
        );
        let submit = daemon.submit();
        for (name, why) in [
            ("realuser", "user of this host"),
            ("realgroup", "group of this host"),
            ("crew", "mail alias"),
            ("pumpd", "sysusers.d"),
            ("squatted", "home"),
            ("mascot", "admins"),
            ("keeper", "admins"),
            ("root", "reserved"),
            ("postmaster", "reserved"),
        ] {
            let check = submit.check(name);
            let reason = check.reason.unwrap_or_default();
            assert!(!check.available && reason.contains(why), "{name}: {reason}");
            assert!(reason.contains(name), "{reason}");
            let error = submit
                .change(&create(registration(), name, "Name"))
                .unwrap_err();
            assert!(
                matches!(error, ProvisionError::NameUnavailable { .. }),
                "{error}"
            );
        }
        // Any text may be asked about; a rule of names answers.
        for name in [
            "",
            "a",
            "..",
            "a/b",
            "a;reboot",
            "new\nline",
            "n\0l",
            "ß",
            "Ada",
            "1ada",
            "-ada",
            &"a".repeat(33),
        ] {
            let check = submit.check(name);
            assert!(!check.available && check.reason.is_some(), "{name:?}");
        }
        assert_eq!(submit.check("ada").reason, None);
    });
}

#[test]
fn accounts_that_provisiond_did_not_make_are_never_touched() {
    private_host(|host| {
        host.add_user("realuser", 25_000);
        let daemon = Daemon::start(host, "");
        let (submit, admin) = (daemon.submit(), daemon.admin());
        let shadow = fs::read("/etc/shadow").unwrap();
        for call in [
            set_password("realuser", HASH),
            set_keys("realuser", &[KEY]),
            configure(registration(), "realuser"),
            activate(registration(), "realuser", Some(HASH), &[KEY]),
            discard(registration(), "realuser"),
            on(Method::SuspendAccount, "realuser"),
            on(Method::RemoveAccount, "realuser"),
        ] {
            let error = admin.change(&call).unwrap_err();
            assert!(
                matches!(error, ProvisionError::NoSuchAccount { .. }),
                "{error}"
            );
        }
        assert_eq!(fs::read("/etc/shadow").unwrap(), shadow);

        // Someone deleted a member by hand and gave the name to another person.
        submit.make_active("ada");
        run("/usr/sbin/userdel", &["ada"]);
        host.add_user("ada", 26_000);
        let shadow = fs::read("/etc/shadow").unwrap();
        for call in [
            set_password("ada", OTHER_HASH),
            set_keys("ada", &[]),
            on(Method::SuspendAccount, "ada"),
        ] {
            let error = admin.change(&call).unwrap_err();
            assert!(
                matches!(error, ProvisionError::StepFailed { .. }),
                "{error}"
            );
        }
        assert_eq!(fs::read("/etc/shadow").unwrap(), shadow);
        assert!(!admin.get("ada").unwrap().host.exists);
    });
}

#[test]
fn members_of_privileged_groups_are_left_to_root_as_the_host_lists_them_now() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        submit.make_active("ada");
        submit.change(&set_keys("ada", &[KEY])).unwrap();
        run("/usr/sbin/usermod", &["-aG", "adm", "ada"]);
        for call in [set_password("ada", OTHER_HASH), set_keys("ada", &[])] {
            let error = submit.change(&call).unwrap_err();
            assert!(
                matches!(&error, ProvisionError::PrivilegedAccount { group, .. } if group == "adm"),
                "{error}"
            );
        }
        assert_eq!(shadow_field("ada", 1), HASH);
    });
}
