//! Organisations as registrations and members need them: begun by an accepted invite, and told of
//! when someone comes or goes.

use super::invited::still_gives;
use super::names::is_held;
use super::world::World;
use crate::domain::{
    Action, Actor, AuditEvent, DisplayName, InviteId, Joins, Organisation, OrganisationId,
    Registration, Slug, Subject,
};
use crate::ports::{StoreError, Unique};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;
/// How many slugs are tried where those before are taken.
const SLUGS: u32 = 1000;

/// The organisation that a registration's invite leads into, which begins now where it is new. Asked
/// again, it is the same one: it has the id of the invite.
pub(super) async fn joined(
    world: &World,
    r: &Registration,
) -> Result<Option<OrganisationId>, StoreError> {
    let Some(invite) = r.invite else {
        return Ok(None);
    };
    let Some(invite) = world.store.invite(invite).await? else {
        return Ok(None);
    };
    if !still_gives(world, &invite).await? {
        return Ok(None);
    }
    let (id, Some(joins)) = (invite.id, invite.terms.joins) else {
        return Ok(None);
    };
    match joins {
        Joins::Existing { id } => Ok(world.store.organisation(id).await?.map(|o| o.id)),
        Joins::New { name, slug } => begin(world, id, &name, &slug, r).await.map(Some),
    }
}

/// Nothing that happened since the invite was made keeps its guest out: a slug that someone else has
/// by now gets a number behind it.
async fn begin(
    world: &World,
    invite: InviteId,
    name: &DisplayName,
    wanted: &Slug,
    r: &Registration,
) -> Result<OrganisationId, StoreError> {
    let id = OrganisationId::new(invite);
    if world.store.organisation(id).await?.is_some() {
        return Ok(id);
    }
    for number in 1..=SLUGS {
        let slug = match number {
            1 => Some(wanted.clone()),
            n => wanted.numbered(n),
        };
        let Some(slug) = slug else { continue };
        if is_held(world, slug.as_username()).await? {
            continue;
        }
        let new = Organisation::new(id, name.clone(), slug, world.now());
        match world.store.insert_organisation(&new).await {
            Ok(()) => {
                let actor = Actor::Member {
                    id: r.id,
                    name: r.username.to_string(),
                };
                record_begun(world, &new, actor).await?;
                return Ok(id);
            }
            Err(StoreError::Duplicate(Unique::Slug)) => {}
            // Another worker's attempt.
            Err(StoreError::Duplicate(Unique::Id)) => return Ok(id),
            Err(e) => return Err(e),
        }
    }
    Err(StoreError::Duplicate(Unique::Slug))
}

async fn record_begun(
    world: &World,
    organisation: &Organisation,
    actor: Actor,
) -> Result<(), StoreError> {
    tracing::info!(ORGANISATION = %organisation.slug, "an organisation has begun");
    let event = AuditEvent {
        action: Action::OrganisationCreated,
        actor,
        subject: Some(Subject::organisation(organisation)),
        address: None,
        request_id: None,
        details: vec![("name", organisation.name.to_string())],
    };
    world.audit.record(event).await
}

/// Someone came into an organisation, or left it, or is let in again or no more: its group on the
/// host is looked at at once. Were this lost in a crash, the next look, within ten minutes, would
/// find it.
pub(crate) async fn touch_group(
    world: &World,
    organisation: Option<OrganisationId>,
) -> Result<(), StoreError> {
    let Some(id) = organisation else {
        return Ok(());
    };
    for _ in 0..TRIES {
        let Some(mut organisation) = world.store.organisation(id).await? else {
            return Ok(());
        };
        organisation.touch_group(world.now());
        match world.store.update_organisation(organisation).await {
            Ok(_) => return Ok(()),
            // The worker writes as well.
            Err(StoreError::Conflict) => {}
            Err(e) => return Err(e),
        }
    }
    Err(StoreError::Conflict)
}
