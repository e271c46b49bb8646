use super::super::world::{Auth, Client};
use crate::domain::{
    Action, Actor, AuditEvent, FactorChange, Role, SecondFactor, SessionEnd, Subject, User, UserId,
};
use crate::ports::StoreError;

/// Why a member's second factor is not taken away.
#[derive(Debug, thiserror::Error)]
pub enum ResetError {
    /// There is no such member.
    #[error("there is no member with this id")]
    NotFound,
    /// The member's role is not below that of who asks.
    #[error("the member's role is as high as yours or higher")]
    Outranked,
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who resets: the admin token, or a member whose role the route lets through.
#[derive(Clone, Debug)]
pub struct Resetter {
    /// For the audit log.
    pub actor: Actor,
    /// A member's role; `None` for the admin token, which may do it for all.
    pub role: Option<Role>,
}

impl Resetter {
    fn may(&self, member: &User) -> bool {
        match self.role {
            None => true,
            // Not the own one either: that takes the password.
            Some(role) => role.is_at_least(member.role) && role != member.role,
        }
    }
}

impl Auth {
    /// Takes the second factor of a member away who has lost it, recovery codes included; ends all
    /// the member's sessions. Whose role must have one gets codes by mail from then on.
    ///
    /// # Errors
    /// See [`ResetError`].
    pub async fn reset_second_factor(
        &self,
        by: Resetter,
        id: UserId,
        client: &Client,
    ) -> Result<(), ResetError> {
        let found = self.world.store.user(id).await?;
        if !by.may(&found.ok_or(ResetError::NotFound)?) {
            return Err(ResetError::Outranked);
        }
        let reset = |user: &mut User| {
            // Whose role was raised at this moment is left alone.
            if by.may(user) {
                user.access.second_factor = SecondFactor::default();
                user.end_sessions();
            }
        };
        let user = self.change(id, reset).await?.ok_or(ResetError::NotFound)?;
        if !by.may(&user) {
            return Err(ResetError::Outranked);
        }
        self.mark_ended(id, SessionEnd::SignedOut).await?;
        self.tell(&user, FactorChange::Reset, client, self.world.now())
            .await?;
        let event = AuditEvent {
            action: Action::SecondFactorReset,
            actor: by.actor,
            subject: Some(Subject::member(&user)),
            address: Some(client.address.0.clone()),
            request_id: None,
            details: Vec::new(),
        };
        Ok(self.world.audit.record(event).await?)
    }
}
