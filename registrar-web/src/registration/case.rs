//! What reviewers do before they decide: claim, note, ask.

use super::amend::{Amended, amend};
use super::error::AdminError;
use super::mails;
use super::view::AdminView;
use super::world::Registrar;
use crate::audit::By;
use crate::domain::{Action, Registration, RegistrationId, Remark, ReviewError, Stage, Subject};
use crate::ports::StoreError;

impl Registrar {
    /// Takes an application up, so that nobody else decides about it for a while; again, to have
    /// longer. With `take_over` also when another reviewer has it.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn claim(
        &self,
        id: RegistrationId,
        take_over: bool,
        by: &By,
    ) -> Result<AdminView, AdminError> {
        let (now, name, lasts) = (self.world.now(), by.actor.name(), self.policy.claim_ttl);
        let amended = self
            .work_on(id, |r| r.claim(name, take_over, now, lasts))
            .await?;
        let holder = |r: &Registration| r.case.claim.as_ref().map(|c| c.by.clone());
        let before = holder(&amended.before);
        // To have it for longer is no news.
        if before != holder(&amended.after) {
            let from = before.map(|from| ("from", from));
            let action = Action::RegistrationClaimed;
            self.note_work(&amended, by, action, from).await?;
        }
        Ok(AdminView::of(&amended.after, now))
    }

    /// Gives one's claim up.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn release_claim(
        &self,
        id: RegistrationId,
        by: &By,
    ) -> Result<AdminView, AdminError> {
        let (now, name) = (self.world.now(), by.actor.name());
        let amended = self.work_on(id, |r| r.release_claim(name, now)).await?;
        if amended.is_change() {
            let action = Action::RegistrationReleased;
            self.note_work(&amended, by, action, None).await?;
        }
        Ok(AdminView::of(&amended.after, now))
    }

    /// Writes a note, which reviewers alone read.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn note(
        &self,
        id: RegistrationId,
        text: &Remark,
        by: &By,
    ) -> Result<AdminView, AdminError> {
        let (now, name) = (self.world.now(), by.actor.name());
        let amended = self
            .work_on(id, |r| r.note(name, text.clone(), now))
            .await?;
        let action = Action::RegistrationNoted;
        self.note_work(&amended, by, action, None).await?;
        Ok(AdminView::of(&amended.after, now))
    }

    /// Asks the applicant, who reads it in a mail and on the receipt. The same question twice is
    /// one: its mail is seen to again.
    ///
    /// # Errors
    /// See [`AdminError`].
    pub async fn ask(
        &self,
        id: RegistrationId,
        text: &Remark,
        by: &By,
    ) -> Result<AdminView, AdminError> {
        let (now, name) = (self.world.now(), by.actor.name());
        let amended = self.work_on(id, |r| r.ask(name, text.clone(), now)).await?;
        mails::question(&self.world, &amended.after).await?;
        if amended.is_change() {
            let action = Action::RegistrationAsked;
            self.note_work(&amended, by, action, None).await?;
        }
        Ok(AdminView::of(&amended.after, now))
    }

    async fn work_on(
        &self,
        id: RegistrationId,
        change: impl Fn(&mut Registration) -> Result<(), ReviewError> + Send,
    ) -> Result<Amended, AdminError> {
        let change = move |r: &mut Registration| match r.stage {
            Stage::Draft => Err(AdminError::NotFound),
            _ => change(r).map_err(AdminError::from),
        };
        let amended = amend(&self.world, id, change).await?;
        amended.ok_or(AdminError::NotFound)
    }

    /// Writes down that a reviewer did it; never the words, which are private.
    async fn note_work(
        &self,
        amended: &Amended,
        by: &By,
        action: Action,
        details: Option<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let r = &amended.after;
        let subject = Subject::new("registration", r.id, r.username.as_str());
        let mut event = by.event(action, subject);
        event.details.extend(details);
        self.world.audit.record(event).await
    }
}
