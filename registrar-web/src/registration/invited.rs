//! Registering with an invite.

use super::error::RegisterError;
use super::world::{Registrar, World};
use crate::domain::{
    Action, Actor, AuditEvent, Authority, FieldErrors, Invite, InviteId, Joins, MailJob, MailKind,
    MailState, Mode, News, Registration, Role, SignupRequest, Subject, Timestamp, UserId,
    UserState, Work,
};
use crate::ports::{EntropyExt, StoreError};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

impl Registrar {
    /// The invite that the form came with, if it can be used for it; none where none is needed.
    pub(super) async fn usable_invite(
        &self,
        request: &SignupRequest,
        now: Timestamp,
    ) -> Result<Option<Invite>, RegisterError> {
        let Some(token) = &request.invite_token else {
            return if self.policy.mode == Mode::Invite {
                Err(bad(
                    "required",
                    "registration is by invite here: open the link of your invite",
                ))
            } else {
                Ok(None)
            };
        };
        let found = self.world.store.invite_by_token(&token.digest()).await?;
        let Some(invite) = found.filter(|i| i.is_usable(now)) else {
            return Err(unusable());
        };
        if !self.still_stands(&invite).await? {
            return Err(unusable());
        }
        if !invite.is_for(&request.email) {
            let mut errors = FieldErrors::default();
            let words = "this invite is for another address: give the one that it was sent to";
            errors.add("personalEmail", "other-address", words);
            return Err(RegisterError::Fields(errors));
        }
        Ok(Some(invite))
    }

    /// Whether who made the invite might make it now: someone who was suspended or has another
    /// role since brings nobody in.
    async fn still_stands(&self, invite: &Invite) -> Result<bool, StoreError> {
        let Some(inviter) = &invite.terms.inviter else {
            return Ok(true);
        };
        let Some(user) = self.world.store.user(inviter.id).await? else {
            return Ok(false);
        };
        let authority = user.authority();
        let terms = &invite.terms;
        Ok(user.state == UserState::Active
            && self
                .policy
                .may_invite(authority, terms.role, terms.joins.as_ref()))
    }

    /// Takes the invite for a registration.
    pub(super) async fn claim_invite(
        &self,
        mut invite: Invite,
        draft: &Registration,
    ) -> Result<(), RegisterError> {
        for _ in 0..TRIES {
            let id = invite.id;
            if !invite.claim(draft.id, &draft.username, self.world.now()) {
                return Err(bad("unusable", "this invite was used just now"));
            }
            match self.world.store.update_invite(invite).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
            let again = self.world.store.invite(id).await?;
            invite = again.ok_or_else(unusable)?;
        }
        Err(StoreError::Conflict.into())
    }
}

impl super::world::Policy {
    /// Whether someone of that role may invite people to that role. Bringing in plain members is
    /// for operators and higher roles, and for others where `invites.members_may_invite` lets them.
    #[must_use]
    pub fn may_invite_to(&self, own: Role, role: Role) -> bool {
        if role == Role::ClientUser {
            return own.is_at_least(Role::Operator) || self.members_may_invite > 0;
        }
        self.may_invite.of(own).contains(&role)
    }

    /// Whether someone may invite people to that role, and into that organisation: who runs one, plain
    /// members into their own; operators and higher roles, into any.
    #[must_use]
    pub fn may_invite(&self, who: Authority, role: Role, joins: Option<&Joins>) -> bool {
        let Authority::Member {
            role: own,
            organisation,
            ..
        } = who
        else {
            return true;
        };
        match joins {
            None => self.may_invite_to(own, role),
            Some(_) if own.is_at_least(Role::Operator) => self.may_invite_to(own, role),
            Some(Joins::Existing { id }) => {
                organisation == Some(*id) && self.may_invite.of(own).contains(&role)
            }
            Some(Joins::New { .. }) => false,
        }
    }
}

/// What an invite makes of who registers with it: the role, and whose guest that is. One that gives
/// nothing any more makes a plain member.
pub(super) async fn brought_by(
    world: &World,
    invite: Option<InviteId>,
) -> Result<(Role, Option<UserId>), StoreError> {
    let invite = match invite {
        Some(id) => world.store.invite(id).await?,
        None => None,
    };
    let Some(invite) = invite else {
        return Ok((Role::ClientUser, None));
    };
    let sponsor = invite.terms.inviter.as_ref().map(|by| by.id);
    let role = match still_gives(world, &invite).await? {
        true => invite.terms.role,
        false => Role::ClientUser,
    };
    Ok((role, sponsor))
}

/// Whether role and organisation of an invite are still to be had by who has claimed it: it was not
/// taken back, and who made it stands as high as it leads. It is asked anew when the account is opened,
/// so that what someone did who was found out since leads to nothing.
pub(super) async fn still_gives(world: &World, invite: &Invite) -> Result<bool, StoreError> {
    if invite.revoked.is_some() {
        return Ok(false);
    }
    let Some(inviter) = &invite.terms.inviter else {
        return Ok(true);
    };
    let Some(by) = world.store.user(inviter.id).await? else {
        return Ok(false);
    };
    let is_theirs = match &invite.terms.joins {
        None => true,
        Some(_) if by.role.is_at_least(Role::Operator) => true,
        Some(Joins::Existing { id }) => by.organisation == Some(*id),
        Some(Joins::New { .. }) => false,
    };
    Ok(by.state == UserState::Active && by.role.is_at_least(invite.terms.role) && is_theirs)
}

/// Gives a claimed invite back, if that registration has it.
pub(super) async fn return_invite(
    world: &World,
    id: InviteId,
    registration: crate::domain::RegistrationId,
) -> Result<(), StoreError> {
    change(world, id, |invite| invite.give_back(registration)).await?;
    Ok(())
}

/// The registration has succeeded: the invite is used, and who made it is told.
pub(super) async fn spend_invite(
    world: &World,
    id: InviteId,
    r: &Registration,
) -> Result<(), StoreError> {
    let Some(mut invite) = world.store.invite(id).await? else {
        return Ok(());
    };
    if !invite.spend(r.id) {
        return Ok(());
    }
    // First the mail, of which there is only one: after a crash between the two it is known.
    if !invite.is_for_many() {
        tell_inviter(world, &invite, r).await?;
    }
    if change(world, id, |invite| invite.spend(r.id))
        .await?
        .is_none()
    {
        return Ok(());
    }
    let event = AuditEvent {
        action: Action::InviteAccepted,
        actor: Actor::Member {
            id: r.id,
            name: r.username.to_string(),
        },
        subject: Some(Subject::new("invite", id, invite.name())),
        address: None,
        request_id: None,
        details: vec![("role", invite.terms.role.as_str().to_owned())],
    };
    world.audit.record(event).await?;
    if let Some(inviter) = &invite.terms.inviter {
        let news = News::InviteAccepted {
            invite: id,
            username: r.username.clone(),
            role: invite.terms.role,
        };
        world.events.publish(inviter.id, news).await;
    }
    Ok(())
}

/// Changes an invite; `None` when there was nothing to change.
async fn change(
    world: &World,
    id: InviteId,
    change: impl Fn(&mut Invite) -> bool + Send,
) -> Result<Option<Invite>, StoreError> {
    for _ in 0..TRIES {
        let Some(mut invite) = world.store.invite(id).await? else {
            return Ok(None);
        };
        if !change(&mut invite) {
            return Ok(None);
        }
        match world.store.update_invite(invite).await {
            Ok(invite) => return Ok(Some(invite)),
            Err(StoreError::Conflict) => {}
            Err(e) => return Err(e),
        }
    }
    Err(StoreError::Conflict)
}

/// Of an invite for many nobody wants a mail each.
async fn tell_inviter(world: &World, invite: &Invite, r: &Registration) -> Result<(), StoreError> {
    let Some(inviter) = &invite.terms.inviter else {
        return Ok(());
    };
    let Some(user) = world.store.user(inviter.id).await? else {
        return Ok(());
    };
    if user.state != UserState::Active {
        return Ok(());
    }
    let now = world.now();
    let kind = MailKind::InviteAccepted {
        guest: r.username.clone(),
    };
    let job = MailJob {
        id: world.entropy.uuid_v7(now),
        version: 1,
        dedupe_key: format!("{}:{}", kind.name(), r.id),
        kind,
        to: user.email,
        registration: inviter.id,
        state: MailState::Queued,
        work: Work::due(now),
        created_at: now,
    };
    super::mails::enqueue(world, job).await
}

fn unusable() -> RegisterError {
    bad(
        "unusable",
        "this invite is unknown, used, revoked or expired; ask for a new one",
    )
}

fn bad(code: &str, message: &str) -> RegisterError {
    let mut errors = FieldErrors::default();
    errors.add("inviteToken", code, message);
    RegisterError::Fields(errors)
}
