use std::sync::Arc;

use registrar_web::domain::*;
use registrar_web::ports::{StoreError, Unique};

use crate::fixture::{Fixture, say};
use crate::records::*;

pub(crate) async fn a_full_record_is_read_back_as_it_was_written(f: Arc<Fixture>) {
    let mut full = registration(1, "ada");
    full.display_name = DisplayName::parse("Zoë “x” $set.y \u{1f98a}").unwrap();
    let key =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHVh7RGjnYAPJBxRvbVTUhSVBHzBJmHjZTxAqzXZbKbh ada";
    full.ssh_keys.extend(SshPublicKey::parse(key).ok());
    full.profile = Profile {
        first_name: PersonName::parse("Zoë \u{1f98a}").ok(),
        country: Country::parse("gb").ok(),
        bio: Bio::parse("\"$set\"\n.").ok(),
        links: Link::parse("https://zoe.example/").into_iter().collect(),
        birth_date: Some(jiff::civil::date(1815, 12, 10)),
        reason: Some("a\0b\n\u{202e}".into()),
        ..Profile::default()
    };
    full.invite = Some(id(9));
    full.reached = Status::MailConfigured;
    full.history = vec![Passed {
        status: Status::MailConfigured,
        at: at(3) + jiff::SignedDuration::from_nanos(123_456_789),
    }];
    full.verification = Some(verification(1, 1));
    full.review = Review::Approved {
        at: at(4),
        by: "root".into(),
    };
    full.mail_trouble = Some(MailTrouble {
        at: at(5),
        message: "550".into(),
    });
    full.work = Work {
        due_at: Some(at(6) + jiff::SignedDuration::from_nanos(1)),
        attempts: 3,
        lease: Some(Lease {
            owner: worker(1),
            until: at(7),
        }),
        last_error: Some("no".into()),
    };
    f.store.insert_registration(&full).await.unwrap();
    assert_eq!(
        f.store.registration(full.id).await.unwrap(),
        Some(full.clone())
    );

    let mut undoing = full.clone();
    undoing.review = Review::NotNeeded;
    undoing.fail("unable", "no", at(8)).unwrap();
    let undoing = f.store.update_registration(undoing).await.unwrap();
    assert_eq!(undoing.version, 2);
    assert_eq!(f.store.registration(full.id).await.unwrap(), Some(undoing));
    assert_eq!(f.store.registration(rid(99)).await.unwrap(), None);
}

pub(crate) async fn a_name_is_unique_while_held(f: Arc<Fixture>) {
    let mut first = registration(1, "ada");
    f.store.insert_registration(&first).await.unwrap();
    let refused = f.store.insert_registration(&registration(2, "ada")).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    // While things are undone it is still held.
    first.fail("unable", "no", at(1)).unwrap();
    f.store.update_registration(first).await.unwrap();
    let refused = f.store.insert_registration(&registration(2, "ada")).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    // One that failed may not hold it again.
    let mut other = failed(registration(3, "ada"));
    f.store.insert_registration(&other).await.unwrap();
    other.stage = Stage::Running;
    let refused = f.store.update_registration(other).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
}

pub(crate) async fn a_name_is_free_again_when_its_holder_has_failed_or_is_gone(f: Arc<Fixture>) {
    if !f.place.frees_unique_values().await {
        say(
            "skipped: names that failed registrations free, as this server keeps a value of a unique index taken after an update took it out of the document",
        );
        return;
    }
    for n in [1, 2] {
        let holder = registration(n, "ada");
        f.store.insert_registration(&holder).await.unwrap();
        f.store.update_registration(failed(holder)).await.unwrap();
    }
    let holder = registration(3, "ada");
    f.store.insert_registration(&holder).await.unwrap();
    f.store.delete_registration(&holder).await.unwrap();
    f.store
        .insert_registration(&registration(4, "ada"))
        .await
        .unwrap();
}

pub(crate) async fn of_32_that_want_a_name_one_gets_it(f: Arc<Fixture>) {
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..32 {
        let store = Arc::clone(&f.store);
        tasks.spawn(async move { store.insert_registration(&registration(n, "ada")).await });
    }
    let results = tasks.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    for refused in results.iter().filter(|r| r.is_err()) {
        assert!(
            matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
            "{refused:?}"
        );
    }
}

pub(crate) async fn an_id_that_is_there_is_named_before_any_other_duplicate(f: Arc<Fixture>) {
    let first = registration(1, "ada");
    f.store.insert_registration(&first).await.unwrap();
    for name in ["ada", "grace"] {
        let refused = f.store.insert_registration(&registration(1, name)).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate(Unique::Id))),
            "{refused:?}"
        );
    }
}

pub(crate) async fn compare_and_swap_loses_no_increment_of_16_tasks(f: Arc<Fixture>) {
    const EACH: u32 = 25;
    f.store
        .insert_registration(&registration(1, "ada"))
        .await
        .unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&f.store);
        tasks.spawn(async move {
            let mut done = 0;
            while done < EACH {
                let mut read = store.registration(rid(1)).await.unwrap().unwrap();
                read.work.attempts += 1;
                match store.update_registration(read).await {
                    Ok(_) => done += 1,
                    Err(StoreError::Conflict) => tokio::task::yield_now().await,
                    Err(e) => panic!("{e}"),
                }
            }
        });
    }
    tasks.join_all().await;
    let end = f.store.registration(rid(1)).await.unwrap().unwrap();
    assert_eq!(end.work.attempts, 16 * EACH);
    assert_eq!(end.version, u64::from(1 + 16 * EACH));
}

pub(crate) async fn a_stale_version_is_a_conflict_and_changes_nothing(f: Arc<Fixture>) {
    let read = registration(1, "ada");
    f.store.insert_registration(&read).await.unwrap();
    let newer = f.store.update_registration(read.clone()).await.unwrap();
    assert_eq!(newer.version, 2);
    let mut stale = read;
    stale.updated_at = at(77);
    let refused = f.store.update_registration(stale).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(f.store.registration(rid(1)).await.unwrap(), Some(newer));
    let refused = f.store.update_registration(registration(2, "eve")).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    assert_eq!(f.store.registration(rid(2)).await.unwrap(), None);
}

pub(crate) async fn deleting_takes_the_version_that_was_read(f: Arc<Fixture>) {
    let read = registration(1, "ada");
    f.store.insert_registration(&read).await.unwrap();
    let newer = f.store.update_registration(read.clone()).await.unwrap();
    let refused = f.store.delete_registration(&read).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    f.store.delete_registration(&newer).await.unwrap();
    assert_eq!(f.store.registration(rid(1)).await.unwrap(), None);
    let refused = f.store.delete_registration(&newer).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    f.store
        .insert_registration(&registration(2, "ada"))
        .await
        .unwrap();
}

pub(crate) async fn by_name_the_holder_is_found_before_earlier_and_later_failed_ones(
    f: Arc<Fixture>,
) {
    let found = async |n: &str| f.store.registration_by_username(&name(n)).await.unwrap();
    assert_eq!(found("ada").await, None);
    for n in [1, 3] {
        f.store
            .insert_registration(&failed(registration(n, "ada")))
            .await
            .unwrap();
        f.store
            .insert_registration(&registration(n + 100, &format!("eve{n}")))
            .await
            .unwrap();
    }
    assert_eq!(
        found("ada").await.unwrap().id,
        rid(3),
        "the latest of those that failed"
    );
    f.store
        .insert_registration(&registration(2, "ada"))
        .await
        .unwrap();
    assert_eq!(found("ada").await.unwrap().id, rid(2), "the holder");
}

pub(crate) async fn by_token_the_one_with_that_link_is_found(f: Arc<Fixture>) {
    let mut one = registration(1, "ada");
    one.verification = Some(verification(1, 1));
    let old = one.token_digest().unwrap().clone();
    f.store.insert_registration(&one).await.unwrap();
    f.store
        .insert_registration(&registration(2, "eve"))
        .await
        .unwrap();
    let found = f.store.registration_by_token(&old).await.unwrap();
    assert_eq!(found.unwrap().id, one.id);

    // A new mail with a new link: the old one finds nothing.
    one.verification = Some(verification(1, 2));
    let new = one.token_digest().unwrap().clone();
    let one = f.store.update_registration(one).await.unwrap();
    assert_eq!(f.store.registration_by_token(&old).await.unwrap(), None);
    assert_eq!(
        f.store.registration_by_token(&new).await.unwrap(),
        Some(one.clone())
    );

    let mut thief = registration(3, "thief");
    thief.verification = one.verification;
    let refused = f.store.insert_registration(&thief).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Token))),
        "{refused:?}"
    );
}
