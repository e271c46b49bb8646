//! A changed display name reaches the full name in passwd(5), and nothing else.
mod support;

use std::fs;

use provision_api::{DisplayName, Method, ProvisionError, SetDisplayName};
use support::daemon::*;
use support::private_host::private_host;

fn rename(name: &str, to: &str) -> Method {
    Method::SetDisplayName(SetDisplayName {
        request_id: id(),
        username: user(name),
        display_name: DisplayName::parse(to).unwrap(),
    })
}

fn gecos(name: &str) -> String {
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    let line = passwd.lines().find(|l| l.starts_with(&format!("{name}:")));
    line.unwrap().split(':').nth(4).unwrap().to_owned()
}

fn active(daemon: &Daemon, name: &str) {
    let registration = registration();
    for call in [
        create(registration, name, "Ada"),
        configure(registration, name),
        activate(registration, name, Some(HASH), &[KEY]),
    ] {
        daemon.submit().change(&call).unwrap();
    }
}

#[test]
fn the_full_name_follows_and_what_chfn_wrote_stays() {
    private_host(|host| {
        let mut daemon = Daemon::start(host, "");
        active(&daemon, "ada");
        // What the member has put there by chfn(1) is the member's.
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        fs::write("/etc/passwd", passwd.replace(":Ada:", ":Ada,Room 12,,:")).unwrap();
        let before = fs::read_to_string("/etc/passwd").unwrap();

        let call = rename("ada", "Ada, Countess: of Lovelace");
        let account = daemon.submit().change(&call).unwrap();
        assert_eq!(account.display_name.as_str(), "Ada, Countess: of Lovelace");
        let after = fs::read_to_string("/etc/passwd").unwrap();
        let (full_name, rest) = gecos("ada")
            .split_once(",Room")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        assert!(
            full_name.starts_with("Ada") && full_name.ends_with("Lovelace"),
            "{full_name}"
        );
        assert!(!full_name.contains([',', ':']), "{full_name}");
        assert_eq!(rest, " 12,,");
        let others = |text: &str| {
            text.lines()
                .filter(|l| !l.starts_with("ada:"))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            others(&after),
            others(&before),
            "someone else's line has changed"
        );

        daemon.kill();
        daemon.start_again();
        assert_eq!(daemon.submit().change(&call), Ok(account), "asked again");
        assert_eq!(fs::read_to_string("/etc/passwd").unwrap(), after);
    });
}

#[test]
fn accounts_that_are_not_active_or_not_ours_keep_their_names() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        daemon
            .submit()
            .change(&create(registration(), "bob", "Bob"))
            .unwrap();
        let before = fs::read_to_string("/etc/passwd").unwrap();
        let refused = daemon
            .submit()
            .change(&rename("bob", "Mallory"))
            .unwrap_err();
        assert!(
            matches!(refused, ProvisionError::WrongState { .. }),
            "{refused:?}"
        );
        let refused = daemon
            .submit()
            .change(&rename("daemon", "Mallory"))
            .unwrap_err();
        assert!(
            matches!(
                refused,
                ProvisionError::NoSuchAccount { .. } | ProvisionError::InvalidArgument { .. }
            ),
            "{refused:?}"
        );
        assert_eq!(fs::read_to_string("/etc/passwd").unwrap(), before);
    });
}

#[test]
fn changes_of_the_name_are_capped_by_the_hour_and_leave_password_and_keys_their_own() {
    private_host(|host| {
        let daemon = Daemon::start(host, "[accounts]\nchange_limit_per_hour = 2\n");
        active(&daemon, "ada");
        for to in ["Ada One", "Ada Two"] {
            daemon.submit().change(&rename("ada", to)).unwrap();
        }
        let refused = daemon
            .submit()
            .change(&rename("ada", "Ada Three"))
            .unwrap_err();
        assert!(
            matches!(refused, ProvisionError::RateLimited { .. }),
            "{refused:?}"
        );
        assert_eq!(gecos("ada"), "Ada Two");
        daemon
            .submit()
            .change(&set_password("ada", OTHER_HASH))
            .unwrap();
    });
}
