use async_trait::async_trait;

use super::ports::Deadly;
use crate::domain::{Organisation, OrganisationId, Slug};
use crate::ports::{LeaseRequest, OrganisationStore, Page, PageRequest, Store, StoreError};

#[async_trait]
impl OrganisationStore for Deadly<dyn Store> {
    async fn insert_organisation(&self, new: &Organisation) -> Result<(), StoreError> {
        self.0.insert_organisation(new).await
    }

    async fn organisation(&self, id: OrganisationId) -> Result<Option<Organisation>, StoreError> {
        self.0.organisation(id).await
    }

    async fn organisation_by_slug(&self, slug: &Slug) -> Result<Option<Organisation>, StoreError> {
        self.0.organisation_by_slug(slug).await
    }

    async fn update_organisation(&self, changed: Organisation) -> Result<Organisation, StoreError> {
        self.0.update_organisation(changed).await
    }

    async fn lease_organisation(
        &self,
        wish: &LeaseRequest,
    ) -> Result<Option<Organisation>, StoreError> {
        self.0.lease_organisation(wish).await
    }

    async fn list_organisations(
        &self,
        page: &PageRequest,
    ) -> Result<Page<Organisation>, StoreError> {
        self.0.list_organisations(page).await
    }
}
