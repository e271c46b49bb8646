use std::sync::Arc;

use registrar_web::ports::{LeaseRequest, StoreError, Unique};

use crate::fixture::Fixture;
use crate::records::*;

pub(crate) async fn two_stores_on_one_database_see_each_others_writes(f: Arc<Fixture>) {
    let other = f.place.open().await;
    f.store.insert_registration(&due(1, 0)).await.unwrap();
    let read = other.registration(rid(1)).await.unwrap().unwrap();
    let refused = other.insert_registration(&registration(2, "due1")).await;
    assert!(
        matches!(refused, Err(StoreError::Duplicate(Unique::Username))),
        "{refused:?}"
    );
    let wish = LeaseRequest {
        owner: worker(1),
        now: at(1),
        until: at(60),
    };
    let leased = other.lease_registration(&wish).await.unwrap().unwrap();
    assert_eq!(f.store.lease_registration(&wish).await.unwrap(), None);
    let stale = f.store.update_registration(read).await;
    assert!(matches!(stale, Err(StoreError::Conflict)), "{stale:?}");
    let newer = f.store.update_registration(leased).await.unwrap();
    assert_eq!(other.registration(rid(1)).await.unwrap(), Some(newer));
    other.close().await;
}

pub(crate) async fn a_closed_store_says_so_and_what_was_written_is_there_when_it_is_opened_again(
    f: Arc<Fixture>,
) {
    let other = f.place.open().await;
    other
        .insert_registration(&registration(1, "ada"))
        .await
        .unwrap();
    other.count("key", seconds(60), at(0)).await.unwrap();
    other.close().await;
    other.close().await;
    let refused = other.registration(rid(1)).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );
    let refused = other.insert_registration(&registration(2, "eve")).await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable(_))),
        "{refused:?}"
    );

    let again = f.place.open().await;
    assert_eq!(
        again.registration(rid(1)).await.unwrap(),
        Some(registration(1, "ada"))
    );
    let window = again.count("key", seconds(60), at(1)).await.unwrap();
    assert_eq!(window.count, 2, "counters outlive the process");
    again.close().await;
}
