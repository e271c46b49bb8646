//! Reading up: what was missed, and the list of notifications.

use std::collections::VecDeque;

use super::look::{OVERLAP, before_all_of};
use super::{Events, Reach};
use crate::domain::{EventId, LiveEvent, UserId};
use crate::ports::{EventFilter, Page, PageRequest, StoreError};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

/// What a member was told after an event, oldest first.
#[derive(Debug)]
pub struct Backlog {
    user: UserId,
    last: EventId,
    read: VecDeque<LiveEvent>,
    after: Option<EventId>,
}

impl Backlog {
    /// All after the event of that id. Where several instances write, one of the last moments
    /// before it may have been stored after it: those are given again, and clients know an event
    /// that they have by its id.
    #[must_use]
    pub fn after(events: &Events, user: UserId, last: EventId) -> Self {
        let from = match events.0.reach {
            Reach::Process => last,
            Reach::Instances => {
                let millis = u64::try_from(last.as_u128() >> 80).unwrap_or(0);
                let time = i64::try_from(millis).unwrap_or(i64::MAX);
                let time = jiff::Timestamp::from_millisecond(time).ok();
                let from = time.and_then(|t| t.checked_sub(OVERLAP).ok());
                from.map_or(last, before_all_of)
            }
        };
        Self {
            user,
            last,
            read: VecDeque::new(),
            after: Some(from),
        }
    }

    /// The next one; `None` at the end.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn next(&mut self, events: &Events) -> Result<Option<LiveEvent>, StoreError> {
        loop {
            match self.read.pop_front() {
                Some(event) if event.id == self.last => continue,
                Some(event) => return Ok(Some(event)),
                None => {}
            }
            let Some(after) = self.after else {
                return Ok(None);
            };
            let page = PageRequest {
                limit: 100,
                after: Some(after),
            };
            let filter = EventFilter::Of(self.user);
            let found = events.0.store.list_events(filter, &page).await?;
            self.read = found.items.into();
            self.after = found.next;
        }
    }
}

impl Events {
    /// A page of a member's notifications, newest first; only the unread ones if asked for.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn notices(
        &self,
        user: UserId,
        only_unread: bool,
        page: &PageRequest,
    ) -> Result<Page<LiveEvent>, StoreError> {
        let filter = if only_unread {
            EventFilter::Unread(user)
        } else {
            EventFilter::Notices(user)
        };
        self.0.store.list_events(filter, page).await
    }

    /// How many of them are unread.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn unread(&self, user: UserId) -> Result<u64, StoreError> {
        self.0.store.unread_events(user).await
    }

    /// The member has read one; `false` when there is no such notification of that member.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn mark_read(&self, user: UserId, id: EventId) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let found = self.0.store.event(id).await?;
            let Some(mut event) = found.filter(|e| e.to == user && e.is_notice()) else {
                return Ok(false);
            };
            if event.read_at.is_some() {
                return Ok(true);
            }
            event.read_at = Some(self.0.clock.now());
            match self.0.store.update_event(event).await {
                Ok(_) => return Ok(true),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// The member has read all that is there now; says how many were unread.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn mark_all_read(&self, user: UserId) -> Result<usize, StoreError> {
        let mut count = 0;
        let mut after = None;
        loop {
            let page = PageRequest { limit: 100, after };
            let filter = EventFilter::Unread(user);
            let found = self.0.store.list_events(filter, &page).await?;
            for event in found.items {
                count += usize::from(self.mark_read(user, event.id).await?);
            }
            after = found.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }
}
