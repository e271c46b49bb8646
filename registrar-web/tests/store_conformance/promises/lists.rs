use std::sync::Arc;

use registrar_web::domain::*;
use registrar_web::ports::{PageRequest, RegistrationFilter, StoreCounts};
use uuid::Uuid;

use crate::fixture::Fixture;
use crate::records::*;

async fn pages(f: &Fixture, filter: RegistrationFilter, limit: usize) -> Vec<Vec<Uuid>> {
    let mut pages = Vec::new();
    let mut after = None;
    loop {
        let request = PageRequest { limit, after };
        let page = f.store.list_registrations(filter, &request).await.unwrap();
        pages.push(page.items.iter().map(|r| r.id.uuid()).collect::<Vec<_>>());
        after = page.next;
        if after.is_none() {
            return pages;
        }
        assert_eq!(after.as_ref(), pages.last().unwrap().last());
        assert!(pages.len() < 1000, "the list has no end");
    }
}

pub(crate) async fn pages_hold_every_record_once_in_the_order_of_their_making(f: Arc<Fixture>) {
    assert_eq!(
        pages(&f, RegistrationFilter::All, 10).await,
        [Vec::<Uuid>::new()]
    );
    for n in (0..25).rev() {
        f.store
            .insert_registration(&registration(n, &format!("ada{n}")))
            .await
            .unwrap();
    }
    let all: Vec<Uuid> = (0..25).map(id).collect();
    let paged = pages(&f, RegistrationFilter::All, 10).await;
    assert_eq!(paged.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 5]);
    assert_eq!(paged.concat(), all);
    // A page that is just full is the last one.
    assert_eq!(pages(&f, RegistrationFilter::All, 25).await, [all]);

    // What comes and goes meanwhile does not shift the rest.
    let request = PageRequest {
        limit: 10,
        after: None,
    };
    let first = f
        .store
        .list_registrations(RegistrationFilter::All, &request)
        .await
        .unwrap();
    f.store.delete_registration(&first.items[9]).await.unwrap();
    f.store
        .insert_registration(&registration(99, "new"))
        .await
        .unwrap();
    let request = PageRequest {
        limit: 100,
        after: first.next,
    };
    let rest = f
        .store
        .list_registrations(RegistrationFilter::All, &request)
        .await
        .unwrap();
    let rest: Vec<Uuid> = rest.items.iter().map(|r| r.id.uuid()).collect();
    assert_eq!(rest, (10..25).chain([99]).map(id).collect::<Vec<_>>());
}

pub(crate) async fn limits_of_pages_are_clamped(f: Arc<Fixture>) {
    for n in 0..102 {
        f.store
            .insert_registration(&registration(n, &format!("ada{n}")))
            .await
            .unwrap();
    }
    for (limit, length) in [(0, 1), (1, 1), (100, 100), (usize::MAX, 100)] {
        let request = PageRequest { limit, after: None };
        let page = f
            .store
            .list_registrations(RegistrationFilter::All, &request)
            .await
            .unwrap();
        assert_eq!(page.items.len(), length);
        assert!(page.next.is_some());
    }
}

pub(crate) async fn drafts_are_in_no_list_and_filters_show_only_their_own(f: Arc<Fixture>) {
    let mut draft = registration(1, "draft");
    draft.stage = Stage::Draft;
    let waiting = |n, who| {
        let mut r = registration(n, who);
        r.review = Review::Waiting { since: at(0) };
        r
    };
    let mut undoing = registration(4, "undoing");
    undoing.fail("unable", "no", at(1)).unwrap();
    let mut complete = registration(6, "complete");
    complete.stage = Stage::Complete;
    let records = [
        draft,
        waiting(2, "waiting"),
        registration(3, "running"),
        undoing,
        failed(waiting(5, "failed")),
        complete,
    ];
    for record in &records {
        f.store.insert_registration(record).await.unwrap();
    }
    let counts = f.store.counts().await.unwrap();
    let counted = StoreCounts {
        registrations_running: 1,
        registrations_in_review: 1,
        registrations_failed: 2,
        registrations_complete: 1,
        ..StoreCounts::default()
    };
    assert_eq!(counts, counted);
    let listed = async |filter| pages(&f, filter, 1).await.concat();
    assert_eq!(
        listed(RegistrationFilter::All).await,
        [2, 3, 4, 5, 6].map(id)
    );
    assert_eq!(listed(RegistrationFilter::InReview).await, [id(2)]);
    assert_eq!(listed(RegistrationFilter::Failed).await, [4, 5].map(id));

    let mut decided = records[1].clone();
    decided.approve("root", at(9)).unwrap();
    f.store.update_registration(decided).await.unwrap();
    assert!(listed(RegistrationFilter::InReview).await.is_empty());
}

pub(crate) async fn the_place_in_the_review_queue_counts_those_who_wait_and_came_before(
    f: Arc<Fixture>,
) {
    for n in 1..=4 {
        let mut one = registration(n, &format!("ada{n}"));
        one.review = Review::Waiting { since: at(0) };
        // The second one has been decided about.
        if n == 2 {
            one.approve("grace", at(1)).unwrap();
        }
        f.store.insert_registration(&one).await.unwrap();
    }
    let mut places = Vec::new();
    for n in [1, 3, 4] {
        places.push(f.store.review_queue_place(rid(n)).await.unwrap());
    }
    assert_eq!(places, [1, 2, 3]);
}
