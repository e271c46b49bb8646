use async_trait::async_trait;

use super::store::{LeaseRequest, Page, PageRequest, StoreError};
use crate::domain::{Organisation, OrganisationId, Slug};

/// Organisations. Who belongs to one stands in the records of its members
/// ([`super::UserFilter::Of`]).
#[async_trait]
pub trait OrganisationStore {
    /// Stores a new one.
    ///
    /// # Errors
    /// `Duplicate(Id)`, `Duplicate(Slug)`.
    async fn insert_organisation(&self, new: &Organisation) -> Result<(), StoreError>;

    /// Reads one.
    async fn organisation(&self, id: OrganisationId) -> Result<Option<Organisation>, StoreError>;

    /// The one of that slug.
    async fn organisation_by_slug(&self, slug: &Slug) -> Result<Option<Organisation>, StoreError>;

    /// Writes one if its version is still the stored one.
    ///
    /// # Errors
    /// `Conflict`, `Duplicate(Slug)`.
    async fn update_organisation(&self, changed: Organisation) -> Result<Organisation, StoreError>;

    /// Takes the lease of one whose group on the host is to be looked at, as for registrations.
    async fn lease_organisation(
        &self,
        wish: &LeaseRequest,
    ) -> Result<Option<Organisation>, StoreError>;

    /// A page of them, in the order of their ids.
    async fn list_organisations(
        &self,
        page: &PageRequest,
    ) -> Result<Page<Organisation>, StoreError>;
}
