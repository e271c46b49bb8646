//! How events of other instances are found.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Events, Reach, Subscription};
use crate::domain::{EventId, UserId};
use crate::ports::{EventFilter, PageRequest, StoreError};

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How far back a look goes: as much as clocks of instances may differ, and the time that a write
/// may take.
pub(super) const OVERLAP: SignedDuration = SignedDuration::from_secs(15);

/// The events of the last moments that were handed out here.
#[derive(Debug, Default)]
pub(super) struct Seen(HashSet<EventId>);

impl Seen {
    /// Takes note of one; `false` when it was noted before.
    pub(super) fn note(&mut self, id: EventId) -> bool {
        self.0.insert(id)
    }

    fn forget_before(&mut self, id: EventId) {
        self.0.retain(|seen| *seen >= id);
    }
}

/// What comes before all ids of that time (RFC 9562, 5.7).
pub(super) fn before_all_of(time: Timestamp) -> EventId {
    let millis = u128::try_from(time.as_millisecond()).unwrap_or(0);
    Uuid::from_u128(millis << 80)
}

impl Events {
    /// Listens to what a member is told from now on.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn subscribe(&self, user: UserId) -> Result<Subscription, StoreError> {
        if self.0.reach == Reach::Instances && self.0.hub.is_empty() {
            // Nobody has looked for a while. What is there now is no news.
            self.find_new(|_| {}).await?;
        }
        Ok(self.0.hub.subscribe(user))
    }

    /// Hands out what other instances have written; says how much was new. For tests: "look now".
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn look(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        self.find_new(|event| {
            self.0.hub.hand_out(&Arc::new(event));
            count += 1;
        })
        .await?;
        Ok(count)
    }

    async fn find_new(
        &self,
        mut each: impl FnMut(crate::domain::LiveEvent) + Send,
    ) -> Result<(), StoreError> {
        let from = self.0.clock.now().checked_sub(OVERLAP);
        let from = before_all_of(from.unwrap_or(Timestamp::UNIX_EPOCH));
        self.seen().forget_before(from);
        let mut after = Some(from);
        while after.is_some() {
            let page = PageRequest { limit: 100, after };
            let found = self.0.store.list_events(EventFilter::All, &page).await?;
            for event in found.items {
                if self.seen().note(event.id) {
                    each(event);
                }
            }
            after = found.next;
        }
        Ok(())
    }

    /// Looks until told to stop, while anyone listens. Where this process alone writes, there is
    /// nothing to look for.
    pub async fn serve(&self, stop: CancellationToken) {
        if self.0.reach == Reach::Process {
            return;
        }
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
            if self.0.hub.is_empty() {
                continue;
            }
            if let Err(error) = self.look().await {
                tracing::warn!(%error, "live events wait for the store: {error}");
            }
        }
    }
}
