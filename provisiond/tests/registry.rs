//! The registry keeps an index in memory and its records in the journal: it must tell the same as a
//! registry that keeps everything in memory would.
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use provision_api::{
    Account, AccountState, DisplayName, ProvisionError, RegistrationId, RequestId,
};
use provisiond::journal::{Answer, Answered, Event, Fingerprint, JournalError, Outcome};
use provisiond::registry::{Record, Store, StoreError, Tombstone};
use support::daemon::*;
use support::private_host::private_host;

fn record(name: &str, uid: u32, state: AccountState) -> Record {
    Record {
        username: user(name),
        display_name: DisplayName::parse("Ada Lovelace").unwrap(),
        registration_id: of_uid(uid),
        uid,
        home: format!("/home/{name}"),
        state,
        mail_configured: true,
        ssh_keys: vec![KEY.to_owned(); usize::try_from(uid % 20).unwrap()],
        has_password: uid.is_multiple_of(2),
        created_at: i64::from(uid),
        activated_at: None,
        recent_changes: Vec::new(),
        recent_names: Vec::new(),
        greeted_at: None,
    }
}

/// Two neighbours each have the same hash in the index.
fn of_uid(uid: u32) -> RegistrationId {
    let folded = (u128::from(uid) << 96) | u128::from(uid ^ (uid / 2));
    RegistrationId::new(uuid::Uuid::from_u128(folded))
}

fn request(number: u32) -> RequestId {
    RequestId::new(uuid::Uuid::from_u128(u128::from(number)))
}

fn done(number: u32, account: Account, outcome: Outcome) -> Event {
    Event::Done {
        answered: Answered {
            request_id: request(number),
            fingerprint: Fingerprint::of(&number.to_be_bytes()),
            at: 1_000 + i64::from(number),
            answer: Answer::Account(account),
        },
        outcome,
    }
}

/// What a registry that keeps everything in memory holds.
#[derive(Debug, Default)]
struct Model {
    records: BTreeMap<String, Record>,
    buried: BTreeMap<String, Tombstone>,
    answers: BTreeMap<u32, Account>,
    next_uid: u32,
}

impl Model {
    fn check(&self, store: &Store, names: &[String]) {
        store.read(|registry| {
            let all: Vec<_> = registry.accounts_after(None).map(Result::unwrap).collect();
            let wanted: Vec<_> = self.records.values().cloned().collect();
            assert_eq!(all, wanted, "all accounts, in name order");
            assert_eq!(registry.len(), self.records.len());
            for name in names {
                let record = self.records.get(name);
                let username = user(name);
                assert_eq!(registry.account(&username).unwrap().as_ref(), record);
                let buried = self
                    .buried
                    .contains_key(name)
                    .then_some(AccountState::Removed);
                assert_eq!(
                    registry.state(&username),
                    record.map(|r| r.state).or(buried)
                );
                let after = registry.accounts_after(Some(&username)).next();
                let next = self.records.range(name.clone()..).find(|(n, _)| *n != name);
                assert_eq!(after.map(Result::unwrap).as_ref(), next.map(|(_, r)| r));
            }
            for uid in 0..self.next_uid + 2 {
                let made = self.records.values().find(|r| r.uid == uid);
                let name = registry.name_of(of_uid(uid)).unwrap();
                assert_eq!(name.as_ref(), made.map(|r| &r.username), "of uid {uid}");
                for name in names {
                    let own = made.is_some_and(|r| r.username.as_str() == name);
                    assert_eq!(registry.is_of(&user(name), of_uid(uid)).unwrap(), own);
                }
            }
            for (number, account) in &self.answers {
                let answer = registry.answer(request(*number)).unwrap().unwrap();
                assert_eq!(answer.answer, Answer::Account(account.clone()));
            }
            assert_eq!(registry.answer(request(u32::MAX)).unwrap(), None);
            assert_eq!(registry.next_uid(0), self.next_uid);
        });
    }
}

#[derive(Clone, Debug)]
enum Act {
    Change(usize, AccountState),
    Drop(usize),
    Bury(usize),
    Compact,
    Restart,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let name = 0..NAMES.len();
    let state = prop_oneof![
        Just(AccountState::Locked),
        Just(AccountState::Active),
        Just(AccountState::Suspended),
        Just(AccountState::Archived),
    ];
    let act = prop_oneof![
        8 => (name.clone(), state).prop_map(|(n, s)| Act::Change(n, s)),
        3 => name.clone().prop_map(Act::Drop),
        1 => name.prop_map(Act::Bury),
        1 => Just(Act::Compact),
        1 => Just(Act::Restart),
    ];
    prop::collection::vec(act, 1..60)
}

const NAMES: [&str; 8] = [
    "al",
    "ala",
    "al-a",
    "bo",
    "b2",
    "zz",
    "mid",
    "a1234567890123456789012345678901",
];

fn run(acts: &[Act]) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let mut store = Store::open(&path, 0).unwrap();
    let mut model = Model::default();
    let names = NAMES.map(str::to_owned);
    for (number, act) in (0_u32..).zip(acts) {
        match act {
            Act::Change(which, state) => {
                let name = NAMES[*which];
                if model.buried.contains_key(name) {
                    continue;
                }
                let uid = model.records.get(name).map_or(model.next_uid, |r| r.uid);
                let record = record(name, uid, *state);
                let account = record.to_account();
                model.next_uid = model.next_uid.max(uid + 1);
                model.answers.insert(number, account.clone());
                model.records.insert(name.to_owned(), record.clone());
                let event = done(number, account, Outcome::Record(record));
                store.commit(event).unwrap();
            }
            Act::Drop(which) => {
                if let Some(record) = model.records.remove(NAMES[*which]) {
                    let account = record.to_account();
                    model.answers.insert(number, account.clone());
                    let event = done(number, account, Outcome::Dropped(record.username));
                    store.commit(event).unwrap();
                }
            }
            Act::Bury(which) => {
                if let Some(record) = model.records.remove(NAMES[*which]) {
                    let tombstone = Tombstone {
                        username: record.username.clone(),
                        uid: record.uid,
                        removed_at: 9,
                    };
                    let account = record.to_account();
                    model.answers.insert(number, account.clone());
                    model
                        .buried
                        .insert(record.username.to_string(), tombstone.clone());
                    let event = done(number, account, Outcome::Buried(tombstone));
                    store.commit(event).unwrap();
                }
            }
            Act::Compact => store.compact().unwrap(),
            Act::Restart => {
                drop(store);
                store = Store::open(&path, 0).unwrap();
            }
        }
        model.check(&store, &names);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn the_registry_tells_what_one_that_keeps_everything_in_memory_would(acts in acts()) {
        run(&acts);
    }
}

#[test]
fn a_record_is_the_same_before_and_after_the_journal_is_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let mut store = Store::open(&path, 0).unwrap();
    let view = store.shared();
    let records: Vec<_> = (0..300)
        .map(|uid| record(&format!("member{uid}"), uid, AccountState::Active))
        .collect();
    for record in &records {
        for state in [AccountState::Locked, AccountState::Active] {
            let record = Record {
                state,
                ..record.clone()
            };
            let account = record.to_account();
            store
                .commit(done(record.uid, account, Outcome::Record(record)))
                .unwrap();
        }
    }
    let long = fs::metadata(path.join("journal")).unwrap().len();
    // One who asked before goes on reading meanwhile.
    let check = || {
        let registry = view.read().unwrap();
        for record in &records {
            let read = registry.account(&record.username).unwrap().unwrap();
            assert_eq!(read, *record);
            let answer = registry.answer(request(record.uid)).unwrap().unwrap();
            assert_eq!(answer.answer, Answer::Account(record.to_account()));
        }
    };
    check();
    store.compact().unwrap();
    assert!(fs::metadata(path.join("journal")).unwrap().len() < long);
    check();
    let late = record("later", 300, AccountState::Active);
    let event = done(300, late.to_account(), Outcome::Record(late.clone()));
    store.commit(event).unwrap();
    store.compact().unwrap();
    check();
    drop(store);
    let store = Store::open(&path, 0).unwrap();
    store.read(|r| assert_eq!(r.account(&late.username).unwrap(), Some(late)));
}

/// Changes one letter of the display name in every line that names the account.
fn damage(journal: &Path, name: &str) {
    let text = fs::read_to_string(journal).unwrap();
    let damaged: String = text
        .split_inclusive('\n')
        .map(|line| {
            if line.contains(&format!("\"{name}\"")) {
                line.replace("Lovelace", "Lovelacf")
            } else {
                line.to_owned()
            }
        })
        .collect();
    assert_ne!(damaged, text);
    // In place: the daemon has this file open.
    use std::os::unix::fs::FileExt;
    let file = fs::OpenOptions::new().write(true).open(journal).unwrap();
    file.write_all_at(damaged.as_bytes(), 0).unwrap();
}

#[test]
fn a_record_damaged_behind_the_daemons_back_is_an_error_and_the_journal_is_not_written_anew() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("state");
    let journal = path.join("journal");
    let mut store = Store::open(&path, 0).unwrap();
    for (uid, name) in [(1, "ada"), (2, "bob")] {
        let record = record(name, uid, AccountState::Active);
        let event = done(uid, record.to_account(), Outcome::Record(record));
        store.commit(event).unwrap();
    }
    damage(&journal, "ada");
    store.read(|registry| {
        let error = registry.account(&user("ada")).unwrap_err();
        assert!(
            matches!(error, JournalError::DamagedRecord { .. }),
            "{error}"
        );
        assert!(registry.answer(request(1)).is_err());
        assert!(registry.name_of(of_uid(1)).is_err());
        assert!(registry.account(&user("bob")).unwrap().is_some());
        assert_eq!(registry.state(&user("ada")), Some(AccountState::Active));
    });
    let before = fs::read(&journal).unwrap();
    assert!(store.compact().is_err());
    assert_eq!(
        fs::read(&journal).unwrap(),
        before,
        "nothing is lost by a try"
    );
    // What is well is still taken and told.
    let late = record("late", 3, AccountState::Active);
    let event = done(3, late.to_account(), Outcome::Record(late.clone()));
    store.commit(event).unwrap();
    store.read(|r| assert_eq!(r.account(&late.username).unwrap(), Some(late)));
    // Cut off, as by a disk that lost its end: an error as well, and no endless read.
    let file = fs::OpenOptions::new().write(true).open(&journal).unwrap();
    file.set_len(before.len() as u64 + 40).unwrap();
    store.read(|r| assert!(r.account(&user("late")).is_err()));
    drop(store);
    let error = Store::open(&path, 0).unwrap_err();
    assert!(
        matches!(error, StoreError::Journal(JournalError::Damaged { .. })),
        "{error}"
    );
}

#[test]
fn a_caller_is_told_to_try_later_while_a_record_cant_be_read_and_others_are_served() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        let registration = registration();
        let call = create(registration, "ada", "Ada Lovelace");
        submit.change(&call).unwrap();
        submit.make_active("bob");
        damage("/var/lib/provisiond/journal".as_ref(), "ada");
        let later = |e: ProvisionError| {
            assert!(matches!(e, ProvisionError::TemporaryFailure { .. }), "{e}");
        };
        later(submit.change(&call).unwrap_err());
        later(
            submit
                .change(&create(registration, "ada", "Ada Lovelace"))
                .unwrap_err(),
        );
        later(submit.change(&configure(registration, "ada")).unwrap_err());
        match submit.get("ada").unwrap_err() {
            provision_api::CallError::Refused(e) => later(e),
            other => panic!("{other:?}"),
        }
        assert!(!submit.check("ada").available);
        assert!(submit.get("bob").is_ok());
        submit.make_active("eve");
        assert!(daemon.log().contains("is damaged"), "{}", daemon.log());
    });
}

#[test]
fn health_warns_and_stays_ready_when_few_uids_are_left() {
    for (next_uid, ready, warns) in [
        (59_000, true, true),
        (56_000, true, false),
        (60_000, false, true),
    ] {
        private_host(|host| {
            let mut store = Store::open("/var/lib/provisiond".as_ref(), 0).unwrap();
            store
                .commit(Event::Head {
                    format: 1,
                    next_uid,
                })
                .unwrap();
            drop(store);
            let health = Daemon::start(host, "[mail]\ndomain = \"tilde.example\"\n")
                .submit()
                .health();
            assert_eq!(health.mail_domain, "tilde.example");
            assert_eq!(health.ready, ready, "{health:?}");
            assert_eq!(!health.problems.is_empty(), warns, "{health:?}");
            if ready && warns {
                assert!(
                    health.problems[0].contains("1000 of 40000 uids"),
                    "{health:?}"
                );
            }
        });
    }
}
