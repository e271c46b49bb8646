//! What becomes of accounts in time: deleted ones are anonymised after their grace, and what an
//! admin has done on the host is taken note of.

use std::time::Duration;

use provision_api::Account;
use tokio_util::sync::CancellationToken;

use super::People;
use crate::domain::{
    Action, Actor, AuditEvent, Email, HostFollowUp, InviteId, RequestId, Subject, User, UserId,
};
use crate::ports::{EntropyExt, PageRequest, ProvisionFailure, StoreError, UserFilter};
use crate::registration::touch_group;

/// How often to look.
const LOOK_EVERY: Duration = Duration::from_secs(60);
/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;
/// Where the mail of an anonymised account would go: to nobody (RFC 2606).
const NOWHERE: &str = "nobody@deleted.invalid";

impl People {
    /// Looks until told to stop.
    pub async fn serve(&self, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = stop.cancelled() => return,
            }
            if let Err(error) = self.anonymise_due().await {
                tracing::warn!(%error, "deleted accounts can't be looked at: {error}");
            }
            if let Err(error) = self.tell_of_expiry().await {
                tracing::warn!(%error, "expired invites can't be looked for: {error}");
            }
            if let Err(error) = self.follow_host().await {
                tracing::warn!(%error, "what is left to do on the host can't be looked at: {error}");
            }
        }
    }

    /// Takes all that is personal out of the accounts that were deleted so long ago; says of how
    /// many.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn anonymise_due(&self) -> Result<usize, StoreError> {
        let mut count = 0;
        let mut after = None;
        loop {
            let page = PageRequest { limit: 100, after };
            let filter = UserFilter::InGrace;
            let found = self.world.store.list_users(filter, &page).await?;
            for user in found.items {
                count += usize::from(self.is_due(&user) && self.anonymise(&user).await?);
            }
            after = found.next;
            if after.is_none() {
                return Ok(count);
            }
        }
    }

    fn is_due(&self, user: &User) -> bool {
        let from = user.anonymised_from(self.grace);
        from.is_some_and(|from| from <= self.world.now())
    }

    /// The member's own record comes last: until then the work is found again after a crash.
    async fn anonymise(&self, user: &User) -> Result<bool, StoreError> {
        let store = &self.world.store;
        let Ok(nowhere) = Email::parse(NOWHERE) else {
            return Ok(false);
        };
        if let Some(invite) = self.anonymise_registration(user.id, &nowhere).await? {
            self.forget_address(invite).await?;
        }
        for _ in 0..TRIES {
            let found = store.user(user.id).await?;
            let Some(mut user) = found.filter(|u| self.is_due(u)) else {
                return Ok(false);
            };
            user.anonymise(&nowhere, self.world.now());
            match store.update_user(user).await {
                Ok(user) => {
                    tracing::info!(USERNAME = %user.username, "a deleted account was anonymised");
                    let event = AuditEvent {
                        action: Action::MemberAnonymised,
                        actor: Actor::Service,
                        subject: Some(Subject::member(&user)),
                        address: None,
                        request_id: None,
                        details: Vec::new(),
                    };
                    self.world.audit.record(event).await?;
                    return Ok(true);
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Returns the invite that it was made with.
    async fn anonymise_registration(
        &self,
        id: UserId,
        nowhere: &Email,
    ) -> Result<Option<InviteId>, StoreError> {
        for _ in 0..TRIES {
            let Some(mut registration) = self.world.store.registration(id).await? else {
                return Ok(None);
            };
            let invite = registration.invite;
            registration.anonymise(nowhere, self.world.now());
            match self.world.store.update_registration(registration).await {
                Ok(_) => return Ok(invite),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    async fn forget_address(&self, id: InviteId) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let found = self.world.store.invite(id).await?;
            let Some(mut invite) = found.filter(|i| i.terms.email.is_some()) else {
                return Ok(());
            };
            invite.terms.email = None;
            invite.terms.note = None;
            match self.world.store.update_invite(invite).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Asks the host about each account that an admin has to see to there, and strikes off what is
    /// done; says how many.
    ///
    /// # Errors
    /// The store can't be used. A host that can't be asked is asked again later.
    pub async fn follow_host(&self) -> Result<usize, StoreError> {
        let mut done = 0;
        let mut after = None;
        loop {
            let page = PageRequest { limit: 100, after };
            let filter = UserFilter::HostPending;
            let found = self.world.store.list_users(filter, &page).await?;
            for user in found.items {
                let Some(wish) = user.standing.host_follow_up else {
                    continue;
                };
                let now = self.world.now();
                let request = RequestId::new(self.world.entropy.uuid_v7(now));
                let provisioner = &self.world.provisioner;
                let account = match provisioner.system_status(request, &user.username).await {
                    Ok(status) => Some(status.account),
                    Err(ProvisionFailure::NoSuchAccount) => None,
                    Err(error) => {
                        tracing::debug!(%error, "the host can't be asked about an account");
                        return Ok(done);
                    }
                };
                let is_done = account.as_ref().is_none_or(|a| wish.is_done(a.state));
                if is_done && self.strike_off(user, wish, account.as_ref()).await? {
                    done += 1;
                }
            }
            after = found.next;
            if after.is_none() {
                return Ok(done);
            }
        }
    }

    async fn strike_off(
        &self,
        mut user: User,
        wish: HostFollowUp,
        account: Option<&Account>,
    ) -> Result<bool, StoreError> {
        if user.standing.host_follow_up != Some(wish) {
            return Ok(false);
        }
        user.standing.host_follow_up = None;
        if let Some(account) = account.filter(|_| wish == HostFollowUp::Resume) {
            user.came_back(account, self.host_password, self.world.now());
        }
        match self.world.store.update_user(user).await {
            Ok(user) => {
                touch_group(&self.world, user.organisation).await?;
                Ok(true)
            }
            // Something else was decided meanwhile; the next look sees.
            Err(StoreError::Conflict) => Ok(false),
            Err(e) => Err(e),
        }
    }
}
