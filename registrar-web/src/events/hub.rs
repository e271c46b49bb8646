//! Who listens in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::mpsc;

use crate::domain::{LiveEvent, UserId};

/// Events that wait for one who listens. Who takes none of so many is let go, and can read up what
/// was missed.
const WAITING: usize = 64;

type Sender = mpsc::Sender<Arc<LiveEvent>>;

/// All who listen.
#[derive(Debug, Default)]
pub(super) struct Hub(Mutex<Listeners>);

#[derive(Debug, Default)]
struct Listeners {
    next: u64,
    by_user: HashMap<UserId, Vec<(u64, Sender)>>,
}

/// One who listens, until it is dropped.
#[derive(Debug)]
pub struct Subscription {
    hub: Arc<Hub>,
    user: UserId,
    number: u64,
    waiting: mpsc::Receiver<Arc<LiveEvent>>,
}

/// Too many events have waited: some were not kept for this listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the listener was too slow")]
pub struct Lagged;

impl Hub {
    pub(super) fn subscribe(self: &Arc<Self>, user: UserId) -> Subscription {
        let (sender, waiting) = mpsc::channel(WAITING);
        let mut all = self.lock();
        let number = all.next;
        all.next += 1;
        all.by_user.entry(user).or_default().push((number, sender));
        Subscription {
            hub: self.clone(),
            user,
            number,
            waiting,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().by_user.is_empty()
    }

    /// Hands an event to those of its member.
    pub(super) fn hand_out(&self, event: &Arc<LiveEvent>) {
        let mut all = self.lock();
        let Some(listeners) = all.by_user.get_mut(&event.to) else {
            return;
        };
        // One that is full ends: its sender is dropped here.
        listeners.retain(|(_, sender)| sender.try_send(event.clone()).is_ok());
        if listeners.is_empty() {
            all.by_user.remove(&event.to);
        }
    }

    fn leave(&self, user: UserId, number: u64) {
        let mut all = self.lock();
        if let Some(listeners) = all.by_user.get_mut(&user) {
            listeners.retain(|(n, _)| *n != number);
            if listeners.is_empty() {
                all.by_user.remove(&user);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Listeners> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscription {
    /// The next event; waits for it.
    ///
    /// # Errors
    /// [`Lagged`], once all that was kept is given.
    pub async fn next(&mut self) -> Result<Arc<LiveEvent>, Lagged> {
        self.waiting.recv().await.ok_or(Lagged)
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.hub.leave(self.user, self.number);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::domain::News;

    fn event(n: u128, to: u128) -> Arc<LiveEvent> {
        Arc::new(LiveEvent {
            id: Uuid::from_u128(n),
            version: 1,
            to: user(to),
            news: News::InviteExpired {
                invite: Uuid::nil(),
            },
            created_at: Timestamp::UNIX_EPOCH,
            read_at: None,
        })
    }

    fn user(n: u128) -> UserId {
        UserId::new(Uuid::from_u128(n))
    }

    #[tokio::test]
    async fn each_hears_its_own_and_nothing_is_left_of_who_is_gone() {
        let hub = Arc::<Hub>::default();
        let (mut ada, mut eve) = (hub.subscribe(user(1)), hub.subscribe(user(2)));
        hub.hand_out(&event(1, 1));
        hub.hand_out(&event(2, 2));
        hub.hand_out(&event(3, 3));
        assert_eq!(ada.next().await.unwrap().id, Uuid::from_u128(1));
        assert_eq!(eve.next().await.unwrap().id, Uuid::from_u128(2));
        assert!(ada.waiting.is_empty() && eve.waiting.is_empty());
        drop((ada, eve));
        assert!(hub.is_empty());
    }

    #[tokio::test]
    async fn who_takes_nothing_is_let_go_and_holds_up_nobody() {
        let hub = Arc::<Hub>::default();
        let (mut slow, mut quick) = (hub.subscribe(user(1)), hub.subscribe(user(1)));
        for n in 0..=WAITING as u128 {
            hub.hand_out(&event(n, 1));
            assert_eq!(quick.next().await.unwrap().id, Uuid::from_u128(n));
        }
        for n in 0..WAITING as u128 {
            assert_eq!(slow.next().await.unwrap().id, Uuid::from_u128(n));
        }
        assert_eq!(slow.next().await.unwrap_err(), Lagged);
    }
}
