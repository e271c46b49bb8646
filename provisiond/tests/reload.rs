//! SIGHUP, and starts that an admin has to mend first, on a private host.
mod support;

use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use provision_api::ProvisionError;
use support::daemon::*;
use support::private_host::{private_host, run};

/// Sends SIGHUP and waits until the log says what came of it.
fn reload(daemon: &Daemon, expected: &str) {
    let before = daemon.log().matches(expected).count();
    let pid = Pid::from_raw(daemon.pid().try_into().unwrap());
    kill(pid, Signal::SIGHUP).unwrap();
    let started = Instant::now();
    while daemon.log().matches(expected).count() == before {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "not said: {expected}\n{}",
            daemon.log()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_reload_changes_limits_and_names_and_says_what_waits_for_a_restart() {
    private_host(|host| {
        let daemon = Daemon::start(host, "[accounts]\ncreate_limit_per_hour = 1\n");
        let submit = daemon.submit();
        submit
            .change(&create(registration(), "ada", "Ada"))
            .unwrap();
        let refused = submit
            .change(&create(registration(), "bob", "Bob"))
            .unwrap_err();
        assert!(
            matches!(refused, ProvisionError::RateLimited { .. }),
            "{refused:?}"
        );

        let settings =
            "[accounts]\ncreate_limit_per_hour = 5\nreserved_names = [\"eve\"]\nuid_min = 30000\n";
        host.file("/run/provisiond.toml", settings, 0o600);
        reload(&daemon, "the configuration was read again");
        assert!(
            daemon.log().contains("accounts.uid_min"),
            "{}",
            daemon.log()
        );
        let bob = submit
            .change(&create(registration(), "bob", "Bob"))
            .unwrap();
        assert_eq!(bob.uid, 20_001);
        assert!(!submit.check("eve").available);
        assert_eq!(submit.health().create_limit_per_hour, 5);
    });
}

#[test]
fn a_reload_of_a_bad_file_changes_nothing() {
    private_host(|host| {
        let daemon = Daemon::start(host, "[accounts]\ncreate_limit_per_hour = 7\n");
        for bad in [
            "[accounts]\ncreate_limit_per_hour = 8\ncolour = 1\n",
            "[accounts]\ncreate_limit_per_hour = 8\n[log]\nlevel = \"a=b=c\"\n",
            "[accounts]\ncreate_limit_per_hour = 8\nreserved_names_files = [\"/missing\"]\n",
        ] {
            let path = host.file("/run/provisiond.toml", bad, 0o600);
            reload(&daemon, "the configuration is as it was");
            assert_eq!(daemon.submit().health().create_limit_per_hour, 7, "{bad}");
            // What the unit's ExecReload= asks first.
            let check = Command::new(env!("CARGO_BIN_EXE_provisiond"))
                .args(["--check-config", "--config"])
                .arg(path)
                .status()
                .unwrap();
            assert_eq!(check.code(), Some(78), "{bad}");
        }
    });
}

#[test]
fn a_home_root_that_the_sandbox_does_not_open_is_told_at_start_and_not_tried_again() {
    private_host(|host| {
        std::fs::create_dir_all("/run/homes").unwrap();
        run("/bin/mount", &["--bind", "/run/homes", "/run/homes"]);
        run("/bin/mount", &["-o", "remount,bind,ro", "/run/homes"]);
        for (root, what) in [("/run/homes", "read-only"), ("/run/nowhere", "missing")] {
            let settings = format!("[accounts]\nhome_root = \"{root}\"\n");
            let config = host.file("/run/homes.toml", settings, 0o600);
            let ended = Command::new(env!("CARGO_BIN_EXE_provisiond"))
                .arg("--config")
                .arg(config)
                .env_remove("JOURNAL_STREAM")
                .output()
                .unwrap();
            assert_eq!(ended.status.code(), Some(78), "{ended:?}");
            let said = String::from_utf8(ended.stderr).unwrap();
            for part in ["accounts.home_root", root, what, "home-root.conf"] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
    });
}
