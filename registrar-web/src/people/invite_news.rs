//! Telling members what becomes of their invites, other than by who accepts them.

use super::{Acting, People};
use crate::domain::{Invite, InviteStanding, News};
use crate::ports::{InviteFilter, PageRequest, StoreError};

impl People {
    /// Tells who made an invite that it was taken back.
    pub(super) async fn tell_of_revocation(&self, acting: &Acting, invite: &Invite) {
        let Some(inviter) = &invite.terms.inviter else {
            return;
        };
        let news = News::InviteRevoked {
            invite: invite.id,
            by: acting.name().to_owned(),
        };
        let is_own = acting.member.as_ref().is_some_and(|m| m.id == inviter.id);
        if is_own {
            self.world.events.publish_read(inviter.id, news).await;
        } else {
            self.world.events.publish(inviter.id, news).await;
        }
    }

    /// Tells members of invites of theirs that have expired since; says of how many.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn tell_of_expiry(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        let mut after = None;
        loop {
            let page = PageRequest { limit: 100, after };
            let filter = InviteFilter::MayExpire;
            let found = self.world.store.list_invites(filter, &page).await?;
            let now = self.world.now();
            for invite in found.items {
                if invite.standing(now) == InviteStanding::Expired {
                    count += usize::from(self.tell_one(invite).await?);
                }
            }
            after = found.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    /// Of several instances one tells: whose write it is.
    async fn tell_one(&self, mut invite: Invite) -> Result<bool, StoreError> {
        invite.expiry_told = true;
        let invite = match self.world.store.update_invite(invite).await {
            Ok(invite) => invite,
            // Something became of it; the next look sees.
            Err(StoreError::Conflict) => return Ok(false),
            Err(e) => return Err(e),
        };
        if let Some(inviter) = &invite.terms.inviter {
            let news = News::InviteExpired { invite: invite.id };
            self.world.events.publish(inviter.id, news).await;
        }
        Ok(true)
    }
}
