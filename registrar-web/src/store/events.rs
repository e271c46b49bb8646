//! Events of members: what they are found by, and their part of the store port.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::aggregates::{DocumentStore, insert, page_in, page_of};
use super::documents::{Documents, Order, Select};
use super::record::{Key, Record};
use crate::domain::{EventId, LiveEvent, UserId};
use crate::ports::{EventFilter, EventStore, Page, PageRequest, StoreError};

/// Whose.
pub(super) const OWNER: &str = "owner";
/// Whose, while it stands in the list of notifications.
pub(super) const NOTICE: &str = "notice";
/// Whose, while it is unread.
pub(super) const UNREAD: &str = "unread";
/// When it is forgotten.
pub(super) const FORGET_AT: &str = "forget_at";

impl Record for LiveEvent {
    const COLLECTION: &'static str = "events";
    const FIELDS: &'static [&'static str] = &[OWNER, NOTICE, UNREAD, FORGET_AT];

    fn id(&self) -> Uuid {
        self.id
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
    fn keys(&self) -> Vec<Option<Key>> {
        let owner = |is: bool| is.then(|| Key::Text(self.to.to_string()));
        vec![
            owner(true),
            owner(self.is_notice()),
            owner(self.is_unread()),
            Some(Key::Time(self.forget_at())),
        ]
    }
}

#[async_trait]
impl<D: Documents> EventStore for DocumentStore<D> {
    async fn insert_event(&self, new: &LiveEvent) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn event(&self, id: EventId) -> Result<Option<LiveEvent>, StoreError> {
        self.documents.get(id).await
    }

    async fn update_event(&self, changed: LiveEvent) -> Result<LiveEvent, StoreError> {
        self.documents.replace(changed).await
    }

    async fn list_events(
        &self,
        filter: EventFilter,
        page: &PageRequest,
    ) -> Result<Page<LiveEvent>, StoreError> {
        let of = |field, user: UserId| Select::Is(field, user.to_string());
        let (select, order) = match filter {
            EventFilter::All => return page_of(&self.documents, Select::Has(OWNER), page).await,
            EventFilter::Of(user) => (of(OWNER, user), Order::OldestFirst),
            EventFilter::Notices(user) => (of(NOTICE, user), Order::NewestFirst),
            EventFilter::Unread(user) => (of(UNREAD, user), Order::NewestFirst),
        };
        page_in(&self.documents, select, order, page).await
    }

    async fn unread_events(&self, user: UserId) -> Result<u64, StoreError> {
        let select = Select::Is(UNREAD, user.to_string());
        self.documents.count::<LiveEvent>(select).await
    }

    async fn forget_events(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.documents
            .delete_before::<LiveEvent>(FORGET_AT, now)
            .await
    }
}
