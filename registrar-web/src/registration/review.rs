use super::amend::{Amended, amend};
use super::error::AdminError;
use super::mails;
use super::view::{AdminView, Invitation};
use super::world::Registrar;
use crate::audit::By;
use crate::domain::{
    Action, FirstLogin, InviteTerms, Joins, MailKind, Registration, RegistrationId, Stage, Subject,
};
use crate::ports::{Page, PageRequest, RegistrationFilter, StoreError};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

impl Registrar {
    /// A page of registrations, oldest first.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn list(
        &self,
        filter: RegistrationFilter,
        page: &PageRequest,
    ) -> Result<Page<AdminView>, StoreError> {
        let now = self.world.now();
        let found = self.world.store.list_registrations(filter, page).await?;
        Ok(Page {
            items: found.items.iter().map(|r| AdminView::of(r, now)).collect(),
            next: found.next,
        })
    }

    /// One registration, as reviewers and admins see it.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn show(&self, id: RegistrationId) -> Result<AdminView, AdminError> {
        let found = self.world.store.registration(id).await?;
        let found = found.filter(|r| r.stage != Stage::Draft);
        let registration = found.ok_or(AdminError::NotFound)?;
        let mut view = AdminView::of(&registration, self.world.now());
        view.invited = self.invitation(&registration).await?;
        Ok(view)
    }

    async fn invitation(
        &self,
        registration: &Registration,
    ) -> Result<Option<Invitation>, StoreError> {
        let store = &self.world.store;
        let Some(id) = registration.invite else {
            return Ok(None);
        };
        let Some(InviteTerms {
            inviter,
            role,
            joins,
            ..
        }) = store.invite(id).await?.map(|invite| invite.terms)
        else {
            return Ok(None);
        };
        let organisation = match joins {
            Some(Joins::New { name, .. }) => Some(name),
            Some(Joins::Existing { id }) => store.organisation(id).await?.map(|o| o.name),
            None => None,
        };
        Ok(Some(Invitation {
            by: inviter.map(|by| by.username),
            role,
            organisation,
        }))
    }

    /// Lets a held registration go on.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn approve(&self, id: RegistrationId, by: &By) -> Result<AdminView, AdminError> {
        let (now, name) = (self.world.now(), by.actor.name());
        let approved = self
            .decide(id, by, Action::RegistrationApproved, |r| {
                r.approve(name, now).map_err(Into::into)
            })
            .await?;
        // The saga sees to it as well, should this process end here.
        if approved.stage == Stage::Running {
            mails::tell(&self.world, &approved, MailKind::Approved).await?;
        }
        Ok(AdminView::of(&approved, now))
    }

    /// Ends a registration; the person is told the reason by mail and on the receipt.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn reject(
        &self,
        id: RegistrationId,
        by: &By,
        reason: &str,
    ) -> Result<AdminView, AdminError> {
        let (now, name) = (self.world.now(), by.actor.name());
        let rejected = self
            .decide(id, by, Action::RegistrationRejected, |r| {
                r.reject(name, reason, now).map_err(Into::into)
            })
            .await?;
        Ok(AdminView::of(&rejected, now))
    }

    /// Tries a step that has failed for now at once. Of a complete registration, that is the proof
    /// that its member gets in, where it was given up.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn retry(&self, id: RegistrationId, by: &By) -> Result<AdminView, AdminError> {
        let now = self.world.now();
        if let Some(r) = self.prove_again(id, by).await? {
            return Ok(AdminView::of(&r, now));
        }
        let change = |r: &mut Registration| match r.stage {
            Stage::Running | Stage::Undoing { .. } => {
                r.work.settle(Some(now));
                r.updated_at = now;
                Ok(())
            }
            Stage::Complete => Err(AdminError::WrongState(
                "this registration is complete".into(),
            )),
            Stage::Failed { .. } => Err(AdminError::WrongState(
                "this registration has failed and is undone; the name is free, so register again"
                    .into(),
            )),
            Stage::Draft => Err(AdminError::NotFound),
        };
        let retried = self
            .decide(id, by, Action::RegistrationRetried, change)
            .await?;
        Ok(AdminView::of(&retried, now))
    }

    /// Begins another round of tries; `None` where none ended in vain.
    async fn prove_again(
        &self,
        id: RegistrationId,
        by: &By,
    ) -> Result<Option<Registration>, AdminError> {
        let now = self.world.now();
        let store = &self.world.store;
        let Some(r) = store.registration(id).await? else {
            return Ok(None);
        };
        for _ in 0..TRIES {
            let Some(mut user) = store.user(id).await? else {
                return Ok(None);
            };
            let in_vain = matches!(user.credentials.first_login, FirstLogin::Unproven { .. });
            if r.stage != Stage::Complete || !in_vain || !user.want_first_login(now) {
                return Ok(None);
            }
            match store.update_user(user).await {
                Ok(_) => {
                    self.world.members_due.notify_one();
                    let subject = Subject::new("registration", id, r.username.as_str());
                    let event = by.event(Action::RegistrationRetried, subject);
                    self.world.audit.record(event).await?;
                    return Ok(Some(r));
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn decide(
        &self,
        id: RegistrationId,
        by: &By,
        action: Action,
        change: impl Fn(&mut Registration) -> Result<(), AdminError> + Send,
    ) -> Result<Registration, AdminError> {
        let amended = amend(&self.world, id, change).await?;
        let Amended { before, after } = amended.ok_or(AdminError::NotFound)?;
        self.world.registrations_due.notify_one();
        // To decide once more what is decided is no deed.
        if action == Action::RegistrationRetried || after.review != before.review {
            tracing::info!(REGISTRATION_ID = %id, USERNAME = %after.username, review = ?after.review, "registration decided");
            let subject = Subject::new("registration", id, after.username.as_str());
            self.world.audit.record(by.event(action, subject)).await?;
        }
        Ok(after)
    }
}
