//! A MongoDB server deletes ended windows by its own clock, nobody asking.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use crate::fixture::Place;
use crate::server;

#[tokio::test]
async fn mongodb_deletes_ended_windows_by_itself() {
    let Some(uri) = server::shared() else { return };
    let place = Place::new_database(&uri);
    let store = place.open().await;
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 365);
    let minute = SignedDuration::from_mins(1);
    store.count("ended", minute, now).await.unwrap();
    store
        .count("running", minute, crate::records::at(0))
        .await
        .unwrap();
    // The server looks once a minute.
    let deadline = Instant::now() + Duration::from_secs(130);
    while count(&place).await > 1 {
        assert!(Instant::now() < deadline, "the window is still there");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    assert_eq!(count(&place).await, 1);
    store.close().await;
    place.remove().await;
}

async fn count(place: &Place) -> u64 {
    use mongodb::bson::{Document, doc};
    let Place::Mongodb { uri, database } = place else {
        unreachable!()
    };
    let client = mongodb::Client::with_uri_str(uri).await.unwrap();
    let limits = client.database(database).collection::<Document>("limits");
    let count = limits.count_documents(doc! {}).await.unwrap();
    client.shutdown().await;
    count
}
