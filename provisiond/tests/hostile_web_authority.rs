//! What a web service that was taken over may not do although it speaks the protocol well: the
//! admins' verbs, accounts that provisiond did not make, names that are paths.
mod support;

use std::fs;

use provision_api::{INTERFACE, ProvisionError};
use serde_json::{Value, json};
use support::daemon::*;
use support::private_host::{PrivateHost, private_host, run};
use support::snapshot::{DATABASES, Snapshot, assert_well};
use support::wire::{WEB, Wire, add_web_user, connect_as, error_of, message, verbs_on};

fn besieged(host: &PrivateHost, settings: &str) -> Daemon {
    add_web_user(host);
    Daemon::start(host, settings)
}

#[test]
fn every_admin_verb_is_refused_on_the_submit_socket_in_every_way_of_calling_and_to_root_too() {
    private_host(|host| {
        let daemon = besieged(host, "");
        let account = daemon.submit().make_active("ada");
        let before = Snapshot::take();
        for mut wire in [Wire::web(), Wire::root(SUBMIT)] {
            let registration = account.registration_id.to_string();
            let mut verbs = verbs_on("ada", &registration);
            verbs.retain(|(_, offered, _)| !offered);
            verbs.push(("ListAccounts", false, json!({"limit": 10})));
            for (method, _, parameters) in verbs {
                for way in ["", "more", "oneway"] {
                    let mut call: Value =
                        serde_json::from_str(&message(method, parameters.clone())).unwrap();
                    if !way.is_empty() {
                        call[way] = true.into();
                    }
                    if way == "oneway" {
                        wire.send(call.to_string().as_bytes()).unwrap();
                        continue;
                    }
                    let reply = wire.ask(call.to_string());
                    assert_eq!(error_of(&reply), "NotPermitted", "{method}: {reply}");
                    assert!(!reply.to_string().contains("/home"), "{reply}");
                }
            }
            assert!(wire.is_ready());
        }
        assert_well(&daemon);
        before.assert_same();
        assert_eq!(daemon.submit().get("ada").unwrap().account, account);
    });
}

#[test]
fn introspection_tells_the_interface_and_nothing_of_the_host() {
    private_host(|host| {
        let daemon = besieged(host, "[mail]\ndomain = \"tilde.example\"\n");
        daemon.submit().make_active("ada");
        let mut replies = Vec::new();
        for mut wire in [Wire::web(), Wire::root(SUBMIT), Wire::root(ADMIN)] {
            let mut said = vec![wire.ask(r#"{"method":"org.varlink.service.GetInfo"}"#)];
            for interface in [
                INTERFACE,
                "org.varlink.service",
                "io.systemd.UserDatabase",
                "",
            ] {
                said.push(
                    wire.ask(
                        json!({
                            "method": "org.varlink.service.GetInterfaceDescription",
                            "parameters": {"interface": interface},
                        })
                        .to_string(),
                    ),
                );
            }
            for method in ["GetInfo2", "Reload", ""] {
                said.push(
                    wire.ask(
                        json!({"method": format!("org.varlink.service.{method}")}).to_string(),
                    ),
                );
            }
            replies.push(said);
        }
        // The same words to whoever asks, and none of them from this host.
        assert!(replies.iter().all(|said| *said == replies[0]));
        let text = Value::from(replies.concat()).to_string();
        for told in ["ada", "tilde.example", "/var/lib", "20000", "901"] {
            assert!(!text.contains(&format!("\"{told}")), "{told} in {text}");
        }
    });
}

#[test]
fn accounts_that_provisiond_did_not_make_get_the_same_no_from_every_verb() {
    private_host(|host| {
        // Inside the range of uids, too.
        host.add_user("byhand", 20_500);
        host.add_user("human", 1_500);
        host.add_user("beyond", 60_500);
        host.directory("/home/byhand", 0o700);
        host.file("/home/byhand/precious", "kept", 0o600);
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        let mine = registration().to_string();
        let before = Snapshot::take();
        let passwd = fs::read_to_string("/etc/passwd").unwrap();
        let mut names: Vec<&str> = passwd.lines().filter_map(|l| l.split(':').next()).collect();
        names.retain(|name| *name != "ada");
        for needed in [
            "root",
            "daemon",
            "nobody",
            "postfix",
            "sshd",
            "registrar-web",
            "byhand",
        ] {
            // What is not on this machine is asked for all the same.
            if !names.contains(&needed) {
                names.push(needed);
            }
        }
        let mut wire = Wire::web();
        for name in names {
            for (method, offered, parameters) in verbs_on(name, &mine) {
                let reply = wire.call(method, parameters);
                let error = error_of(&reply);
                match method {
                    _ if !offered => {
                        // A name that no account can have is told first; it acts on nothing.
                        assert!(
                            matches!(error, "NotPermitted" | "InvalidArgument"),
                            "{reply}"
                        );
                    }
                    "CreateAccount" => {
                        assert!(
                            matches!(error, "NameUnavailable" | "InvalidArgument"),
                            "{reply}"
                        );
                    }
                    _ => {
                        assert!(
                            matches!(error, "NoSuchAccount" | "InvalidArgument"),
                            "{reply}"
                        );
                    }
                }
                // Not even what kind of account it is, which home or number it has.
                assert!(!reply.to_string().contains("/home"), "{reply}");
            }
            let reply = wire.call("CheckUsername", json!({"username": name}));
            assert_eq!(reply["parameters"]["available"], false, "{name}");
        }
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn a_member_whose_name_root_gave_to_somebody_else_is_left_alone_in_every_state() {
    private_host(|host| {
        let daemon = besieged(host, "");
        let submit = daemon.submit();
        let mut held = Vec::new();
        for (state, name) in [(0, "locked"), (1, "ready"), (2, "active")] {
            let registration = registration();
            submit.change(&create(registration, name, "Name")).unwrap();
            if state > 0 {
                submit.change(&configure(registration, name)).unwrap();
            }
            if state > 1 {
                submit
                    .change(&activate(registration, name, Some(HASH), &[KEY]))
                    .unwrap();
            }
            held.push((name, registration.to_string()));
        }
        for (number, (name, _)) in (26_000..).zip(&held) {
            run("/usr/sbin/userdel", &[name]);
            host.add_user(name, number);
        }
        let before = Snapshot::take();
        let mut wire = Wire::web();
        for (name, registration) in &held {
            for (method, offered, parameters) in verbs_on(name, registration) {
                let reply = wire.call(method, parameters);
                let harmless = matches!(method, "CreateAccount" | "ConfigureMail" | "GetAccount");
                // What was done before is answered as it was; nothing else is done.
                assert!(
                    harmless || !error_of(&reply).is_empty(),
                    "{method}: {reply}"
                );
                assert!(offered || error_of(&reply) == "NotPermitted", "{reply}");
            }
        }
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn path_tricks_and_separators_in_any_field_reach_no_file() {
    private_host(|host| {
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        let before = Snapshot::take();
        let mut wire = Wire::web();
        let tricks = [
            "../ada",
            "/etc/passwd",
            "..",
            ".registrar",
            "ada/../root",
            "ada\u{0}",
            "ada\n",
            "ada\nroot",
            "ada:x:0:0",
            "-rada",
            "--root=/tmp",
            "ada ",
            "ad\u{430}",
            "ADA",
            "%2e%2e",
            "~root",
            "$(id)",
            "0",
            "+ada",
            "@group",
            "",
        ];
        for trick in tricks {
            let fresh = registration().to_string();
            for (method, _, parameters) in verbs_on(trick, &fresh) {
                let reply = wire.call(method, parameters);
                assert_eq!(
                    error_of(&reply),
                    "InvalidArgument",
                    "{method} {trick:?}: {reply}"
                );
                assert_eq!(reply["parameters"]["field"], "username");
            }
            let reply = wire.call("CheckUsername", json!({"username": trick}));
            assert_eq!(reply["parameters"]["available"], false, "{trick:?}");

            let ids = json!({"username": "eve", "displayName": "Eve", "registrationId": trick});
            let reply = wire.call("CreateAccount", ids);
            assert_eq!(error_of(&reply), "InvalidArgument", "{trick:?}: {reply}");
            let reply = wire.call("Health", json!({"requestId": trick}));
            assert_eq!(error_of(&reply), "BadMessage", "{trick:?}: {reply}");

            let hash = json!({"username": "ada", "passwordHash": format!("{OTHER_HASH}{trick}\n")});
            let reply = wire.call("SetPassword", hash);
            assert_eq!(error_of(&reply), "InvalidArgument", "{trick:?}: {reply}");
        }
        for key in [
            format!("command=\"/bin/sh\" {KEY}"),
            format!("environment=\"LD_PRELOAD=/tmp/x\",no-pty {KEY}"),
            format!("cert-authority {KEY}"),
            format!("{KEY}\n{KEY}"),
            format!("{KEY}\u{0}"),
            format!("# {KEY}"),
            format!("{KEY}\u{b}command=\"x\""),
            "../../root/.ssh/authorized_keys".to_owned(),
            "@cert-authority *".to_owned(),
        ] {
            let reply = wire.call("SetSshKeys", json!({"username": "ada", "sshKeys": [key]}));
            assert_eq!(error_of(&reply), "InvalidArgument", "{key:?}: {reply}");
        }
        for name in [
            "a\nb",
            "a\u{0}b",
            "a\rb",
            "a\u{1b}[2J",
            "a\u{85}b",
            "\u{202e}a",
            "\n",
            "",
        ] {
            let ids = json!({"username": "eve", "displayName": name, "registrationId": registration().to_string()});
            let reply = wire.call("CreateAccount", ids);
            assert_eq!(error_of(&reply), "InvalidArgument", "{name:?}: {reply}");
            assert_eq!(reply["parameters"]["field"], "displayName");
        }
        assert_well(&daemon);
        before.assert_same();
    });
}

#[test]
fn nobody_else_is_served_on_the_submit_socket_whatever_groups_they_have() {
    private_host(|host| {
        host.add_user("stranger", 902);
        run("/usr/sbin/groupadd", &["-g", "904", "registrar-admin"]);
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        let before = Snapshot::take();
        // Who can get past the mode of the file gets one refusal, by name, for any call.
        for (uid, gid, path) in [
            (902, WEB, SUBMIT),
            (1, WEB, SUBMIT),
            (65_534, WEB, SUBMIT),
            // A number without a user.
            (54_321, WEB, SUBMIT),
            (902, 904, ADMIN),
            (WEB, 904, ADMIN),
        ] {
            for (method, _, parameters) in verbs_on("ada", &registration().to_string()) {
                let mut wire = Wire::new(connect_as(uid, gid, path).unwrap());
                let reply = wire.call(method, parameters);
                assert_eq!(error_of(&reply), "NotPermitted", "{uid} {method}: {reply}");
                assert_eq!(wire.read(), None, "the connection went on");
            }
        }
        // Nor is a name that only begins like the one on the list.
        host.add_user("registrar-web2", 903);
        let mut wire = Wire::new(connect_as(903, WEB, SUBMIT).unwrap());
        let reply = wire.call("Health", json!({}));
        assert_eq!(error_of(&reply), "NotPermitted", "{reply}");
        assert_well(&daemon);
        before.assert_only(&DATABASES);
    });
}

#[test]
fn the_credentials_of_who_may_use_the_admin_socket_are_left_to_root_whatever_their_group_is_called()
{
    private_host(|host| {
        run("/usr/sbin/groupadd", &["-r", "ops"]);
        let daemon = besieged(host, "[sockets]\nadmin_groups = [\"ops\"]\n");
        let submit = daemon.submit();
        submit.make_active("ada");
        run("/usr/sbin/usermod", &["-aG", "ops", "ada"]);
        let before = Snapshot::take();
        for call in [set_password("ada", OTHER_HASH), set_keys("ada", &[KEY])] {
            let error = submit.change(&call).unwrap_err();
            assert!(
                matches!(&error, ProvisionError::PrivilegedAccount { group, .. } if group == "ops"),
                "{error:?}"
            );
        }
        before.assert_same();
    });
}

/// An account brings a group of its own name: whoever had the account would be a member.
#[test]
fn no_stranger_gets_the_name_of_a_group_with_power_that_the_host_does_not_have_yet() {
    private_host(|host| {
        let settings = "[sockets]\nadmin_groups = [\"tenders\"]\n\
                        [accounts]\nprivileged_groups = [\"keepers\"]\n";
        let daemon = besieged(host, settings);
        let submit = daemon.submit();
        let before = Snapshot::take();
        for name in ["tenders", "keepers"] {
            let check = submit.check(name);
            assert!(!check.available, "{name}");
            assert!(check.reason.unwrap().contains("privileges"), "{name}");
            let result = submit.change(&create(registration(), name, "Name"));
            assert!(
                matches!(&result, Err(ProvisionError::NameUnavailable { .. })),
                "{result:?}"
            );
        }
        before.assert_same();
        assert!(submit.check("ada").available);
    });
}
