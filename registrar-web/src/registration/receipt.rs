//! What who registers may see and mend, by the private link of their receipt.

use super::amend::{Amended, amend};
use super::error::ReceiptError;
use super::mails;
use super::register::ClientKey;
use super::verify::may_send_again;
use super::view::{ReceiptView, RegistrationView};
use super::world::Registrar;
use crate::domain::{
    Action, Actor, AuditEvent, FieldErrors, MendError, ReceiptToken, Registration, RegistrationId,
    Remark, SshKeysField, Stage, Subject, Verification, Warning,
};
use crate::ports::{EntropyExt, StoreError};

impl Registrar {
    /// The private link's token of a registration.
    #[must_use]
    pub fn receipt_token(&self, id: RegistrationId) -> ReceiptToken {
        ReceiptToken::of(&self.world.key, id)
    }

    /// The receipt that a token opens.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub async fn receipt(&self, token: &str) -> Result<ReceiptView, ReceiptError> {
        let id = self.opened(token)?;
        let found = self.world.store.registration(id).await?;
        let found = found.filter(|r| r.stage != Stage::Draft);
        self.receipt_of(&found.ok_or(ReceiptError::Unknown)?).await
    }

    async fn receipt_of(&self, r: &Registration) -> Result<ReceiptView, ReceiptError> {
        let place = match r.is_in_review() {
            true => Some(self.world.store.review_queue_place(r.id).await?),
            false => None,
        };
        Ok(ReceiptView::of(r, place, self.world.now()))
    }

    /// Proves the address with the code of the mail.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub async fn verify_receipt(
        &self,
        token: &str,
        code: &str,
    ) -> Result<RegistrationView, ReceiptError> {
        let view = self.receipt(token).await?;
        Ok(self.verify_code(&view.public.username, code).await?)
    }

    /// Answers the reviewers' question.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub async fn answer(
        &self,
        token: &str,
        text: &str,
        client: &ClientKey,
    ) -> Result<ReceiptView, ReceiptError> {
        let text = Remark::parse(text).map_err(|e| {
            let mut errors = FieldErrors::default();
            errors.add("text", e.code(), e);
            ReceiptError::Fields(errors)
        })?;
        let now = self.world.now();
        let amended = self
            .mend(token, |r| r.answer(text.clone(), now).map_err(Into::into))
            .await?;
        self.note_mended(&amended, Action::RegistrationAnswered, client)
            .await?;
        self.receipt_of(&amended.after).await
    }

    /// Takes another address, for one that was mistyped, and sends the verification there. What
    /// was sent to the old one is of no use any more.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub async fn change_address(
        &self,
        token: &str,
        text: &str,
        client: &ClientKey,
    ) -> Result<ReceiptView, ReceiptError> {
        let now = self.world.now();
        let rules = self.policy.signup_rules(now);
        let email = rules.email(text).map_err(ReceiptError::Fields)?;
        let id = self.opened(token)?;
        let found = self.world.store.registration(id).await?;
        if let Some(invite) = found.and_then(|r| r.invite)
            && let Some(invite) = self.world.store.invite(invite).await?
            && !invite.is_for(&email)
        {
            let mut errors = FieldErrors::default();
            let words = "your invite is for the address that it was sent to";
            errors.add("personalEmail", "other-address", words);
            return Err(ReceiptError::Fields(errors));
        }
        let key = &self.world.key;
        let random = self.world.entropy.bytes();
        let change = |r: &mut Registration| {
            if r.email == email {
                return Ok(());
            }
            r.may_change_address()?;
            if r.verification
                .as_ref()
                .is_some_and(|v| !may_send_again(v, now))
            {
                return Err(MendError::TooOften.into());
            }
            let old = r.verification.as_ref();
            let proof =
                old.map(|v| Verification::issue(key, r.id, random, v.issued_at, v.expires_at));
            r.change_address(email.clone(), proof, now)?;
            r.case.warnings.retain(|w| !Warning::is_about_address(w));
            if r.is_in_review() {
                let found = self.policy.domains.warnings(&email);
                r.case.warnings.extend(found);
            }
            Ok(())
        };
        let amended = self.mend(token, change).await?;
        if let Some(job) = mails::verification_mail(&self.world, &amended.after)
            && amended.is_change()
        {
            mails::enqueue_verification(&self.world, job).await?;
        }
        self.note_mended(&amended, Action::RegistrationAddressChanged, client)
            .await?;
        self.receipt_of(&amended.after).await
    }

    /// Takes other keys in place of those of the sign-up.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub async fn change_keys(
        &self,
        token: &str,
        keys: &SshKeysField,
        client: &ClientKey,
    ) -> Result<ReceiptView, ReceiptError> {
        let now = self.world.now();
        let rules = self.policy.signup_rules(now);
        let keys = rules.ssh_keys(keys).map_err(ReceiptError::Fields)?;
        let change = |r: &mut Registration| {
            if r.ssh_keys != keys {
                r.change_keys(keys.clone(), now)?;
            }
            Ok(())
        };
        let amended = self.mend(token, change).await?;
        self.note_mended(&amended, Action::RegistrationKeysChanged, client)
            .await?;
        self.receipt_of(&amended.after).await
    }

    /// Sends the verification mail again, if one may be sent.
    ///
    /// # Errors
    /// See [`ReceiptError`].
    pub async fn resend_receipt(&self, token: &str) -> Result<(), ReceiptError> {
        let id = self.opened(token)?;
        let found = self.world.store.registration(id).await?;
        let r = found.ok_or(ReceiptError::Unknown)?;
        self.resend(&r.username, &r.email).await?;
        Ok(())
    }

    fn opened(&self, token: &str) -> Result<RegistrationId, ReceiptError> {
        ReceiptToken::opens(&self.world.key, token).ok_or(ReceiptError::Unknown)
    }

    async fn mend(
        &self,
        token: &str,
        change: impl Fn(&mut Registration) -> Result<(), ReceiptError> + Send,
    ) -> Result<Amended, ReceiptError> {
        let id = self.opened(token)?;
        let change = move |r: &mut Registration| match r.stage {
            Stage::Draft => Err(ReceiptError::Unknown),
            _ => change(r),
        };
        let amended = amend(&self.world, id, change).await?;
        let amended = amended.ok_or(ReceiptError::Unknown)?;
        if amended.is_change() {
            self.world.registrations_due.notify_one();
        }
        Ok(amended)
    }

    async fn note_mended(
        &self,
        amended: &Amended,
        action: Action,
        client: &ClientKey,
    ) -> Result<(), StoreError> {
        if !amended.is_change() {
            return Ok(());
        }
        let r = &amended.after;
        let event = AuditEvent {
            action,
            actor: Actor::Visitor,
            subject: Some(Subject::new("registration", r.id, r.username.as_str())),
            address: Some(client.0.clone()),
            request_id: None,
            details: Vec::new(),
        };
        self.world.audit.record(event).await
    }
}
