//! What a web service that was taken over may not do with groups: reach one that provisiond did not
//! make, give power away, fill the host, or lead root along a path of its choosing.
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::symlink;

use provision_api::ProvisionError;
use serde_json::{Value, json};
use support::daemon::*;
use support::groups::*;
use support::private_host::{PrivateHost, private_host, run};
use support::snapshot::{Snapshot, assert_well};
use support::wire::{Wire, add_web_user, error_of, message};

fn besieged(host: &PrivateHost, settings: &str) -> Daemon {
    add_web_user(host);
    groups_directory(host);
    Daemon::start(host, settings)
}

fn create(wire: &mut Wire, name: &str) -> Value {
    wire.call("CreateGroup", json!({ "name": name }))
}

fn set(wire: &mut Wire, name: &str, members: &[&str]) -> Value {
    wire.call("SetGroupMembers", json!({"name": name, "members": members}))
}

fn names_in_group_file() -> Vec<String> {
    let text = fs::read_to_string("/etc/group").unwrap();
    let names = text.lines().filter_map(|line| line.split(':').next());
    names.map(str::to_owned).collect()
}

#[test]
fn no_group_of_the_host_and_no_users_own_group_is_made_read_or_changed() {
    private_host(|host| {
        // In the range of numbers, too, and with a member.
        run("/usr/sbin/groupadd", &["-g", "20500", "byhand"]);
        run("/usr/sbin/groupadd", &["-f", "sudo"]);
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        daemon.submit().make_group("crew").unwrap();
        let before = Snapshot::take();
        let mut wire = Wire::web();
        let mut admin = Wire::root(ADMIN);
        let names: BTreeSet<String> = names_in_group_file().into_iter().collect();
        assert!(names.contains("ada") && names.contains("byhand") && names.contains("root"));
        for name in names.iter().filter(|name| *name != "crew") {
            let no = |reply: &Value, error: &str| {
                let said = error_of(reply);
                // A name that no group can have is told first.
                assert!(
                    said == error || said == "InvalidArgument",
                    "{name}: {reply}"
                );
            };
            no(&create(&mut wire, name), "NameUnavailable");
            no(&set(&mut wire, name, &["ada"]), "NoSuchGroup");
            no(&wire.call("GetGroup", json!({"name": name})), "NoSuchGroup");
            for verb in ["ArchiveGroup", "RestoreGroup", "RemoveGroup"] {
                no(&admin.call(verb, json!({"name": name})), "NoSuchGroup");
            }
        }
        before.assert_same();
        assert_well(&daemon);
    });
}

#[test]
fn what_takes_a_group_away_is_refused_on_the_submit_socket_in_every_way_of_calling() {
    private_host(|host| {
        let daemon = besieged(host, "");
        daemon.submit().make_group("crew").unwrap();
        let before = Snapshot::take();
        for mut wire in [Wire::web(), Wire::root(SUBMIT)] {
            for verb in ["ArchiveGroup", "RestoreGroup", "RemoveGroup"] {
                let call = message(verb, json!({"name": "crew"}));
                assert_eq!(error_of(&wire.ask(&call)), "NotPermitted", "{verb}");
                let mut more: Value = serde_json::from_str(&call).unwrap();
                more["more"] = true.into();
                let reply = wire.ask(more.to_string());
                assert_eq!(error_of(&reply), "NotPermitted", "{verb}");
                more["more"] = false.into();
                more["oneway"] = true.into();
                wire.send(more.to_string().as_bytes()).unwrap();
                assert!(wire.is_ready(), "{verb}");
            }
        }
        before.assert_same();
    });
}

#[test]
fn a_name_that_lends_power_is_refused_even_where_the_host_has_no_such_group_yet() {
    private_host(|host| {
        let settings = "[sockets]\nadmin_groups = [\"tenders\"]\n\
                        [accounts]\nprivileged_groups = [\"keepers\"]\n";
        let mut daemon = besieged(host, settings);
        daemon.submit().make_active("ada");
        let before = Snapshot::take();
        let mut wire = Wire::web();
        for name in [
            "tenders",
            "keepers",
            "sudo",
            "wheel",
            "docker",
            "registrar-admin",
            "root",
        ] {
            let reply = create(&mut wire, name);
            assert_eq!(error_of(&reply), "NameUnavailable", "{name}: {reply}");
            assert_eq!(error_of(&set(&mut wire, name, &["ada"])), "NoSuchGroup");
        }
        before.assert_same();
        // Nor does it get members once the admin has given it power.
        assert_eq!(error_of(&create(&mut wire, "crew")), "");
        daemon.stop();
        host.file(
            "/run/provisiond.toml",
            "[accounts]\nprivileged_groups = [\"crew\"]\n",
            0o600,
        );
        daemon.start_again();
        let before = Snapshot::take();
        let reply = set(&mut Wire::web(), "crew", &["ada"]);
        assert_eq!(error_of(&reply), "StepFailed", "{reply}");
        assert!(
            reply["parameters"]["message"]
                .as_str()
                .unwrap()
                .contains("privileges")
        );
        before.assert_same();
    });
}

#[test]
fn a_name_that_is_a_path_an_option_or_a_line_is_no_name() {
    private_host(|host| {
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        let before = Snapshot::take();
        let mut wire = Wire::web();
        for name in [
            "",
            ".",
            "..",
            "../etc",
            "a/b",
            "/etc",
            ".registrar",
            ".crew.new",
            "-M",
            "--root=/",
            "crew:x:0:",
            "crew\n",
            "crew\0",
            "crew,ada",
            "Crew",
            "a_b",
            "naïve",
            &"c".repeat(33),
        ] {
            let replies = [
                create(&mut wire, name),
                set(&mut wire, name, &["ada"]),
                wire.call("GetGroup", json!({"name": name})),
            ];
            for reply in replies {
                assert_eq!(error_of(&reply), "InvalidArgument", "{name:?}: {reply}");
                assert_eq!(reply["parameters"]["field"], "name");
            }
        }
        before.assert_same();
        assert_well(&daemon);
    });
}

#[test]
fn only_accounts_that_provisiond_made_and_that_are_in_use_become_members_and_all_or_none_do() {
    private_host(|host| {
        host.add_user("byhand", 20_500);
        let daemon = besieged(host, "[accounts]\nchange_limit_per_hour = 1000\n");
        let submit = daemon.submit();
        for name in ["ada", "bob", "packed", "removed"] {
            submit.make_active(name);
        }
        submit
            .change(&support::daemon::create(registration(), "waiting", "W"))
            .unwrap();
        for (name, make) in [
            (
                "packed",
                provision_api::Method::ArchiveAccount as fn(_) -> _,
            ),
            ("removed", provision_api::Method::RemoveAccount),
        ] {
            let suspend = on(provision_api::Method::SuspendAccount, name);
            daemon.admin().change(&suspend).unwrap();
            daemon.admin().change(&on(make, name)).unwrap();
        }
        submit.make_group("crew").unwrap();
        submit.set_members("crew", &["ada"]).unwrap();
        let before = Snapshot::take();
        let mut wire = Wire::web();
        for (member, why) in [
            ("root", "not an account that provisiond made"),
            ("registrar-web", "not an account"),
            ("byhand", "not an account"),
            ("nobodyhere", "not an account"),
            ("crew", "not an account"),
            ("waiting", "never active"),
            ("packed", "archived"),
            ("removed", "removed"),
        ] {
            let reply = set(&mut wire, "crew", &["ada", "bob", member]);
            assert_eq!(error_of(&reply), "InvalidArgument", "{reply}");
            let said = &reply["parameters"];
            assert_eq!(said["field"], "members");
            let text = said["message"].as_str().unwrap();
            assert!(text.starts_with(member) && text.contains(why), "{text}");
        }
        for member in ["-d", "ada,root", "ada:", "", "../ada"] {
            let reply = set(&mut wire, "crew", &[member]);
            assert_eq!(error_of(&reply), "InvalidArgument", "{reply}");
        }
        before.assert_same();
        assert_eq!(submit.members_of("crew"), "ada");
    });
}

#[test]
fn a_flood_of_groups_and_of_changes_ends_at_the_caps() {
    private_host(|host| {
        let settings = "[groups]\ncreate_limit_per_hour = 3\nchange_limit_per_hour = 4\n";
        let mut daemon = besieged(host, settings);
        daemon.submit().make_active("ada");
        daemon.submit().make_active("bob");
        let mut wire = Wire::web();
        for n in 0..3 {
            assert_eq!(error_of(&create(&mut wire, &format!("flood{n}"))), "");
        }
        for round in 0..2 {
            let reply = create(&mut wire, "onemore");
            assert_eq!(error_of(&reply), "RateLimited", "{reply}");
            let wait = reply["parameters"]["retryAfterSeconds"].as_u64().unwrap();
            assert!((1..=3600).contains(&wait));
            if round == 0 {
                // A restart gives no new hour.
                daemon.kill();
                daemon.start_again();
                wire = Wire::web();
            }
        }
        for n in 0..4 {
            let list: &[&str] = if n % 2 == 0 {
                &["ada"]
            } else {
                &["ada", "bob"]
            };
            assert_eq!(error_of(&set(&mut wire, "flood0", list)), "");
        }
        let before = Snapshot::take();
        assert_eq!(error_of(&set(&mut wire, "flood0", &["bob"])), "RateLimited");
        // What changes nothing is no change, and another group has its own hour.
        assert_eq!(error_of(&set(&mut wire, "flood0", &["bob", "ada"])), "");
        before.assert_same();
        assert_eq!(error_of(&set(&mut wire, "flood1", &["bob"])), "");
        // Accounts are counted apart.
        daemon.submit().make_active("carol");
        let many: Vec<String> = (0..1001).map(|n| format!("member{n}")).collect();
        let reply = wire.call(
            "SetGroupMembers",
            json!({"name": "flood2", "members": many}),
        );
        assert_eq!(error_of(&reply), "InvalidArgument", "{reply}");
        assert_well(&daemon);
    });
}

#[test]
fn a_group_that_root_took_over_is_left_alone() {
    private_host(|host| {
        let daemon = besieged(host, "");
        daemon.submit().make_active("ada");
        daemon.submit().make_group("crew").unwrap();
        daemon.submit().set_members("crew", &["ada"]).unwrap();
        let archive = |daemon: &Daemon| daemon.admin().archive_group("crew").map(drop);
        for (change, back, word) in [
            (["-g", "4711"], ["-g", "20001"], "another number"),
            (["-n", "theirs"], ["-n", "crew"], "is gone"),
        ] {
            let name = if change[0] == "-n" { "theirs" } else { "crew" };
            run("/usr/sbin/groupmod", &[change[0], change[1], "crew"]);
            let before = Snapshot::take();
            for refused in [
                daemon.submit().set_members("crew", &[]).map(drop),
                archive(&daemon),
            ] {
                let Err(ProvisionError::StepFailed { message, .. }) = refused else {
                    panic!("{refused:?}");
                };
                assert!(message.contains(word), "{message}");
            }
            before.assert_same();
            run("/usr/sbin/groupmod", &[back[0], back[1], name]);
        }
        archive(&daemon).unwrap();
    });
}

#[test]
fn what_is_planted_where_a_directory_goes_is_neither_followed_nor_replaced() {
    private_host(|host| {
        let daemon = besieged(host, "");
        let submit = daemon.submit();
        host.directory("/home/target", 0o700);
        host.file("/home/target/precious", "kept", 0o600);
        symlink("/home/target", "/home/groups/crew").unwrap();
        host.directory("/home/groups/band", 0o755);
        host.file("/home/groups/choir", "", 0o644);
        let before = Snapshot::take();
        for name in ["crew", "band", "choir"] {
            let refused = submit.make_group(name).unwrap_err();
            let ProvisionError::NameUnavailable { reason, .. } = &refused else {
                panic!("{refused:?}");
            };
            assert!(reason.contains("is there already"), "{reason}");
        }
        before.assert_same();
        // Where it is made first: nothing comes of it, and no group is left.
        symlink("/home/target", "/home/groups/.guild.new").unwrap();
        let others = Snapshot::take();
        submit.make_group("guild").unwrap_err();
        assert_eq!(line_of("/etc/group", "guild"), None);
        others.assert_only(&["/etc", "/home/groups"]);
        fs::remove_file("/home/groups/.guild.new").unwrap();
        // On the way out and back.
        submit.make_group("guild").unwrap();
        fs::rename("/home/groups/guild", "/home/moved").unwrap();
        symlink("/home/target", "/home/groups/guild").unwrap();
        let before = Snapshot::take();
        daemon.admin().archive_group("guild").unwrap_err();
        before.assert_same();
        fs::remove_file("/home/groups/guild").unwrap();
        fs::rename("/home/moved", "/home/groups/guild").unwrap();
        daemon.admin().archive_group("guild").unwrap();
        symlink("/home/target", "/home/groups/guild").unwrap();
        let before = Snapshot::take();
        daemon.admin().restore_group("guild").unwrap_err();
        before.assert_same();
        fs::remove_file("/home/groups/guild").unwrap();
        daemon.admin().restore_group("guild").unwrap();
        // Inside it members may do as they like: nothing of it leads a deletion out.
        submit.make_active("ada");
        submit.set_members("guild", &["ada"]).unwrap();
        let plant =
            "cd /home/groups/guild && ln -s /home/target out && mkdir deep && ln -s ../.. deep/up";
        as_member("ada", plant).unwrap();
        daemon.admin().archive_group("guild").unwrap();
        daemon.admin().remove_group("guild").unwrap();
        assert_eq!(fs::read_to_string("/home/target/precious").unwrap(), "kept");
        assert_well(&daemon);
    });
}

#[test]
fn a_parent_that_others_could_change_is_refused_by_name_and_no_group_is_left() {
    private_host(|host| {
        add_web_user(host);
        host.add_user("eve", 5_000);
        let daemon = Daemon::start(host, "");
        let chown = |id: u32| std::os::unix::fs::chown(DIRECTORY, Some(id), Some(0)).unwrap();
        type Spoil<'a> = (&'a str, &'a dyn Fn());
        let spoils: [Spoil<'_>; 5] = [
            ("is not there", &|| {}),
            ("has no setgid bit", &|| {
                host.directory(DIRECTORY, 0o711);
            }),
            ("writable for others", &|| {
                host.directory(DIRECTORY, 0o2777);
            }),
            ("does not belong to root", &|| {
                host.directory(DIRECTORY, 0o2711);
                chown(5_000);
            }),
            ("not a directory itself", &|| {
                host.directory("/home/elsewhere", 0o2711);
                symlink("/home/elsewhere", DIRECTORY).unwrap();
            }),
        ];
        for (word, spoil) in spoils {
            let _ = fs::remove_dir(DIRECTORY);
            spoil();
            let before = Snapshot::take();
            let refused = daemon.submit().make_group("crew").unwrap_err();
            let ProvisionError::StepFailed { message, step, .. } = &refused else {
                panic!("{refused:?}");
            };
            assert_eq!(step, "directory");
            assert!(message.contains(word), "{message}");
            assert!(message.contains("systemd-tmpfiles"), "{message}");
            before.assert_same();
            // Only groups need it.
            assert!(daemon.submit().health().ready);
        }
        fs::remove_file(DIRECTORY).unwrap();
        groups_directory(host);
        daemon.submit().make_group("crew").unwrap();
        // Once there are groups, it is told before anybody asks for one.
        assert!(daemon.submit().health().problems.is_empty());
        host.directory(DIRECTORY, 0o711);
        let health = daemon.submit().health();
        assert!(health.ready, "a warning, and no more");
        assert!(health.problems[0].contains("no setgid bit"), "{health:?}");
    });
}
