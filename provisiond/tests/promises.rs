//! What provisiond promises to a caller who repeats, races, lies or asks too much.
mod support;

use std::fs;
use std::io::Write;

use provision_api::{AccountState, DisplayName, Method, ProvisionError};
use support::daemon::*;
use support::private_host::private_host;
use support::tools;

#[test]
fn a_repeated_call_gets_the_same_answer_and_has_no_second_effect_even_after_a_restart() {
    private_host(|host| {
        tools::wrap(host);
        let mut daemon = Daemon::start(host, "");
        let registration = registration();
        let calls = [
            create(registration, "ada", "Ada"),
            configure(registration, "ada"),
            activate(registration, "ada", Some(HASH), &[KEY]),
            set_password("ada", OTHER_HASH),
        ];
        let answers: Vec<_> = calls
            .iter()
            .map(|call| daemon.submit().change(call).unwrap())
            .collect();
        let (passwd, log) = (fs::read("/etc/passwd").unwrap(), tools::arguments());
        let mail = || fs::read_dir("/home/ada/Maildir/new").unwrap().count();
        let told = mail();
        for kill in [false, true] {
            if kill {
                daemon.kill();
                daemon.start_again();
            }
            for (call, answer) in calls.iter().zip(&answers) {
                assert_eq!(daemon.submit().change(call).as_ref(), Ok(answer));
            }
            assert_eq!(fs::read("/etc/passwd").unwrap(), passwd);
            assert_eq!(tools::arguments(), log, "a tool ran again");
            assert_eq!(mail(), told);
        }
    });
}

#[test]
fn the_same_request_id_with_other_parameters_is_refused() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let call = create(registration(), "ada", "Ada");
        daemon.submit().change(&call).unwrap();
        let Method::CreateAccount(mut other) = call else {
            unreachable!()
        };
        other.display_name = DisplayName::parse("Eve").unwrap();
        let error = daemon
            .submit()
            .change(&Method::CreateAccount(other.clone()))
            .unwrap_err();
        assert!(matches!(error, ProvisionError::RequestIdReused { .. }));
        other.username = user("eve");
        let error = daemon
            .submit()
            .change(&Method::CreateAccount(other))
            .unwrap_err();
        assert!(matches!(error, ProvisionError::RequestIdReused { .. }));
    });
}

#[test]
fn cve_2012_2737_of_32_calls_at_once_for_one_name_just_one_gets_it() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let won: Vec<_> = std::thread::scope(|scope| {
            let calls: Vec<_> = (0..32)
                .map(|_| {
                    scope
                        .spawn(|| Caller::new(SUBMIT).change(&create(registration(), "ada", "Ada")))
                })
                .collect();
            calls.into_iter().map(|c| c.join().unwrap()).collect()
        });
        assert_eq!(won.iter().filter(|r| r.is_ok()).count(), 1);
        for lost in won.into_iter().filter_map(Result::err) {
            assert!(matches!(lost, ProvisionError::NameUnavailable { .. }));
        }
        assert_eq!(daemon.submit().health().accounts, 1);
    });
}

#[test]
fn a_registration_that_asks_twice_gets_its_account_and_no_other() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        let registration = registration();
        let account = submit.change(&create(registration, "ada", "Ada")).unwrap();
        // A new request id, the same registration: the answer was lost and forgotten.
        let again = submit.change(&create(registration, "ada", "Ada")).unwrap();
        assert_eq!(again, account);
        let error = submit
            .change(&create(registration, "eve", "Ada"))
            .unwrap_err();
        assert!(matches!(error, ProvisionError::InvalidArgument { .. }));
        // And nobody else's registration can go on with it.
        for call in [
            configure(support::daemon::registration(), "ada"),
            activate(support::daemon::registration(), "ada", Some(HASH), &[]),
            discard(support::daemon::registration(), "ada"),
        ] {
            let error = submit.change(&call).unwrap_err();
            assert!(matches!(error, ProvisionError::OtherRegistration { .. }));
        }
    });
}

#[test]
fn cve_2026_4802_names_that_shadow_utils_would_take_do_not_reach_it() {
    private_host(|host| {
        tools::wrap(host);
        let _daemon = Daemon::start(host, "");
        for name in [
            "..",
            ".",
            "a/b",
            "123",
            "é",
            "A",
            "a;reboot",
            "$(reboot)",
            "`id`",
            "-r",
            "--root=/x",
            "a b",
            "a\\nb:x:0:0",
            "",
        ] {
            let call = format!(
                r#"{{"method":"org.cosmicregistrar.Provision.CreateAccount","parameters":{{"requestId":"{}","registrationId":"{}","username":"{name}","displayName":"x"}}}}"#,
                id(),
                registration()
            );
            let mut stream = std::os::unix::net::UnixStream::connect(SUBMIT).unwrap();
            stream.write_all(call.as_bytes()).unwrap();
            stream.write_all(&[0]).unwrap();
            let mut answer = vec![0; 4096];
            let read = std::io::Read::read(&mut stream, &mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
            assert!(answer.contains("InvalidArgument"), "{name}: {answer}");
            assert!(answer.contains("\"username\""), "{answer}");
        }
        assert_eq!(tools::arguments(), "");
    });
}

#[test]
fn display_names_come_out_harmless_and_true_in_passwd() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let lines = fs::read_to_string("/etc/passwd").unwrap().lines().count();
        for (name, display, gecos) in [
            ("one", "Ada: Lovelace, 0:0", "Ada Lovelace 0 0"),
            ("two", "`id` $(reboot) ;rm", "`id` $(reboot) ;rm"),
            ("three", "Zoë Ørsted 🧑‍🚀", "Zoë Ørsted 🧑‍🚀"),
            ("four", "-e 2999-01-01", "-e 2999-01-01"),
            ("five", "山田 太郎", "山田 太郎"),
            ("six", "a\\nroot::0:0", "a nroot 0 0"),
        ] {
            let call = create(registration(), name, display);
            let account = daemon.submit().change(&call).unwrap();
            assert_eq!(account.display_name.as_str(), display);
            let line = line_of("/etc/passwd", name).unwrap();
            let uid = account.uid;
            assert_eq!(
                line,
                format!("{name}:x:{uid}:{uid}:{gecos}:/home/{name}:/bin/bash")
            );
        }
        let now = fs::read_to_string("/etc/passwd").unwrap().lines().count();
        assert_eq!(now, lines + 6);
    });
}

#[test]
fn a_hash_with_a_line_break_reaches_nobodys_shadow_line() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        daemon.submit().make_active("ada");
        let shadow = fs::read("/etc/shadow").unwrap();
        for hash in [
            &format!("{HASH}\\nroot:{HASH}"),
            "*",
            "",
            "x",
            "$6$abc$def",
            &HASH.replace("$2b$12", "$2b$04"),
        ] {
            let call = format!(
                r#"{{"method":"org.cosmicregistrar.Provision.SetPassword","parameters":{{"requestId":"{}","username":"ada","passwordHash":"{hash}"}}}}"#,
                id()
            );
            let mut stream = std::os::unix::net::UnixStream::connect(SUBMIT).unwrap();
            stream.write_all(call.as_bytes()).unwrap();
            stream.write_all(&[0]).unwrap();
            let mut answer = vec![0; 4096];
            let read = std::io::Read::read(&mut stream, &mut answer).unwrap();
            let answer = String::from_utf8_lossy(&answer[..read]).into_owned();
            assert!(answer.contains("InvalidArgument"), "{hash}: {answer}");
            assert!(answer.contains("passwordHash"), "{answer}");
        }
        assert_eq!(fs::read("/etc/shadow").unwrap(), shadow);
    });
}

#[test]
fn caps_hold_across_a_restart_and_say_when_to_come_back() {
    private_host(|host| {
        let mut daemon = Daemon::start(
            host,
            "[accounts]\ncreate_limit_per_hour = 2\nchange_limit_per_hour = 2\n",
        );
        daemon.submit().make_active("ada");
        let gone = registration();
        let call = create(gone, "bob", "Bob");
        daemon.submit().change(&call).unwrap();
        // Taking one back does not make room: the flood is what is capped.
        daemon.submit().change(&discard(gone, "bob")).unwrap();
        for hash in [OTHER_HASH, HASH] {
            daemon.submit().change(&set_password("ada", hash)).unwrap();
        }
        for restart in [false, true] {
            if restart {
                daemon.stop();
                daemon.start_again();
            }
            for call in [
                create(registration(), "eve", "Eve"),
                set_password("ada", OTHER_HASH),
                set_keys("ada", &[]),
            ] {
                let error = daemon.submit().change(&call).unwrap_err();
                assert!(matches!(error, ProvisionError::RateLimited { .. }));
                let wait = error.retry_after_seconds().unwrap();
                assert!((3_000..=3_600).contains(&wait), "{wait}");
            }
            let health = daemon.submit().health();
            assert_eq!(
                (health.created_this_hour, health.create_limit_per_hour),
                (2, 2)
            );
        }
    });
}

#[test]
fn a_discarded_name_is_free_again_its_uid_is_not_and_active_accounts_are_not_discarded() {
    private_host(|host| {
        let mut daemon = Daemon::start(host, "");
        let first = registration();
        let call = create(first, "ada", "Ada");
        let uid = daemon.submit().change(&call).unwrap().uid;
        daemon.submit().change(&configure(first, "ada")).unwrap();
        daemon.submit().change(&discard(first, "ada")).unwrap();
        assert!(fs::symlink_metadata("/home/ada").is_err());
        assert_eq!(line_of("/etc/passwd", "ada"), None);
        assert!(daemon.submit().check("ada").available);
        daemon.stop();
        daemon.start_again();
        let account = daemon.submit().make_active("ada");
        assert_eq!(account.uid, uid + 1);
        let call = discard(account.registration_id, "ada");
        let error = daemon.submit().change(&call).unwrap_err();
        let ProvisionError::WrongState { state, .. } = error else {
            panic!("{error}")
        };
        assert_eq!(state, AccountState::Active);
    });
}

#[test]
fn a_home_that_appears_before_it_is_published_is_left_alone() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let registration = registration();
        let submit = daemon.submit();
        submit.change(&create(registration, "ada", "Ada")).unwrap();
        host.directory("/home/ada", 0o700);
        host.file("/home/ada/precious", "kept", 0o600);
        let error = submit.change(&configure(registration, "ada")).unwrap_err();
        assert!(
            matches!(&error, ProvisionError::StepFailed { step, .. } if step == "publishHome"),
            "{error}"
        );
        assert_eq!(fs::read_to_string("/home/ada/precious").unwrap(), "kept");
        fs::remove_dir_all("/home/ada").unwrap();
        submit.change(&configure(registration, "ada")).unwrap();
        assert!(submit.get("ada").unwrap().host.maildir);
    });
}

#[test]
fn steps_out_of_order_are_refused() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        let registration = registration();
        let activation = activate(registration, "ada", Some(HASH), &[KEY]);
        let error = submit.change(&activation).unwrap_err();
        assert!(matches!(error, ProvisionError::NoSuchAccount { .. }));
        submit.change(&create(registration, "ada", "Ada")).unwrap();
        for call in [
            activate(registration, "ada", Some(HASH), &[KEY]),
            set_password("ada", HASH),
            set_keys("ada", &[KEY]),
        ] {
            let error = submit.change(&call).unwrap_err();
            assert!(
                matches!(error, ProvisionError::WrongState { .. }),
                "{error}"
            );
        }
        assert_eq!(shadow_field("ada", 1), "!");
    });
}

#[test]
fn a_key_only_host_sets_no_password_and_says_so() {
    private_host(|host| {
        let daemon = Daemon::start(host, "[accounts]\npassword = \"none\"\n");
        let account = daemon.submit().make_active("ada");
        assert!(!account.has_password && account.ssh_key_count == 1);
        assert_eq!(shadow_field("ada", 1), "*");
        let error = daemon
            .submit()
            .change(&set_password("ada", HASH))
            .unwrap_err();
        assert!(matches!(error, ProvisionError::InvalidArgument { .. }));
    });
}

#[test]
fn pages_of_accounts_come_in_name_order_and_end() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        for name in ["cleo", "ada", "bob"] {
            let call = create(registration(), name, "Name");
            daemon.submit().change(&call).unwrap();
        }
        let admin = daemon.admin();
        let page = admin.list(None, 2);
        let names: Vec<_> = page.accounts.iter().map(|a| a.username.as_str()).collect();
        assert_eq!(names, ["ada", "bob"]);
        let page = admin.list(page.next.as_ref().map(|n| n.as_str()), 2);
        assert_eq!(page.accounts.len(), 1);
        assert_eq!(page.next, None);
    });
}
