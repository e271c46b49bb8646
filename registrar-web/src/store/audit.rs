//! The audit log: what its entries are found by, and its part of the store port.

use async_trait::async_trait;
use uuid::Uuid;

use super::aggregates::{DocumentStore, insert, page_of};
use super::documents::{Documents, Select};
use super::record::{Key, Record};
use crate::domain::AuditEntry;
use crate::ports::{AuditFilter, AuditStore, Page, PageRequest, StoreError};

/// Who did it, by name.
pub(super) const ACTOR: &str = "actor";
/// What was done.
pub(super) const ACTION: &str = "action";
/// To whom or what, by name.
pub(super) const SUBJECT: &str = "subject";

impl Record for AuditEntry {
    const COLLECTION: &'static str = "audit";
    const FIELDS: &'static [&'static str] = &[ACTOR, ACTION, SUBJECT];

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
        vec![
            Some(Key::Text(self.actor.name().to_owned())),
            Some(Key::Text(self.action.as_str())),
            self.subject.as_ref().map(|s| Key::Text(s.name.clone())),
        ]
    }
}

#[async_trait]
impl<D: Documents> AuditStore for DocumentStore<D> {
    async fn insert_audit_entry(&self, new: &AuditEntry) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn list_audit_entries(
        &self,
        filter: &AuditFilter,
        page: &PageRequest,
    ) -> Result<Page<AuditEntry>, StoreError> {
        let select = match filter {
            // All of them have it.
            AuditFilter::All => Select::Has(ACTION),
            AuditFilter::Actor(name) => Select::Is(ACTOR, name.clone()),
            AuditFilter::Action(action) => Select::Is(ACTION, action.as_str()),
            AuditFilter::Subject(name) => Select::Is(SUBJECT, name.clone()),
        };
        page_of(&self.documents, select, page).await
    }
}
