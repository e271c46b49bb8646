//! What bounds a web service that was taken over and speaks the protocol well: request ids, the
//! hourly caps, privileged groups.
mod support;

use std::fs;
use std::time::{Duration, Instant};

use provision_api::Method;
use serde_json::{Value, json};
use support::daemon::*;
use support::private_host::{PrivateHost, private_host, run};
use support::snapshot::{DATABASES, Snapshot, assert_well, lines_of_others};
use support::wire::{Wire, add_web_user, error_of, message, verbs_on};

fn besieged(host: &PrivateHost, settings: &str) -> Daemon {
    add_web_user(host);
    Daemon::start(host, settings)
}

#[test]
fn a_replay_with_another_body_or_of_an_admins_call_changes_nothing() {
    private_host(|host| {
        let daemon = besieged(host, "");
        let first = daemon.submit().make_active("ada");
        daemon.submit().make_active("bob");
        let suspend = on(Method::SuspendAccount, "bob");
        daemon.admin().change(&suspend).unwrap();
        daemon
            .admin()
            .change(&on(Method::ResumeAccount, "bob"))
            .unwrap();

        let mut wire = Wire::web();
        let mine = id().to_string();
        let hash = json!({"requestId": mine, "username": "ada", "passwordHash": OTHER_HASH});
        let changed = wire.call("SetPassword", hash.clone());
        assert_eq!(error_of(&changed), "", "{changed}");
        let before = Snapshot::take();
        assert_eq!(wire.call("SetPassword", hash), changed);
        let registration = first.registration_id.to_string();
        for used in [mine, suspend.request_id().to_string()] {
            for name in ["ada", "bob", "carol"] {
                for (method, offered, mut parameters) in verbs_on(name, &registration) {
                    // A read has no effect to repeat.
                    if method == "GetAccount" {
                        continue;
                    }
                    // The body that the id was used with is changed a little, or is of another verb.
                    parameters["requestId"] = used.clone().into();
                    if method == "SetPassword" {
                        parameters["passwordHash"] = HASH.into();
                    }
                    let reply = wire.call(method, parameters);
                    let expected = if offered {
                        "RequestIdReused"
                    } else {
                        "NotPermitted"
                    };
                    assert_eq!(error_of(&reply), expected, "{method}: {reply}");
                }
            }
        }
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn a_flood_of_sign_ups_ends_at_the_cap_and_touches_nobody_else() {
    private_host(|host| {
        let daemon = besieged(host, "[accounts]\ncreate_limit_per_hour = 4\n");
        let ada = daemon.submit().make_active("ada");
        let before = Snapshot::take();
        let made: Vec<String> = (0..3).map(|n| format!("flood{n}")).collect();
        let mut names: Vec<&str> = made.iter().map(String::as_str).collect();
        let others = lines_of_others(&names);

        // Ten connections at once, and creations taken back in between.
        let replies: Vec<Value> = std::thread::scope(|scope| {
            let floods: Vec<_> = (0..10)
                .map(|_| {
                    scope.spawn(|| {
                        let mut wire = Wire::web();
                        let mut said = Vec::new();
                        for round in 0..30 {
                            let own = registration().to_string();
                            let name = format!("flood{}", round % 10);
                            said.push(wire.call(
                                "CreateAccount",
                                json!({"username": name, "registrationId": own, "displayName": "Eve"}),
                            ));
                            let discard = json!({"username": name, "registrationId": own});
                            if round % 2 == 0 {
                                wire.call("DiscardAccount", discard);
                            }
                        }
                        said
                    })
                })
                .collect();
            floods.into_iter().flat_map(|f| f.join().unwrap()).collect()
        });
        let good = replies
            .iter()
            .filter(|reply| error_of(reply).is_empty())
            .count();
        assert_eq!(good, 3, "ada was the first of four");
        for reply in replies.iter().filter(|reply| !error_of(reply).is_empty()) {
            let error = error_of(reply);
            assert!(
                matches!(error, "RateLimited" | "NameUnavailable"),
                "{reply}"
            );
        }
        let mut wire = Wire::web();
        let health = wire.call("Health", json!({}));
        assert_eq!(health["parameters"]["createdThisHour"], 4);

        // What is left of the flood is in the databases and nowhere else.
        let left: Vec<String> = daemon
            .admin()
            .list(None, 100)
            .accounts
            .into_iter()
            .map(|a| a.username.to_string())
            .filter(|n| n != "ada")
            .collect();
        assert!(left.len() <= 3);
        names = left.iter().map(String::as_str).collect();
        assert_eq!(lines_of_others(&names), others);
        before.assert_only(&DATABASES);
        assert_eq!(daemon.submit().get("ada").unwrap().account, ada);
        assert!(daemon.log().matches("refused").count() < 200);
        assert_well(&daemon);
    });
}

#[test]
fn a_stolen_account_is_changed_a_few_times_an_hour_and_its_owner_hears_of_each() {
    private_host(|host| {
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        daemon.submit().make_active("bob");
        let others = lines_of_others(&["ada"]);
        let before = Snapshot::take();
        let mut wire = Wire::web();
        let mut good = 0;
        for round in 0..60 {
            let reply = match round % 3 {
                0 => wire.call(
                    "SetPassword",
                    json!({"username": "ada", "passwordHash": OTHER_HASH}),
                ),
                1 => wire.call(
                    "SetPassword",
                    json!({"username": "ada", "passwordHash": HASH}),
                ),
                _ => wire.call("SetSshKeys", json!({"username": "ada", "sshKeys": []})),
            };
            match error_of(&reply) {
                "" => good += 1,
                error => {
                    assert_eq!(error, "RateLimited", "{reply}");
                    let wait = reply["parameters"]["retryAfterSeconds"].as_u64().unwrap();
                    assert!((3_000..=3_600).contains(&wait), "{reply}");
                }
            }
        }
        assert_eq!(good, 6, "the default cap");
        let notices = fs::read_dir("/home/ada/Maildir/new").unwrap().count();
        assert_eq!(notices, 6);
        // The cap is of one account.
        let reply = wire.call("SetSshKeys", json!({"username": "bob", "sshKeys": [KEY]}));
        assert_eq!(error_of(&reply), "", "{reply}");
        let mut expected = DATABASES.to_vec();
        expected.extend([
            "/home/ada/Maildir",
            "/home/bob/Maildir",
            "/etc/ssh/registrar_keys",
        ]);
        before.assert_only(&expected);
        assert_eq!(lines_of_others(&["ada"]), others);
        assert_eq!(shadow_field("bob", 1), HASH);
        assert_well(&daemon);
    });
}

#[test]
fn members_of_every_privileged_group_are_left_to_root_however_they_belong_to_it() {
    private_host(|host| {
        let groups = [
            "root",
            "sudo",
            "wheel",
            "adm",
            "shadow",
            "disk",
            "docker",
            "registrar-admin",
        ];
        for group in groups {
            if line_of("/etc/group", group).is_none() {
                run("/usr/sbin/groupadd", &["-r", group]);
            }
        }
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        let registration = registration();
        let submit = daemon.submit();
        submit
            .change(&create(registration, "locked", "Name"))
            .unwrap();
        submit.change(&configure(registration, "locked")).unwrap();
        let mut wire = Wire::web();
        for group in groups {
            for (way, back) in [
                (["-aG", group], ["-rG", group]),
                (["-g", group], ["-g", ""]),
            ] {
                let number = |name: &str| {
                    line_of("/etc/passwd", name)
                        .unwrap()
                        .split(':')
                        .nth(2)
                        .unwrap()
                        .to_owned()
                };
                let own = ["ada", "locked"].map(|name| (name, number(name)));
                for (name, _) in &own {
                    run("/usr/sbin/usermod", &[way[0], way[1], name]);
                }
                let before = Snapshot::take();
                for (name, (method, parameters)) in [
                    ("ada", ("SetPassword", json!({"passwordHash": OTHER_HASH}))),
                    ("ada", ("SetSshKeys", json!({"sshKeys": [KEY]}))),
                    (
                        "locked",
                        (
                            "ActivateAccount",
                            json!({"passwordHash": HASH, "sshKeys": [KEY], "registrationId": registration.to_string()}),
                        ),
                    ),
                ] {
                    let mut parameters = parameters;
                    parameters["username"] = name.into();
                    let reply = wire.call(method, parameters);
                    assert_eq!(
                        error_of(&reply),
                        "PrivilegedAccount",
                        "{group} {way:?}: {reply}"
                    );
                    assert_eq!(reply["parameters"]["group"], group);
                }
                before.assert_same();
                for (name, gid) in &own {
                    let group = if back[0] == "-g" {
                        gid.as_str()
                    } else {
                        back[1]
                    };
                    run("/usr/sbin/usermod", &[back[0], group, name]);
                }
            }
        }
        // Out of all of them, it is served again.
        let reply = wire.call(
            "SetPassword",
            json!({"username": "ada", "passwordHash": OTHER_HASH}),
        );
        assert_eq!(error_of(&reply), "", "{reply}");
        assert_well(&daemon);
    });
}

#[test]
fn a_flood_of_calls_holds_up_neither_an_admin_nor_a_stop() {
    private_host(|host| {
        let mut daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        daemon.submit().make_active("bob");
        const AT_ONCE: usize = 30;
        let floods: Vec<Wire> = (0..40).map(|_| Wire::web()).collect();
        std::thread::scope(|scope| {
            for mut wire in floods {
                scope.spawn(move || {
                    // Each goes through the worker and asks the account database.
                    let call = || {
                        let change = json!({"username": "ada", "passwordHash": OTHER_HASH});
                        message("SetPassword", change)
                    };
                    // Until the daemon is gone.
                    while (0..AT_ONCE).all(|_| wire.send(call().as_bytes()).is_ok()) {
                        if (0..AT_ONCE).any(|_| wire.read().is_none()) {
                            break;
                        }
                    }
                });
            }
            std::thread::sleep(Duration::from_millis(500));
            let admin = daemon.admin();
            let started = Instant::now();
            for verb in [Method::SuspendAccount, Method::ResumeAccount] {
                admin.change(&on(verb, "bob")).unwrap();
            }
            assert!(admin.health().ready);
            assert!(started.elapsed() < Duration::from_secs(15));
            assert_well(&daemon);

            let started = Instant::now();
            daemon.stop();
            assert!(started.elapsed() < Duration::from_secs(15));
        });
        daemon.start_again();
        assert!(daemon.submit().health().ready);
        assert_eq!(shadow_field("bob", 1), HASH);
    });
}
