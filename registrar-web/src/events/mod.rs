//! What members are told of: written into the store, so that it can be read up and crosses from one
//! instance to another, and handed to those who listen ([`hub`]).
//!
//! On SQLite the one process hands out what it writes. Instances that share a store each look into
//! it about once a second, in one query for all who listen ([`Events::look`]); see decision 23.

mod hub;
mod look;
mod reading;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

use crate::domain::{EventId, LiveEvent, News, Role, UserId, UserState};
use crate::metrics::Metrics;
use crate::ports::{Clock, Entropy, EntropyExt, PageRequest, Store, StoreError, UserFilter};

use hub::Hub;
pub use hub::{Lagged, Subscription};
use look::Seen;
pub use reading::Backlog;

/// Who writes events that those who listen here have to hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// This process alone.
    Process,
    /// Other instances on the same store, too.
    Instances,
}

/// Tells members. Clones are the same.
#[derive(Clone)]
pub struct Events(Arc<Inner>);

struct Inner {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: Metrics,
    reach: Reach,
    /// The id of the latest event of this process; one is written at a time, so that events are
    /// stored in the order of their ids.
    latest: AsyncMutex<EventId>,
    hub: Arc<Hub>,
    seen: Mutex<Seen>,
}

impl fmt::Debug for Events {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Events")
            .field("reach", &self.0.reach)
            .finish_non_exhaustive()
    }
}

impl Events {
    /// Writes to that store, by that clock.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        metrics: Metrics,
        reach: Reach,
    ) -> Self {
        Self(Arc::new(Inner {
            store,
            clock,
            entropy,
            metrics,
            reach,
            latest: AsyncMutex::new(Uuid::nil()),
            hub: Arc::default(),
            seen: Mutex::default(),
        }))
    }

    /// Tells a member. Call it after what it tells of is written; that it could not be told is
    /// logged and no failure of what was done.
    pub async fn publish(&self, to: UserId, news: News) {
        self.tell(to, news, false).await;
    }

    /// The same of something that the member did: it stands in the list as read.
    pub async fn publish_read(&self, to: UserId, news: News) {
        self.tell(to, news, true).await;
    }

    /// Tells every active member with that role or a higher one.
    pub async fn publish_to_staff(&self, least: Role, news: News) {
        let roles = Role::ALL.into_iter();
        for role in roles.filter(|role| role.is_at_least(least)) {
            let mut after = None;
            loop {
                let page = PageRequest { limit: 100, after };
                let filter = UserFilter::Staff(role);
                let found = match self.0.store.list_users(filter, &page).await {
                    Ok(found) => found,
                    Err(error) => {
                        tracing::warn!(%error, ?news, "the staff is not told: {error}");
                        return;
                    }
                };
                for user in found.items {
                    if user.state == UserState::Active {
                        self.publish(user.id, news.clone()).await;
                    }
                }
                after = found.next;
                if after.is_none() {
                    break;
                }
            }
        }
    }

    async fn tell(&self, to: UserId, news: News, is_read: bool) {
        if let Err(error) = self.write(to, news, is_read).await {
            tracing::warn!(USER_ID = %to, %error, "a member is not told: {error}");
        }
    }

    async fn write(&self, to: UserId, news: News, is_read: bool) -> Result<(), StoreError> {
        let inner = &self.0;
        let mut latest = inner.latest.lock().await;
        let now = inner.clock.now();
        let event = LiveEvent {
            id: following(*latest, inner.entropy.uuid_v7(now)),
            version: 1,
            to,
            news,
            created_at: now,
            read_at: is_read.then_some(now),
        };
        *latest = event.id;
        if inner.reach == Reach::Instances {
            // Before it can be found: a look at the same moment must not hand it out once more.
            self.seen().note(event.id);
        }
        inner.store.insert_event(&event).await?;
        inner.hub.hand_out(&Arc::new(event));
        Ok(())
    }

    /// Counts who listens, and what they are told.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.0.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The id itself where it is greater than the one before, as ids of different milliseconds are; the
/// next greater one otherwise.
fn following(before: EventId, id: EventId) -> EventId {
    if id > before {
        id
    } else {
        Uuid::from_u128(before.as_u128().saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_ascend_within_a_millisecond_and_when_the_clock_is_set_back() {
        let id = Uuid::from_u128;
        assert_eq!(following(id(5), id(9)), id(9));
        assert_eq!(following(id(9), id(9)), id(10));
        assert_eq!(following(id(9), id(2)), id(10));
    }
}
