//! Groups in the registry: what the journal says of them, after a restart and written anew.
mod support;

use provision_api::{AccountState, DisplayName, GroupState, RegistrationId, RequestId};
use provisiond::journal::{
    Answer, Answered, Event, Fingerprint, GroupEvent, GroupIntent, GroupOutcome, GroupWork, Outcome,
};
use provisiond::registry::{GroupRecord, GroupTombstone, Record, Store};
use support::daemon::user;
use support::groups::group;

fn request(number: u32) -> RequestId {
    RequestId::new(uuid::Uuid::from_u128(u128::from(number)))
}

fn archived(name: &str) -> Record {
    Record {
        username: user(name),
        display_name: DisplayName::parse("Ada Lovelace").unwrap(),
        registration_id: RegistrationId::new(uuid::Uuid::from_u128(1)),
        uid: 20_000,
        home: format!("/home/{name}"),
        state: AccountState::Archived,
        mail_configured: false,
        ssh_keys: Vec::new(),
        has_password: false,
        created_at: 1,
        activated_at: Some(2),
        recent_changes: Vec::new(),
        recent_names: Vec::new(),
        greeted_at: None,
    }
}

fn group_done(number: u32, outcome: GroupOutcome) -> Event {
    Event::Group(GroupEvent::Done {
        answered: Answered {
            request_id: request(number),
            fingerprint: Fingerprint::of(&number.to_be_bytes()),
            at: 1_000,
            answer: Answer::GroupMade {
                gid: number,
                directory: "/home/groups/x".into(),
            },
        },
        outcome,
    })
}

fn crew(name: &str, gid: u32, members: &[&str]) -> GroupRecord {
    GroupRecord {
        name: group(name),
        gid,
        directory: format!("/home/groups/{name}"),
        members: members.iter().map(|m| user(m)).collect(),
        state: GroupState::Active,
        created_at: 1,
        recent_changes: vec![7],
    }
}

/// What a store knows of groups, as far as anyone can ask.
fn of_groups(store: &Store) -> String {
    store.read(|r| {
        let named = ["band", "crew", "gone", "open"].map(|name| {
            let name = group(name);
            let groups = r.groups();
            (
                groups.get(&name).cloned(),
                groups.is_buried(&name),
                groups.intent(&name).cloned(),
            )
        });
        let answer = r.answer(request(30_000)).unwrap();
        format!(
            "{named:?} {answer:?} {:?} {}",
            r.groups().creations(2_000),
            r.next_uid(0)
        )
    })
}

#[test]
fn groups_and_who_is_in_them_survive_a_restart_and_a_journal_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let mut store = Store::open(&state, 2_000).unwrap();
    let begun = |name: &str, gid: u32, work| {
        Event::Group(GroupEvent::Begun(GroupIntent {
            request_id: request(gid),
            fingerprint: Fingerprint::of(b"x"),
            at: 1_500,
            name: group(name),
            gid,
            work,
        }))
    };
    let make = || GroupWork::Create {
        directory: "/home/groups/x".into(),
    };
    store.commit(begun("crew", 30_000, make())).unwrap();
    let members = ["ada", "bob"];
    let record = GroupOutcome::Record(crew("crew", 30_000, &members));
    store.commit(group_done(30_000, record)).unwrap();
    let record = GroupOutcome::Record(crew("band", 30_001, &members));
    store.commit(group_done(30_001, record)).unwrap();
    let tombstone = GroupTombstone {
        name: group("gone"),
        gid: 30_002,
        removed_at: 5,
    };
    let buried = GroupOutcome::Buried(tombstone);
    store.commit(group_done(30_002, buried)).unwrap();
    store.commit(begun("open", 30_003, make())).unwrap();
    // Whose Linux user goes is in no group any more.
    store
        .commit(Event::Kept(Outcome::Record(archived("ada"))))
        .unwrap();
    store.read(|r| {
        let in_crew = &r.groups().get(&group("crew")).unwrap().members;
        assert_eq!(in_crew.iter().collect::<Vec<_>>(), [&user("bob")]);
        assert_eq!(r.groups().of_member(&user("bob")).count(), 2);
        assert_eq!(r.groups().of_member(&user("ada")).count(), 0);
        assert_eq!(r.groups().creations(2_000).0, 2);
        assert_eq!(r.next_uid(0), 30_004, "a gid is used up");
    });
    let before = of_groups(&store);
    drop(store);
    let mut store = Store::open(&state, 2_000).unwrap();
    assert_eq!(of_groups(&store), before, "after a restart");
    store.compact().unwrap();
    assert_eq!(of_groups(&store), before, "after a rewrite");
    drop(store);
    let store = Store::open(&state, 2_000).unwrap();
    assert_eq!(of_groups(&store), before, "after both");
}
