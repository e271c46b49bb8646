use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::Notify;

use crate::ports::{Clock, LimitWindow, Store, StoreError};

/// Lets tries in, so that those that failed and those under way are never more than the limit:
/// who sends a hundred guesses at once gets no more of them judged than who sends them in turn.
/// A try that may still be allowed waits for those under way; it is never refused for them.
///
/// Failures are counted in the store, for all instances; tries under way in this process.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate {
    doors: Arc<Mutex<Doors>>,
}

/// Each with how many are at it.
type Doors = HashMap<String, (usize, Arc<Door>)>;

#[derive(Debug, Default)]
struct Door {
    /// One at a time looks whether there is room, first come, first served.
    turn: tokio::sync::Mutex<()>,
    inside: AtomicU32,
    left: Notify,
}

/// A try under way; count its failure before dropping it.
#[derive(Debug)]
pub(super) struct Inside(Visit);

/// Keeps a door while someone is at it.
#[derive(Debug)]
struct Visit {
    gate: Gate,
    key: String,
    door: Arc<Door>,
}

/// What became of a try.
#[derive(Debug)]
pub(super) enum Entry {
    Let(Inside),
    Refused(LimitWindow),
}

impl Gate {
    /// Waits until there is room, or none will be before the window ends.
    pub(super) async fn enter(
        &self,
        store: &dyn Store,
        clock: &dyn Clock,
        key: &str,
        most: u32,
    ) -> Result<Entry, StoreError> {
        let visit = self.visit(key);
        let door = visit.door.clone();
        let _turn = door.turn.lock().await;
        loop {
            let left = door.left.notified();
            // In this order: one that fails meanwhile is seen twice rather than not at all.
            let inside = door.inside.load(Ordering::SeqCst);
            let window = store.window(key, clock.now()).await?;
            let failed = window.map_or(0, |w| w.count);
            match window {
                Some(window) if failed >= most => return Ok(Entry::Refused(window)),
                _ if failed.saturating_add(inside) < most => {
                    door.inside.fetch_add(1, Ordering::SeqCst);
                    return Ok(Entry::Let(Inside(visit)));
                }
                _ => left.await,
            }
        }
    }

    fn visit(&self, key: &str) -> Visit {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        let (visits, door) = doors.entry(key.to_owned()).or_default();
        *visits += 1;
        Visit {
            gate: self.clone(),
            key: key.to_owned(),
            door: door.clone(),
        }
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.door.inside.fetch_sub(1, Ordering::SeqCst);
        self.0.door.left.notify_one();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let doors = &self.gate.doors;
        let mut doors = doors.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((visits, _)) = doors.get_mut(&self.key) {
            *visits -= 1;
            if *visits == 0 {
                doors.remove(&self.key);
            }
        }
    }
}

/// Whole seconds until then, at least one.
pub(super) fn seconds_until(end: Timestamp, now: Timestamp) -> u32 {
    let millis = end.as_millisecond().saturating_sub(now.as_millisecond());
    u32::try_from(millis.max(1).saturating_add(999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::ports::SystemClock;
    use crate::store::SqliteStore;

    const WINDOW: SignedDuration = SignedDuration::from_mins(15);

    async fn try_once(gate: &Gate, store: &SqliteStore, judged: &AtomicU32, fails: bool) -> bool {
        let entry = gate.enter(store, &SystemClock, "key", 5).await.unwrap();
        let Entry::Let(_inside) = entry else {
            return false;
        };
        judged.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        if fails {
            let now = SystemClock.now();
            crate::ports::LimitStore::count(store, "key", WINDOW, now)
                .await
                .unwrap();
        }
        true
    }

    async fn of_100_at_once(fails: bool) -> (u32, usize) {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(directory.path()).unwrap());
        let (gate, judged) = (Gate::default(), Arc::new(AtomicU32::new(0)));
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..100 {
            let (gate, store, judged) = (gate.clone(), store.clone(), judged.clone());
            tries.spawn(async move { try_once(&gate, &store, &judged, fails).await });
        }
        let let_in = tries.join_all().await.into_iter().filter(|l| *l).count();
        assert!(gate.doors.lock().unwrap().is_empty(), "nothing is left");
        (judged.load(Ordering::SeqCst), let_in)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_a_hundred_wrong_guesses_at_once_five_are_judged() {
        assert_eq!(of_100_at_once(true).await, (5, 5));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn who_makes_no_mistake_is_never_refused_however_many_come_at_once() {
        assert_eq!(of_100_at_once(false).await, (100, 100));
    }
}
