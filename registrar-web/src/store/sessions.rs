//! Sessions: what they are found by, and their part of the store port.

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

use super::aggregates::{DocumentStore, insert, page_of};
use super::documents::{Documents, Select};
use super::record::{Key, Record};
use crate::domain::{Session, SessionId, UserId};
use crate::ports::{Page, PageRequest, SessionStore, StoreError};

/// Whose, while it has not ended.
pub(super) const OWNER: &str = "owner";
/// When it lapses.
pub(super) const EXPIRES_AT: &str = "expires_at";

impl Record for Session {
    const COLLECTION: &'static str = "sessions";
    const FIELDS: &'static [&'static str] = &[OWNER, EXPIRES_AT];

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
        let owner = self.ended.is_none().then(|| self.user.to_string());
        vec![owner.map(Key::Text), Some(Key::Time(self.expires_at))]
    }
}

#[async_trait]
impl<D: Documents> SessionStore for DocumentStore<D> {
    async fn insert_session(&self, new: &Session) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Session>, StoreError> {
        self.documents.get(id).await
    }

    async fn update_session(&self, changed: Session) -> Result<Session, StoreError> {
        self.documents.replace(changed).await
    }

    async fn list_sessions(
        &self,
        user: UserId,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        page_of(&self.documents, Select::Is(OWNER, user.to_string()), page).await
    }

    async fn forget_sessions(&self, lapsed_before: Timestamp) -> Result<u64, StoreError> {
        self.documents
            .delete_before::<Session>(EXPIRES_AT, lapsed_before)
            .await
    }
}
