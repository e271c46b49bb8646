//! The one namespace of accounts and organisations: whether a name can be had.

use super::world::World;
use crate::domain::{Slug, Username};
use crate::ports::{Availability, StoreError};

/// Why a name can't be had, by a person or an organisation; `None` when nothing speaks against it. A
/// host side that can't be asked speaks against nothing: it is asked again before anything is made.
pub(crate) async fn name_refusal(
    world: &World,
    name: &Username,
) -> Result<Option<String>, StoreError> {
    if provision_api::is_reserved(name) {
        return Ok(Some("it is reserved".into()));
    }
    if is_held(world, name).await? {
        return Ok(Some("someone has it; choose another one".into()));
    }
    if is_of_organisation(world, name).await? {
        return Ok(Some("an organisation has it; choose another one".into()));
    }
    let request = super::steps::fresh_request_id(world);
    match world.provisioner.check_username(request, name, None).await {
        Ok(Availability::Refused { reason }) => Ok(Some(reason)),
        Ok(Availability::Free) => Ok(None),
        Err(e) => {
            tracing::warn!(error = %e, USERNAME = %name, "the host can't be asked about a name");
            Ok(None)
        }
    }
}

/// Whether a person has the name.
pub(super) async fn is_held(world: &World, name: &Username) -> Result<bool, StoreError> {
    let held = world.store.registration_by_username(name).await?;
    Ok(held.is_some_and(|r| r.held_name().is_some())
        || world.store.user_by_username(name).await?.is_some())
}

/// Whether an organisation has the name.
pub(super) async fn is_of_organisation(world: &World, name: &Username) -> Result<bool, StoreError> {
    match Slug::parse(name.as_str()) {
        Ok(slug) => Ok(world.store.organisation_by_slug(&slug).await?.is_some()),
        Err(_) => Ok(false),
    }
}
