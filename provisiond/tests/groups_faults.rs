//! What becomes of a group when a tool fails, or the daemon is killed while one is at work; and of one
//! whose members go meanwhile.
mod support;

use std::fs;

use provision_api::Method;
use support::daemon::*;
use support::groups::*;
use support::private_host::{PrivateHost, private_host, run};
use support::snapshot::Snapshot;
use support::tools::{self, When};

fn with_crew(host: &PrivateHost) -> Daemon {
    tools::wrap(host);
    groups_directory(host);
    let daemon = Daemon::start(host, "");
    for name in ["ada", "bob", "carol"] {
        daemon.submit().make_active(name);
    }
    daemon.submit().make_group("crew").unwrap();
    daemon.submit().set_members("crew", &["ada"]).unwrap();
    daemon
}

#[test]
fn a_kill_while_the_members_are_written_is_finished_at_the_next_start() {
    for when in [When::Before, When::After] {
        private_host(|host| {
            let mut daemon = with_crew(host);
            let call = members_call(id(), "crew", &["bob", "carol"]);
            tools::stall("gpasswd", when);
            std::thread::scope(|scope| {
                let asked = call.clone();
                let call = scope.spawn(move || Caller::new(SUBMIT).are_set(asked));
                tools::wait_until_stalled();
                daemon.kill();
                assert!(!call.join().unwrap(), "it was answered");
            });
            tools::let_go("gpasswd", when);
            daemon.start_again();
            assert_eq!(members_on_host("crew"), "bob,carol");
            assert_eq!(daemon.submit().members_of("crew"), "bob,carol");
            let reply = daemon.submit().set_members_by(call).unwrap();
            assert_eq!(reply.added, [user("bob"), user("carol")]);
            assert_eq!(reply.removed, [user("ada")]);
            assert!(daemon.submit().health().ready);
        });
    }
}

#[test]
fn a_kill_while_a_group_is_made_ends_in_a_whole_group_or_none() {
    for when in [When::Before, When::After] {
        private_host(|host| {
            let mut daemon = with_crew(host);
            let call = on_group("band");
            tools::stall("groupadd", when);
            std::thread::scope(|scope| {
                let asked = call.clone();
                let call = scope.spawn(move || Caller::new(SUBMIT).is_made(asked));
                tools::wait_until_stalled();
                daemon.kill();
                assert!(!call.join().unwrap(), "it was answered");
            });
            tools::let_go("groupadd", when);
            daemon.start_again();
            let made = daemon.submit().make_group_by(call).unwrap();
            assert_eq!(facts("/home/groups/band"), format!("0:{} 2770", made.gid));
            let line = format!("band:x:{}:", made.gid);
            assert_eq!(line_of("/etc/group", "band").unwrap(), line);
            assert!(daemon.submit().health().ready);
        });
    }
}

#[test]
fn a_step_that_fails_leaves_the_members_as_they_were_and_no_half_group() {
    private_host(|host| {
        let daemon = with_crew(host);
        let before = Snapshot::take();
        tools::fail("gpasswd", 3);
        daemon.submit().set_members("crew", &["bob"]).unwrap_err();
        before.assert_same();
        assert_eq!(daemon.submit().members_of("crew"), "ada");
        assert!(daemon.submit().health().ready);
        tools::work_again("gpasswd");
        daemon.submit().set_members("crew", &["bob"]).unwrap();

        tools::fail("groupadd", 10);
        let before = Snapshot::take();
        daemon.submit().make_group("band").unwrap_err();
        before.assert_same();
        tools::work_again("groupadd");
        assert!(daemon.submit().check("band").available);
        // The number of the failed one is used up.
        let carol = daemon.submit().get("carol").unwrap().account.uid;
        assert_eq!(daemon.submit().make_group("band").unwrap().gid, carol + 3);
    });
}

#[test]
fn a_group_that_can_not_be_closed_now_stays_on_the_books_until_it_is() {
    private_host(|host| {
        let mut daemon = with_crew(host);
        tools::fail("gpasswd", 1);
        daemon.admin().archive_group("crew").unwrap_err();
        assert!(!daemon.submit().health().ready, "an operation is open");
        daemon.kill();
        tools::work_again("gpasswd");
        daemon.start_again();
        assert!(daemon.submit().health().ready);
        assert_eq!(members_on_host("crew"), "");
        assert!(fs::symlink_metadata("/home/groups/crew").is_err());
        daemon.admin().archive_group("crew").unwrap();
        daemon.admin().remove_group("crew").unwrap();
    });
}

#[test]
fn a_member_who_went_while_a_change_was_open_does_not_come_back_with_it() {
    private_host(|host| {
        let mut daemon = with_crew(host);
        // Neither done nor undone: the tool fails both times.
        run("/usr/bin/gpasswd", &["-a", "daemon", "crew"]);
        tools::fail("gpasswd", 3);
        daemon.submit().set_members("crew", &["bob"]).unwrap_err();
        assert!(!daemon.submit().health().ready, "an operation is open");
        let suspend = on(Method::SuspendAccount, "bob");
        daemon.admin().change(&suspend).unwrap();
        daemon
            .admin()
            .change(&on(Method::RemoveAccount, "bob"))
            .unwrap();
        daemon.kill();
        tools::work_again("gpasswd");
        daemon.start_again();
        assert!(daemon.submit().health().ready);
        assert_eq!(members_on_host("crew"), "");
        assert_eq!(daemon.submit().members_of("crew"), "");
    });
}

#[test]
fn a_list_that_only_one_of_the_two_files_has_is_written_to_both() {
    private_host(|host| {
        let daemon = with_crew(host);
        let text = fs::read_to_string("/etc/gshadow").unwrap();
        host.file(
            "/etc/gshadow",
            text.replace("crew:!::ada", "crew:!::"),
            0o640,
        );
        // The answer is about the registry, in which nothing changed.
        let reply = daemon.submit().set_members("crew", &["ada"]).unwrap();
        assert!(reply.added.is_empty());
        assert_eq!(members_on_host("crew"), "ada");
    });
}

#[test]
fn a_list_under_way_is_taken_back_where_the_admin_has_given_the_group_power_by_now() {
    private_host(|host| {
        let mut daemon = with_crew(host);
        let call = members_call(id(), "crew", &["ada", "bob"]);
        tools::stall("gpasswd", When::After);
        std::thread::scope(|scope| {
            let call = scope.spawn(move || Caller::new(SUBMIT).are_set(call));
            tools::wait_until_stalled();
            daemon.kill();
            assert!(!call.join().unwrap(), "it was answered");
        });
        tools::let_go("gpasswd", When::After);
        let settings = "[accounts]\nprivileged_groups = [\"crew\"]\n";
        host.file("/run/provisiond.toml", settings, 0o600);
        daemon.start_again();
        assert_eq!(members_on_host("crew"), "ada");
        assert_eq!(daemon.submit().members_of("crew"), "ada");
        assert!(daemon.submit().health().ready);
    });
}
