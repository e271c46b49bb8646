use std::collections::HashSet;
use std::sync::Arc;

use jiff::SignedDuration;
use registrar_web::domain::*;
use registrar_web::ports::{LeaseRequest, StoreError};

use crate::fixture::Fixture;
use crate::records::*;

fn wish(n: usize, now: i64, until: i64) -> LeaseRequest {
    LeaseRequest {
        owner: worker(n),
        now: at(now),
        until: at(until),
    }
}

pub(crate) async fn of_16_workers_over_200_due_records_each_record_goes_to_one(f: Arc<Fixture>) {
    for n in 0..200 {
        f.store
            .insert_registration(&due(n, i64::from(n) % 7))
            .await
            .unwrap();
    }
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = Arc::clone(&f.store);
        workers.spawn(async move {
            let mut got = Vec::new();
            while let Some(leased) = store.lease_registration(&wish(n, 10, 100)).await.unwrap() {
                assert_eq!(leased.version, 2);
                let lease = leased.work.lease.as_ref().unwrap();
                assert_eq!((&lease.owner, lease.until), (&worker(n), at(100)));
                // What was handed out is what is stored, so it can be written.
                let mut done = leased;
                done.work.settle(None);
                let done = store.update_registration(done).await.unwrap();
                got.push(done.id);
            }
            got
        });
    }
    let got: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(got.len(), 200);
    assert_eq!(got.iter().collect::<HashSet<_>>().len(), 200);
}

pub(crate) async fn the_longest_overdue_comes_first(f: Arc<Fixture>) {
    for (n, seconds) in [(1, 30), (2, 10), (3, 20), (4, 0)] {
        f.store.insert_registration(&due(n, seconds)).await.unwrap();
    }
    let mut order = Vec::new();
    while let Some(leased) = f.store.lease_registration(&wish(1, 50, 99)).await.unwrap() {
        order.push(leased.id);
    }
    assert_eq!(order, [rid(4), rid(2), rid(3), rid(1)]);
}

pub(crate) async fn a_lease_holds_until_its_end_and_can_then_be_taken_over(f: Arc<Fixture>) {
    f.store.insert_registration(&due(1, 0)).await.unwrap();
    let first = f
        .store
        .lease_registration(&wish(1, 0, 60))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        f.store.lease_registration(&wish(2, 59, 119)).await.unwrap(),
        None
    );
    let second = f
        .store
        .lease_registration(&wish(2, 60, 120))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(second.work.lease.as_ref().unwrap().owner, worker(2));
    assert_eq!(
        f.store.registration(rid(1)).await.unwrap(),
        Some(second.clone())
    );
    // The first worker wakes up: what it thinks it holds is gone.
    let late = f.store.update_registration(first).await;
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");

    let mut given_back = second;
    given_back
        .work
        .retry(at(61), "no".into(), None, SignedDuration::from_secs(1), 0);
    let given_back = f.store.update_registration(given_back).await.unwrap();
    assert!(given_back.work.is_free(at(63)));
    let third = f.store.lease_registration(&wish(3, 63, 120)).await.unwrap();
    assert_eq!(third.unwrap().work.attempts, 1);
}

pub(crate) async fn what_is_not_due_is_never_handed_out(f: Arc<Fixture>) {
    f.store
        .insert_registration(&registration(1, "idle"))
        .await
        .unwrap();
    let mut soon = due(2, 10);
    soon.work.due_at = Some(at(10) + SignedDuration::from_nanos(1));
    f.store.insert_registration(&soon).await.unwrap();
    assert_eq!(
        f.store.lease_registration(&wish(1, 10, 60)).await.unwrap(),
        None
    );
    let found = f.store.lease_registration(&wish(1, 11, 60)).await.unwrap();
    assert_eq!(found.unwrap().id, rid(2));
    assert_eq!(
        f.store
            .lease_registration(&wish(1, 1_000_000, 1_000_001))
            .await
            .unwrap()
            .unwrap()
            .id,
        rid(2)
    );
}

pub(crate) async fn mails_are_leased_like_registrations(f: Arc<Fixture>) {
    for (n, seconds) in [(1, 20), (2, 10), (3, 99)] {
        let mut job = mail(n, &n.to_string());
        job.work = Work::due(at(seconds));
        f.store.enqueue_mail(&job).await.unwrap();
    }
    let first = f.store.lease_mail(&wish(1, 50, 60)).await.unwrap().unwrap();
    let second = f.store.lease_mail(&wish(2, 50, 60)).await.unwrap().unwrap();
    assert_eq!((first.id, second.id), (id(2), id(1)));
    assert_eq!(f.store.lease_mail(&wish(3, 50, 60)).await.unwrap(), None);
    let mut sent = first;
    sent.work.settle(None);
    sent.state = MailState::Sent { at: at(51) };
    f.store.update_mail(sent).await.unwrap();
    let again = f.store.lease_mail(&wish(3, 60, 70)).await.unwrap().unwrap();
    assert_eq!(again.id, id(1));
    assert_eq!(f.store.lease_mail(&wish(3, 60, 70)).await.unwrap(), None);
}

pub(crate) async fn of_16_workers_over_100_due_members_each_member_goes_to_one(f: Arc<Fixture>) {
    for n in 0..100 {
        let name = format!("member{n}");
        let mut member = user(n, &name, &format!("{name}@example.org"), true);
        member.work = Work::due(at(i64::from(n) % 7));
        f.store.insert_user(&member).await.unwrap();
    }
    let mut workers = tokio::task::JoinSet::new();
    for n in 0..16 {
        let store = Arc::clone(&f.store);
        workers.spawn(async move {
            let mut got = Vec::new();
            while let Some(leased) = store.lease_user(&wish(n, 10, 100)).await.unwrap() {
                assert_eq!(leased.work.lease.as_ref().unwrap().owner, worker(n));
                let mut done = leased;
                done.work.settle(None);
                got.push(store.update_user(done).await.unwrap().id);
            }
            got
        });
    }
    let got: Vec<_> = workers.join_all().await.into_iter().flatten().collect();
    assert_eq!(got.len(), 100);
    assert_eq!(got.iter().collect::<HashSet<_>>().len(), 100);
    // Those that are settled are handed out to nobody, however late.
    let late = f.store.lease_user(&wish(1, 1_000_000, 1_000_001)).await;
    assert_eq!(late.unwrap(), None);
}
