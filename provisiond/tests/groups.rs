//! Groups of organisations, over the real sockets, on a private host: made, followed, put away.
mod support;

use std::fs;

use provision_api::{GroupState, Method, ProvisionError, RequestId};
use support::daemon::*;
use support::groups::*;
use support::private_host::{PrivateHost, has_program, private_host, run};
use support::snapshot::Snapshot;

/// Compiled anew at each start.
const REWRITTEN: [&str; 1] = ["/etc/postfix/registrar"];

fn with_members(host: &PrivateHost, members: &[&str]) -> Daemon {
    groups_directory(host);
    let daemon = Daemon::start(host, "[accounts]\nchange_limit_per_hour = 1000\n");
    for member in members {
        daemon.submit().make_active(member);
    }
    daemon
}

fn end(daemon: &Daemon, name: &str, make: impl FnOnce(provision_api::OnAccount) -> Method) {
    let suspend = on(Method::SuspendAccount, name);
    daemon.admin().change(&suspend).unwrap();
    daemon.admin().change(&on(make, name)).unwrap();
}

#[test]
fn a_group_is_made_with_a_number_of_its_own_and_a_directory_that_its_members_share() {
    private_host(|host| {
        let daemon = with_members(host, &["ada", "bob", "eve"]);
        let submit = daemon.submit();
        let made = submit.make_group("crew").unwrap();
        // The next of the numbers that users have, too: none is ever both.
        assert_eq!(made.gid, 20_003);
        assert_eq!(made.directory, "/home/groups/crew");
        assert_eq!(line_of("/etc/group", "crew").unwrap(), "crew:x:20003:");
        assert_eq!(line_of("/etc/gshadow", "crew").unwrap(), "crew:!::");
        assert_eq!(facts("/home/groups/crew"), "0:20003 2770");
        assert_eq!(facts(DIRECTORY), "0:0 2711");
        let next = submit.make_active("fay");
        assert_eq!(next.uid, 20_004, "a gid is used up as a uid is");

        let set = submit.set_members("crew", &["bob", "ada"]).unwrap();
        assert_eq!(set.added, [user("ada"), user("bob")]);
        assert!(set.removed.is_empty());
        assert_eq!(run("/usr/bin/id", &["-Gn", "ada"]).trim(), "ada crew");

        // What one member makes belongs to the group, and the others work on it.
        let made_by_ada = "umask 002; cd /home/groups/crew && echo one > plan && mkdir sub";
        as_member("ada", made_by_ada).unwrap();
        assert_eq!(facts("/home/groups/crew/plan"), "20000:20003 664");
        assert_eq!(facts("/home/groups/crew/sub"), "20000:20003 2775");
        let add = "cd /home/groups/crew && echo two >> plan && cat plan";
        assert_eq!(as_member("bob", add).unwrap(), "one\ntwo");
        // Nobody else comes in, and nobody sees which groups there are.
        as_member("eve", "ls /home/groups/crew").unwrap_err();
        as_member("eve", "ls /home/groups").unwrap_err();
        // Members can't take the directory itself away.
        as_member("ada", "mv /home/groups/crew /home/groups/mine").unwrap_err();
        as_member("ada", "chmod 0777 /home/groups/crew").unwrap_err();
        assert!(daemon.submit().health().ready);
    });
}

#[test]
fn membership_follows_the_whole_list_that_is_given() {
    private_host(|host| {
        let daemon = with_members(host, &["ada", "bob", "carol"]);
        let submit = daemon.submit();
        submit.make_group("crew").unwrap();
        submit.make_group("band").unwrap();
        submit.set_members("band", &["ada", "carol"]).unwrap();
        let mut before: Vec<&str> = Vec::new();
        for list in [
            vec!["ada", "bob", "carol"],
            vec!["bob"],
            vec!["ada", "carol"],
            vec![],
            vec!["carol", "carol", "ada"],
        ] {
            let reply = submit.set_members("crew", &list).unwrap();
            let added = list.iter().filter(|m| !before.contains(m));
            let mut added: Vec<_> = added.map(|m| user(m)).collect();
            added.sort();
            added.dedup();
            let removed = before.iter().filter(|m| !list.contains(m));
            let removed: Vec<_> = removed.map(|m| user(m)).collect();
            assert_eq!((reply.added, reply.removed), (added, removed), "{list:?}");
            let mut wanted = list.clone();
            wanted.sort_unstable();
            wanted.dedup();
            assert_eq!(members_on_host("crew"), wanted.join(","));
            assert_eq!(submit.members_of("crew"), wanted.join(","));
            assert_eq!(members_on_host("band"), "ada,carol", "another group");
            before = wanted;
        }
        // Whoever root put in by hand goes with the next list; the answer is about the registry's.
        run("/usr/bin/gpasswd", &["-a", "daemon", "crew"]);
        let reply = submit.set_members("crew", &["ada", "carol"]).unwrap();
        assert!(reply.added.is_empty() && reply.removed.is_empty());
        assert_eq!(members_on_host("crew"), "ada,carol");
        // It is kept over a restart.
        let mut daemon = daemon;
        daemon.stop();
        daemon.start_again();
        assert_eq!(daemon.submit().members_of("crew"), "ada,carol");
    });
}

#[test]
fn a_repeated_call_gets_the_first_answer_and_does_nothing() {
    private_host(|host| {
        let mut daemon = with_members(host, &["ada", "bob"]);
        let (create, members) = (on_group("crew"), members_call(id(), "crew", &["ada"]));
        let made = daemon.submit().make_group_by(create.clone()).unwrap();
        let set = daemon.submit().set_members_by(members.clone()).unwrap();
        daemon.submit().set_members("crew", &["bob"]).unwrap();
        let before = Snapshot::take();
        for restarted in [false, true] {
            if restarted {
                daemon.kill();
                daemon.start_again();
            }
            let submit = daemon.submit();
            assert_eq!(submit.make_group_by(create.clone()).unwrap(), made);
            assert_eq!(submit.set_members_by(members.clone()).unwrap(), set);
            before.assert_only(&REWRITTEN);
            // The id is used up, for accounts as for groups.
            let used = |result| matches!(result, Err(ProvisionError::RequestIdReused { .. }));
            let request_id = create.request_id;
            let other = members_call(request_id, "crew", &[]);
            assert!(used(submit.set_members_by(other).map(drop)));
            let mut account = create_account(request_id);
            assert!(used(submit.change(&account).map(drop)));
            account = create_account(members.request_id);
            assert!(used(submit.change(&account).map(drop)));
            // Under another id a group is not made twice.
            assert!(matches!(
                submit.make_group("crew"),
                Err(ProvisionError::NameUnavailable { .. })
            ));
            before.assert_only(&REWRITTEN);
        }
    });
}

fn create_account(request_id: RequestId) -> Method {
    let Method::CreateAccount(mut call) = create(registration(), "eve", "Eve") else {
        unreachable!()
    };
    call.request_id = request_id;
    Method::CreateAccount(call)
}

#[test]
fn an_account_that_is_archived_or_removed_leaves_every_group_and_a_suspended_one_stays() {
    private_host(|host| {
        let mut daemon = with_members(host, &["ada", "bob", "carol", "dan"]);
        let submit = daemon.submit();
        for name in ["crew", "band"] {
            submit.make_group(name).unwrap();
            let all = ["ada", "bob", "carol", "dan"];
            submit.set_members(name, &all).unwrap();
        }
        let suspend = on(Method::SuspendAccount, "dan");
        daemon.admin().change(&suspend).unwrap();
        end(&daemon, "bob", Method::ArchiveAccount);
        end(&daemon, "carol", Method::RemoveAccount);
        for restarted in [false, true] {
            if restarted {
                daemon.kill();
                daemon.start_again();
            }
            for name in ["crew", "band"] {
                assert_eq!(members_on_host(name), "ada,dan");
                assert_eq!(daemon.submit().members_of(name), "ada,dan");
            }
        }
        // Back again, bob is in no group until he is named.
        let restore = on(Method::RestoreAccount, "bob");
        daemon.admin().change(&restore).unwrap();
        assert_eq!(members_on_host("crew"), "ada,dan");
        assert_eq!(run("/usr/bin/id", &["-Gn", "bob"]).trim(), "bob");
        let reply = daemon.submit().set_members("crew", &["ada", "bob"]);
        assert_eq!(reply.unwrap().added, [user("bob")]);
        assert_eq!(members_on_host("crew"), "ada,bob");
    });
}

#[test]
fn a_member_of_an_organisations_group_is_not_taken_for_privileged() {
    private_host(|host| {
        let daemon = with_members(host, &["ada"]);
        let submit = daemon.submit();
        submit.make_group("crew").unwrap();
        submit.set_members("crew", &["ada"]).unwrap();
        submit.change(&set_password("ada", OTHER_HASH)).unwrap();
        submit.change(&set_keys("ada", &[KEY])).unwrap();
        // Root's own groups still count.
        run("/usr/sbin/groupadd", &["-f", "sudo"]);
        run("/usr/bin/gpasswd", &["-a", "ada", "sudo"]);
        assert!(matches!(
            submit.change(&set_password("ada", HASH)),
            Err(ProvisionError::PrivilegedAccount { .. })
        ));
    });
}

#[test]
fn an_archived_group_has_no_member_and_keeps_all_content_and_a_restored_one_has_it_again() {
    private_host(|host| {
        let mut daemon = with_members(host, &["ada", "bob"]);
        let gid = daemon.submit().make_group("crew").unwrap().gid;
        daemon
            .submit()
            .set_members("crew", &["ada", "bob"])
            .unwrap();
        as_member("ada", "cd /home/groups/crew && echo kept > plan").unwrap();

        let archived = daemon.admin().archive_group("crew").unwrap();
        assert_eq!(archived.state, GroupState::Archived);
        assert!(archived.members.is_empty());
        assert_eq!(archived.directory, "/home/groups/crew");
        assert_eq!(members_on_host("crew"), "");
        assert!(fs::symlink_metadata("/home/groups/crew").is_err());
        assert_eq!(facts("/home/groups/.registrar"), "0:0 700");
        let aside = "/home/groups/.registrar/aside/crew";
        assert_eq!(facts(aside), format!("0:{gid} 2770"));
        // In the group for as long as the session lasts, and the way is closed all the same.
        let still = format!("setpriv --regid ada --groups {gid} --reuid ada cat {aside}/plan");
        run("/bin/sh", &["-c", &format!("! {still}")]);
        // Nothing but a restore brings it back, and no other name gets its number.
        assert!(matches!(
            daemon.submit().set_members("crew", &["ada"]),
            Err(ProvisionError::WrongGroupState { .. })
        ));
        assert!(daemon.submit().make_group("crew").is_err());
        assert!(daemon.submit().make_group("other").unwrap().gid > gid);
        daemon.kill();
        daemon.start_again();
        // Repeated, it is a no-op.
        assert_eq!(daemon.admin().archive_group("crew").unwrap(), archived);

        let restored = daemon.admin().restore_group("crew").unwrap();
        assert_eq!(restored.state, GroupState::Active);
        assert!(restored.members.is_empty(), "members are named anew");
        assert_eq!(facts("/home/groups/crew"), format!("0:{gid} 2770"));
        daemon.submit().set_members("crew", &["bob"]).unwrap();
        let read = as_member("bob", "cat /home/groups/crew/plan").unwrap();
        assert_eq!(read, "kept");
    });
}

#[test]
fn a_removed_group_leaves_nothing_but_a_name_and_a_number_that_are_not_given_out_again() {
    private_host(|host| {
        let mut daemon = with_members(host, &["ada"]);
        let gid = daemon.submit().make_group("crew").unwrap().gid;
        daemon.submit().set_members("crew", &["ada"]).unwrap();
        as_member(
            "ada",
            "cd /home/groups/crew && mkdir -p a/b/c && echo x > a/b/c/f",
        )
        .unwrap();
        // Not in one go: what is deleted was put away before.
        assert!(matches!(
            daemon.admin().remove_group("crew"),
            Err(ProvisionError::WrongGroupState { .. })
        ));
        daemon.admin().archive_group("crew").unwrap();
        let removed = daemon.admin().remove_group("crew").unwrap();
        assert_eq!(removed.state, GroupState::Removed);
        for restarted in [false, true] {
            if restarted {
                daemon.kill();
                daemon.start_again();
            }
            for file in ["/etc/group", "/etc/gshadow"] {
                assert_eq!(line_of(file, "crew"), None, "{file}");
            }
            for empty in ["aside", "trash"] {
                let path = format!("/home/groups/.registrar/{empty}");
                assert_eq!(fs::read_dir(path).unwrap().count(), 0);
            }
            assert!(fs::symlink_metadata("/home/groups/crew").is_err());
            let gone = daemon.submit().get_group("crew");
            assert!(matches!(gone, Err(ProvisionError::NoSuchGroup { .. })));
            for refused in [
                daemon.submit().make_group("crew").map(drop),
                daemon
                    .submit()
                    .change(&create(registration(), "crew", "Crew"))
                    .map(drop),
            ] {
                let Err(ProvisionError::NameUnavailable { reason, .. }) = refused else {
                    panic!("{refused:?}");
                };
                assert!(reason.contains("not given out again"), "{reason}");
            }
            assert!(!daemon.submit().check("crew").available);
        }
        assert!(daemon.submit().make_group("sequel").unwrap().gid > gid);
        assert!(daemon.submit().make_active("bob").uid > gid + 1);
    });
}

#[test]
fn names_of_users_and_groups_are_one_namespace() {
    private_host(|host| {
        let daemon = with_members(host, &["ada", "gone"]);
        let submit = daemon.submit();
        submit.make_group("crew").unwrap();
        let check = submit.check("crew");
        assert!(!check.available, "a name that a group has");
        assert!(check.reason.unwrap().contains("taken by a group"));
        let user_called_crew = create(registration(), "crew", "Crew");
        assert!(matches!(
            submit.change(&user_called_crew),
            Err(ProvisionError::NameUnavailable { .. })
        ));
        end(&daemon, "gone", Method::RemoveAccount);
        for (name, word) in [
            ("ada", "taken by another account"),
            ("gone", "not given out again"),
            ("groups", "reserved"),
        ] {
            let refused = submit.make_group(name).unwrap_err();
            let ProvisionError::NameUnavailable { reason, .. } = &refused else {
                panic!("{refused:?}");
            };
            assert!(reason.contains(word), "{name}: {reason}");
        }
    });
}

/// What `RestrictSUIDSGID=yes` and `RestrictNamespaces=yes` do (systemd.exec(5)): a filter under which
/// whatever would set a setuid or setgid bit, or make a namespace, is answered by EPERM.
const RESTRICTED: &str = r#"
my @filter = (0x20, 0, 0, 0);
# clone3 keeps its flags where no filter can look.
push @filter, 0x15, 0, 1, 435, 0x06, 0, 0, 0x00050026;
# chmod, fchmod, fchmodat, fchmodat2, mkdir, mkdirat: the argument that holds the mode. unshare, clone: flags.
for ([90, 1], [91, 1], [268, 2], [452, 2], [83, 1], [258, 2], [272, 0, 0x7e020080], [56, 0, 0x7e020000]) {
    my ($call, $argument, $bits) = (@$_, 06000);
    push @filter, 0x15, 0, 4, $call, 0x20, 0, 0, 16 + 8 * $argument, 0x45, 0, 1, $bits,
        0x06, 0, 0, 0x00050001, 0x06, 0, 0, 0x7fff0000;
}
push @filter, 0x06, 0, 0, 0x7fff0000;
my $filter = pack "(SCCL)*", @filter;
my $program = pack "S x![Q] P", @filter / 4, $filter;
syscall(157, 38, 1, 0, 0, 0) == 0 or die "no new privileges: $!";
syscall(157, 22, 2, $program) == 0 or die "filter: $!";
if ($ARGV[0] eq "probe") {
    mkdir "/run/probe", 02755 and die "a setgid bit was set";
    syscall(272, 0x10000000) == 0 and die "a namespace was made";
    print "filtered\n";
    exit;
}
exec @ARGV or die "exec: $!";
"#;

#[test]
fn a_directory_has_its_setgid_bit_although_the_unit_may_set_none() {
    if cfg!(not(target_arch = "x86_64")) || !has_program("/usr/bin/setpriv", "util-linux") {
        return;
    }
    private_host(|host| {
        let filter = host.file("/run/restricted.pl", RESTRICTED, 0o644);
        let filter = filter.display();
        let probe = run("/usr/bin/perl", &[&filter.to_string(), "probe"]);
        assert_eq!(probe.trim(), "filtered");
        groups_directory(host);
        let mut daemon = Daemon::start(host, "");
        daemon.kill();
        let line = format!(
            "exec /usr/bin/setpriv --bounding-set=-all,+chown,+fowner,+dac_override,+setuid,+setgid \
             /usr/bin/perl {filter} \"$0\" --config \"$1\""
        );
        daemon.start_again_by(&line, &[]);
        daemon.submit().make_active("ada");
        let gid = daemon.submit().make_group("crew").unwrap().gid;
        assert_eq!(facts("/home/groups/crew"), format!("0:{gid} 2770"));
        daemon.submit().set_members("crew", &["ada"]).unwrap();
        as_member("ada", "mkdir /home/groups/crew/sub").unwrap();
        daemon.admin().archive_group("crew").unwrap();
        daemon.admin().restore_group("crew").unwrap();
        assert_eq!(facts("/home/groups/crew"), format!("0:{gid} 2770"));
        daemon.admin().archive_group("crew").unwrap();
        daemon.admin().remove_group("crew").unwrap();
    });
}
