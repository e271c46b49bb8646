use async_trait::async_trait;
use uuid::Uuid;

use super::aggregates::{DocumentStore, insert, page_of};
use super::documents::{Documents, Select};
use super::record::{Key, Leased, Record, due, field, leased, text};
use crate::domain::{Organisation, OrganisationId, Slug, Work};
use crate::ports::{LeaseRequest, OrganisationStore, Page, PageRequest, StoreError};

/// Unique.
pub(super) const SLUG: &str = "slug";

impl Record for Organisation {
    const COLLECTION: &'static str = "organisations";
    const FIELDS: &'static [&'static str] = &[SLUG, field::DUE_AT, field::LEASED_UNTIL];

    fn id(&self) -> Uuid {
        self.id.uuid()
    }
    fn version(&self) -> u64 {
        self.version
    }
    fn set_version(&mut self, version: u64) {
        self.version = version;
    }
    fn keys(&self) -> Vec<Option<Key>> {
        vec![text(&self.slug), due(&self.work), leased(&self.work)]
    }
}

impl Leased for Organisation {
    fn work_mut(&mut self) -> &mut Work {
        &mut self.work
    }
}

#[async_trait]
impl<D: Documents> OrganisationStore for DocumentStore<D> {
    async fn insert_organisation(&self, new: &Organisation) -> Result<(), StoreError> {
        insert(&self.documents, new).await
    }

    async fn organisation(&self, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
        self.documents.get(id.uuid()).await
    }

    async fn organisation_by_slug(&self, slug: &Slug) -> Result<Option<Organisation>, StoreError> {
        self.documents.find(SLUG, slug.as_str()).await
    }

    async fn update_organisation(&self, changed: Organisation) -> Result<Organisation, StoreError> {
        self.documents.replace(changed).await
    }

    async fn lease_organisation(
        &self,
        wish: &LeaseRequest,
    ) -> Result<Option<Organisation>, StoreError> {
        self.documents.lease(wish).await
    }

    async fn list_organisations(
        &self,
        page: &PageRequest,
    ) -> Result<Page<Organisation>, StoreError> {
        page_of(&self.documents, Select::Has(SLUG), page).await
    }
}
