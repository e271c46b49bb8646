use super::error::AdminError;
use super::view::AdminView;
use super::world::Registrar;
use crate::audit::By;
use crate::domain::{Action, Registration, RegistrationId, Stage, Subject};
use crate::ports::{Page, PageRequest, RegistrationFilter, StoreError};

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
        Ok(AdminView::of(&registration, self.world.now()))
    }

    /// Lets a held registration go on.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn approve(&self, id: RegistrationId, by: &By) -> Result<AdminView, AdminError> {
        let (now, name) = (self.world.now(), by.actor.name());
        self.decide(id, by, Action::RegistrationApproved, |r| {
            r.approve(name, now).map_err(Into::into)
        })
        .await
    }

    /// Ends a registration; the person is told the reason by mail and on the status page.
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
        self.decide(id, by, Action::RegistrationRejected, |r| {
            r.reject(name, reason, now).map_err(Into::into)
        })
        .await
    }

    /// Tries a step that has failed for now at once.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn retry(&self, id: RegistrationId, by: &By) -> Result<AdminView, AdminError> {
        let now = self.world.now();
        self.decide(id, by, Action::RegistrationRetried, |r| match r.stage {
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
        })
        .await
    }

    async fn decide(
        &self,
        id: RegistrationId,
        by: &By,
        action: Action,
        change: impl Fn(&mut Registration) -> Result<(), AdminError> + Send,
    ) -> Result<AdminView, AdminError> {
        for _ in 0..8 {
            let found = self.world.store.registration(id).await?;
            let mut registration = found.ok_or(AdminError::NotFound)?;
            let before = registration.review.clone();
            change(&mut registration)?;
            match self.world.store.update_registration(registration).await {
                Ok(changed) => {
                    self.world.registrations_due.notify_one();
                    tracing::info!(REGISTRATION_ID = %id, USERNAME = %changed.username, review = ?changed.review, "registration decided");
                    // To decide once more what is decided is no deed.
                    if action == Action::RegistrationRetried || changed.review != before {
                        let subject = Subject::new("registration", id, changed.username.as_str());
                        self.world.audit.record(by.event(action, subject)).await?;
                    }
                    return Ok(AdminView::of(&changed, self.world.now()));
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }
}
