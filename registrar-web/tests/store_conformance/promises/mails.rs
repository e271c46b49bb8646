use std::sync::Arc;

use registrar_web::domain::*;
use registrar_web::ports::{StoreError, Unique};

use crate::fixture::Fixture;
use crate::records::*;

pub(crate) async fn the_same_mail_is_queued_once(f: Arc<Fixture>) {
    let first = mail(1, "welcome:1");
    f.store.enqueue_mail(&first).await.unwrap();
    for again in [first.clone(), mail(2, "welcome:1")] {
        let refused = f.store.enqueue_mail(&again).await;
        assert!(
            matches!(refused, Err(StoreError::Duplicate(Unique::DedupeKey))),
            "{refused:?}"
        );
    }
    let refused = f.store.enqueue_mail(&mail(1, "another")).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Id))),
        "{refused:?}"
    );
    assert_eq!(f.store.mail(first.id).await.unwrap(), Some(first.clone()));
    assert_eq!(
        f.store.mail_by_key("welcome:1").await.unwrap(),
        Some(first.clone())
    );
    assert_eq!(f.store.mail_by_key("welcome:2").await.unwrap(), None);

    // Not even after it was sent.
    let mut sent = first.clone();
    sent.state = MailState::Sent { at: at(1) };
    let sent = f.store.update_mail(sent).await.unwrap();
    assert_eq!(sent.version, 2);
    let refused = f.store.enqueue_mail(&mail(3, "welcome:1")).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::DedupeKey))),
        "{refused:?}"
    );
    let refused = f.store.update_mail(first).await;
    assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
}

pub(crate) async fn ended_mails_are_forgotten_after_their_time_and_others_stay(f: Arc<Fixture>) {
    let states = [
        MailState::Queued,
        MailState::Sent { at: at(10) },
        MailState::Failed {
            at: at(11),
            reason: "550".into(),
        },
        MailState::Sent { at: at(20) },
    ];
    for (n, state) in (0..).zip(states) {
        let mut job = mail(n, &n.to_string());
        job.state = state;
        f.store.enqueue_mail(&job).await.unwrap();
    }
    assert_eq!(f.store.forget_mails(at(10)).await.unwrap(), 0);
    assert_eq!(f.store.forget_mails(at(20)).await.unwrap(), 2);
    for (n, stays) in [(0, true), (1, false), (2, false), (3, true)] {
        assert_eq!(f.store.mail(id(n)).await.unwrap().is_some(), stays, "{n}");
    }
    f.store.enqueue_mail(&mail(5, "1")).await.unwrap();
}

pub(crate) async fn mails_that_wait_too_long_are_counted(f: Arc<Fixture>) {
    for (n, due) in [(1, Some(0)), (2, Some(1)), (3, Some(100)), (4, None)] {
        let mut job = mail(n, &n.to_string());
        job.work = due.map_or_else(Work::default, |s| Work::due(at(s)));
        f.store.enqueue_mail(&job).await.unwrap();
    }
    let health = f.store.health(at(302)).await.unwrap();
    assert_eq!(health.mails_overdue, 2);
    assert!(!health.description.is_empty());
    assert_eq!(f.store.counts().await.unwrap().mails_waiting, 3);
    assert_eq!(f.store.health(at(200)).await.unwrap().mails_overdue, 0);
}

pub(crate) async fn invites_are_found_by_token_and_compare_versions(f: Arc<Fixture>) {
    let one = invite(1);
    f.store.insert_invite(&one).await.unwrap();
    f.store.insert_invite(&invite(2)).await.unwrap();
    let mut copy = invite(3);
    copy.token = one.token.clone();
    let refused = f.store.insert_invite(&copy).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Token))),
        "{refused:?}"
    );
    assert_eq!(
        f.store.invite_by_token(&one.token).await.unwrap(),
        Some(one.clone())
    );
    assert_eq!(
        f.store.invite_by_token(&invite(9).token).await.unwrap(),
        None
    );

    // Of two registrations with the same invite one gets it.
    let mut claims = tokio::task::JoinSet::new();
    for n in 0..16 {
        let (store, mut claim) = (Arc::clone(&f.store), one.clone());
        claim.state = InviteState::Claimed {
            registration: rid(n),
        };
        claims.spawn(async move { store.update_invite(claim).await });
    }
    let results = claims.join_all().await;
    let won: Vec<_> = results.iter().filter_map(|r| r.as_ref().ok()).collect();
    assert_eq!(won.len(), 1);
    for refused in results.iter().filter(|r| r.is_err()) {
        assert!(matches!(refused, Err(StoreError::Conflict)), "{refused:?}");
    }
    assert_eq!(f.store.invite(one.id).await.unwrap().as_ref(), Some(won[0]));
}
