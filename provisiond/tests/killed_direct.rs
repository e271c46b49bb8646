//! A `kill -9` of a daemon that writes the account database itself (`accounts.writer = "direct"`, see
//! `support::daemon`), at each of the crash points that it passes while it makes an account.
mod support;

use std::collections::BTreeSet;
use std::fs;

use support::{daemon::*, private_host::private_host};

/// Names of the lines of a file of `/etc` that are members'.
fn members(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap();
    let names = text.lines().filter_map(|line| line.split(':').next());
    names
        .filter(|name| name.starts_with("member"))
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_kill_at_any_moment_leaves_four_files_that_agree_with_the_registry() {
    private_host(|host| {
        let mut daemon = Daemon::start(host, "[accounts]\ncreate_limit_per_hour = 1000\n");
        daemon.kill();
        daemon.start_again_with(&[("PROVISIOND_CRASH_LOG", "/run/passed")]);
        let call = create(registration(), "member0", "Member");
        daemon.submit().change(&call).unwrap();
        let passed = fs::read_to_string("/run/passed").unwrap();
        let passed = passed.lines().filter(|point| point.starts_with("direct."));
        let mut moments = 0;
        for (round, point) in (1..).zip(passed) {
            moments += 1;
            daemon.kill();
            daemon.start_again_with(&[("PROVISIOND_CRASH_AT", point)]);
            let call = create(registration(), &format!("member{round}"), "Member");
            assert!(daemon.submit().steps(&call).0.is_err(), "not at {point}");
            let died = format!("crash point {point}\n");
            assert!(daemon.log().contains(&died), "not at {point}");
            daemon.kill();
            daemon.start_again();
            let known: BTreeSet<String> = daemon
                .admin()
                .list(None, 100)
                .accounts
                .iter()
                .map(|account| account.username.to_string())
                .collect();
            for file in ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"] {
                assert_eq!(members(file), known, "{file} after {point}");
            }
            daemon.submit().change(&call).unwrap();
            assert!(daemon.submit().health().ready);
            // Neither locks nor drafts, which the next writer of each file takes away.
            for file in ["passwd", "shadow", "group", "gshadow"] {
                for left in ["+", ".lock"] {
                    let left = format!("/etc/{file}{left}");
                    assert!(fs::metadata(&left).is_err(), "{left} after {point}");
                }
            }
        }
        assert!(moments > 20, "{moments} points");
    });
}
