//! Mails to people who are invited.

use super::{Outbox, Outcome};
use crate::domain::{MailJob, UserState};
use crate::mail::{clean, compose_invite};
use crate::ports::{Message, StoreError};

impl Outbox {
    /// The mail of an invite, unless it is of no use any more.
    pub(super) async fn invitation(
        &self,
        job: &MailJob,
    ) -> Result<Result<Message, Outcome>, StoreError> {
        let invite = self.store.invite(job.registration.uuid()).await?;
        let now = self.clock.now();
        let Some(invite) = invite.filter(|i| i.is_usable(now)) else {
            return Ok(Err(Outcome::Dropped("the invite can't be used any more")));
        };
        let inviter = match &invite.terms.inviter {
            Some(by) => self.store.user(by.id).await?,
            None => None,
        };
        let is_known = invite.terms.inviter.is_none()
            || inviter
                .as_ref()
                .is_some_and(|u| u.state == UserState::Active);
        if !is_known {
            return Ok(Err(Outcome::Dropped("who invited is no member any more")));
        }
        let made = compose_invite(job, &invite, inviter.as_ref(), &self.key, &self.community);
        Ok(made.map_err(|e| Outcome::Later(clean(&e.to_string()))))
    }
}
