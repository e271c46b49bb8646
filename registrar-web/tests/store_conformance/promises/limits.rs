use std::sync::Arc;

use crate::fixture::Fixture;
use crate::records::*;

pub(crate) async fn no_count_of_32_at_once_is_lost(f: Arc<Fixture>) {
    const EACH: u32 = 10;
    let other = f.place.open().await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..32 {
        let store = Arc::clone(if n % 2 == 0 { &f.store } else { &other });
        tasks.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..EACH {
                let window = store.count("client", seconds(60), at(0)).await.unwrap();
                assert_eq!(window.resets_at, at(60));
                seen.push(window.count);
            }
            seen
        });
    }
    let mut seen: Vec<u32> = tasks.join_all().await.into_iter().flatten().collect();
    seen.sort_unstable();
    assert_eq!(seen, (1..=32 * EACH).collect::<Vec<_>>());
    other.close().await;
}

pub(crate) async fn a_window_ends_and_the_next_begins_at_one(f: Arc<Fixture>) {
    let count = async |key: &str, now: i64| {
        let window = f.store.count(key, seconds(60), at(now)).await.unwrap();
        (window.count, window.resets_at)
    };
    assert_eq!(count("a", 0).await, (1, at(60)));
    assert_eq!(
        count("a", 59).await,
        (2, at(60)),
        "the window does not move"
    );
    assert_eq!(count("b", 59).await, (1, at(119)), "each key has its own");
    assert_eq!(count("a", 60).await, (1, at(120)));
    assert_eq!(count("a", 61).await, (2, at(120)));
}

pub(crate) async fn a_window_made_while_the_clock_was_wrong_does_not_outlast_its_length(
    f: Arc<Fixture>,
) {
    f.store
        .count("a", seconds(60), at(1_000_000))
        .await
        .unwrap();
    let window = f.store.count("a", seconds(60), at(0)).await.unwrap();
    assert_eq!((window.count, window.resets_at), (2, at(60)));
    let window = f.store.count("a", seconds(60), at(60)).await.unwrap();
    assert_eq!((window.count, window.resets_at), (1, at(120)));
}

pub(crate) async fn ended_windows_are_forgotten_and_running_ones_stay(f: Arc<Fixture>) {
    for (key, now) in [("a", 0), ("b", 1), ("c", 2)] {
        f.store.count(key, seconds(60), at(now)).await.unwrap();
    }
    assert_eq!(f.store.forget_limits(at(59)).await.unwrap(), 0);
    assert_eq!(f.store.forget_limits(at(61)).await.unwrap(), 2);
    let stays = f.store.count("c", seconds(60), at(61)).await.unwrap();
    assert_eq!(stays.count, 2);
}

pub(crate) async fn a_window_is_read_without_being_counted_and_not_after_its_end(f: Arc<Fixture>) {
    assert_eq!(f.store.window("a", at(0)).await.unwrap(), None);
    f.store.count("a", seconds(60), at(0)).await.unwrap();
    for now in [0, 59] {
        let window = f.store.window("a", at(now)).await.unwrap().unwrap();
        assert_eq!((window.count, window.resets_at), (1, at(60)));
    }
    assert_eq!(f.store.window("a", at(60)).await.unwrap(), None);
    assert_eq!(f.store.window("b", at(0)).await.unwrap(), None);
}
