use std::sync::Arc;

use registrar_web::domain::{LiveEvent, News, SessionEnd};
use registrar_web::events::Backlog;
use registrar_web::ports::{EventFilter, PageRequest, StoreError, Unique};
use uuid::Uuid;

use crate::fixture::Fixture;
use crate::identity::events;
use crate::records::*;

/// The n-th event, of the member with that number.
fn event(n: u32, of: u32) -> LiveEvent {
    LiveEvent {
        id: id(n),
        version: 1,
        to: rid(of),
        news: News::InviteRevoked {
            invite: id(7),
            by: "eve \"$x\" \u{1f98a}".into(),
        },
        created_at: at(i64::from(n)),
        read_at: None,
    }
}

fn quiet(n: u32, of: u32) -> LiveEvent {
    LiveEvent {
        news: News::SessionEnded {
            session: None,
            why: SessionEnd::SignedOut,
            quiet: true,
        },
        ..event(n, of)
    }
}

async fn ids(f: &Fixture, filter: EventFilter) -> Vec<Uuid> {
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let page = PageRequest { limit: 2, after };
        let page = f.store.list_events(filter, &page).await.unwrap();
        all.extend(page.items.iter().map(|e| e.id));
        after = page.next;
        if after.is_none() {
            return all;
        }
    }
}

pub(crate) async fn an_event_is_read_back_as_it_was_written(f: Arc<Fixture>) {
    f.store.insert_event(&event(1, 9)).await.unwrap();
    assert_eq!(f.store.event(id(1)).await.unwrap(), Some(event(1, 9)));
    let again = f.store.insert_event(&event(1, 9)).await;
    assert!(
        matches!(again, Err(StoreError::Duplicate(Unique::Id))),
        "{again:?}"
    );
    let mut read = event(1, 9);
    read.read_at = Some(at(5));
    let written = f.store.update_event(read.clone()).await.unwrap();
    assert_eq!((written.version, written.read_at), (2, Some(at(5))));
    let stale = f.store.update_event(read).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
}

pub(crate) async fn events_are_listed_by_whose_they_are_and_notifications_newest_first(
    f: Arc<Fixture>,
) {
    for one in [
        event(1, 9),
        event(2, 8),
        event(3, 9),
        quiet(4, 9),
        event(5, 9),
    ] {
        f.store.insert_event(&one).await.unwrap();
    }
    let mut read = event(3, 9);
    read.read_at = Some(at(6));
    f.store.update_event(read).await.unwrap();
    let of = |numbers: &[u32]| numbers.iter().map(|n| id(*n)).collect::<Vec<_>>();
    assert_eq!(ids(&f, EventFilter::All).await, of(&[1, 2, 3, 4, 5]));
    assert_eq!(ids(&f, EventFilter::Of(rid(9))).await, of(&[1, 3, 4, 5]));
    assert_eq!(ids(&f, EventFilter::Notices(rid(9))).await, of(&[5, 3, 1]));
    assert_eq!(ids(&f, EventFilter::Unread(rid(9))).await, of(&[5, 1]));
    assert_eq!(f.store.unread_events(rid(9)).await.unwrap(), 2);
    assert_eq!(f.store.unread_events(rid(7)).await.unwrap(), 0);
}

pub(crate) async fn events_are_forgotten_after_their_time_and_others_stay(f: Arc<Fixture>) {
    f.store.insert_event(&event(1, 9)).await.unwrap();
    f.store.insert_event(&event(5, 9)).await.unwrap();
    let end = at(1) + LiveEvent::KEPT;
    assert_eq!(f.store.forget_events(end).await.unwrap(), 0);
    assert_eq!(f.store.forget_events(end + seconds(1)).await.unwrap(), 1);
    assert_eq!(ids(&f, EventFilter::All).await, [id(5)]);
}

/// Two instances, each with members who listen.
pub(crate) async fn what_one_instance_writes_is_heard_at_the_other_once_and_by_its_member(
    f: Arc<Fixture>,
) {
    let other = f.place.open().await;
    let (here, there) = (events(&f.store), events(&other));
    let mut ada = there.subscribe(rid(1)).await.unwrap();
    let mut eve = there.subscribe(rid(2)).await.unwrap();
    let news = || News::InviteExpired { invite: id(7) };
    for _ in 0..20 {
        here.publish(rid(1), news()).await;
    }
    here.publish(rid(2), news()).await;
    assert_eq!(there.look().await.unwrap(), 21);
    assert_eq!(there.look().await.unwrap(), 0);
    let mut last = Uuid::nil();
    for _ in 0..20 {
        let heard = ada.next().await.unwrap();
        assert!(heard.id > last && heard.to == rid(1), "in their order");
        last = heard.id;
    }
    assert_eq!(eve.next().await.unwrap().to, rid(2));
    there.publish(rid(1), news()).await;
    let own = ada.next().await.unwrap();
    assert_eq!(own.to, rid(1), "its own at once");
    assert_eq!(there.look().await.unwrap(), 0);
    other.close().await;
}

/// Whose id is lower, because the other clock goes after this one, and whose write came later.
pub(crate) async fn an_event_that_is_stored_after_a_later_one_is_not_missed(f: Arc<Fixture>) {
    let there = events(&f.store);
    let mut ada = there.subscribe(rid(1)).await.unwrap();
    // The clock of instances stands at `at(0)`.
    let made = |n: u128, seconds: i64| {
        let millis = u128::try_from(at(seconds).as_millisecond()).unwrap();
        LiveEvent {
            id: Uuid::from_u128((millis << 80) | (7 << 76) | (2 << 62) | n),
            ..event(1, 1)
        }
    };
    let (earlier, later) = (made(1, -5), made(2, 0));
    f.store.insert_event(&later).await.unwrap();
    assert_eq!(there.look().await.unwrap(), 1);
    assert_eq!(ada.next().await.unwrap().id, later.id);
    f.store.insert_event(&earlier).await.unwrap();
    assert_eq!(there.look().await.unwrap(), 1);
    assert_eq!(ada.next().await.unwrap().id, earlier.id);
    // Who was away from the later one on is given it as well.
    let mut backlog = Backlog::after(&there, rid(1), later.id);
    let next = backlog.next(&there).await.unwrap().unwrap();
    assert_eq!(next.id, earlier.id);
    assert_eq!(backlog.next(&there).await.unwrap(), None);
}
