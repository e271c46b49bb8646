use jiff::Timestamp;

use super::super::error::TokenError;
use super::super::login::busy;
use super::super::sessions::Caller;
use super::super::world::{Auth, Client, Typed};
use super::{FactorError, TRIES, to_the_end, wrong_codes};
use crate::domain::{
    Action, Actor, AuditEvent, FactorChange, FactorMethod, MailJob, MailKind, MailState, News,
    Proof, RecoveryCode, SessionEnd, Subject, User, Work,
};
use crate::ports::{EntropyExt, StoreError};

/// How it stands with a member's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FactorStatus {
    /// What the next login asks for.
    pub method: Option<FactorMethod>,
    /// Whether an authenticator is in use.
    pub totp: bool,
    /// Whether the member has switched codes by mail on.
    pub email: bool,
    /// Whether the member's role must have a second factor.
    pub required: bool,
    /// What the member's organisation prefers.
    pub preferred: Option<FactorMethod>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: usize,
}

impl Auth {
    /// How it stands with a member's second factor.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn factor_status(&self, user: &User) -> Result<FactorStatus, StoreError> {
        let factor = &user.access.second_factor;
        let organisation = self.organisation_of(user).await?;
        Ok(FactorStatus {
            method: self.method_of(user, organisation.as_ref()),
            totp: factor.has_totp(),
            email: factor.is_by_mail(),
            required: self.policy.second_factor.required.contains(&user.role),
            preferred: organisation.and_then(|o| o.two_factor),
            recovery_codes_left: factor.recovery_left(),
        })
    }

    /// Switches codes by mail on or off; ends the other sessions of the member.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn set_by_mail(
        &self,
        caller: Caller,
        password: Typed,
        on: bool,
        client: Client,
    ) -> Result<FactorStatus, FactorError> {
        let this = self.clone();
        to_the_end(async move {
            this.check_password(&caller.user, password).await?;
            let change = |user: &mut User| {
                let is_other = user.access.second_factor.is_by_mail() != on;
                if is_other {
                    user.access.second_factor.set_by_mail(on);
                    user.end_sessions();
                }
                Ok(is_other)
            };
            let (user, is_other) = this.change_factor(&caller, change).await?;
            if is_other {
                this.switched(&caller, &user, FactorMethod::Email, on, &client)
                    .await?;
            }
            Ok(this.factor_status(&user).await?)
        })
        .await
    }

    /// Makes recovery codes anew. Who has an authenticator shows a code of it, or one of the
    /// recovery codes that are left, as well as the password.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn new_recovery_codes(
        &self,
        caller: Caller,
        password: Typed,
        proof: Option<Proof>,
        client: Client,
    ) -> Result<Vec<RecoveryCode>, FactorError> {
        let this = self.clone();
        to_the_end(async move {
            this.check_password(&caller.user, password).await?;
            let codes = this.recovery_codes();
            let now = this.world.now();
            let organisation = this.organisation_of(&caller.user).await?;
            let change = |user: &mut User| {
                if this.method_of(user, organisation.as_ref()).is_none() {
                    return Err(FactorError::NotOn);
                }
                let id = user.id;
                let factor = &mut user.access.second_factor;
                if factor.has_totp() {
                    let proof = proof.as_ref().ok_or(FactorError::ProofRequired)?;
                    if !factor.prove(&this.world.key, id, proof, now)? {
                        return Err(FactorError::WrongCode);
                    }
                }
                factor.replace_recovery(&codes);
                Ok(())
            };
            let (user, ()) = this.guarded(&caller, change).await?;
            let what = FactorChange::NewRecoveryCodes;
            this.tell(&user, what, &client, now).await?;
            let action = Action::RecoveryCodesReplaced;
            this.note(&user, action, &client, Vec::new()).await?;
            Ok(codes)
        })
        .await
    }

    pub(super) fn recovery_codes(&self) -> Vec<RecoveryCode> {
        let make = |_| RecoveryCode::new(self.world.entropy.bytes());
        (0..RecoveryCode::COUNT).map(make).collect()
    }

    /// Whether the one who is logged in still knows the password: a stolen access token must not
    /// do to change how the account is entered. Limited like logins.
    pub(in crate::auth) async fn check_password(
        &self,
        user: &User,
        password: Typed,
    ) -> Result<(), FactorError> {
        let key = format!("password-check:{}", user.id);
        let _inside = self.enter(&key).await?;
        let hash = user.password_hash.as_ref().unwrap_or(&self.nobodys_hash);
        let matches = self.hashes.verify(password, hash.clone()).await;
        if matches.map_err(busy)? && user.password_hash.is_some() {
            return Ok(());
        }
        let (_, window) = self.policy.failed_logins;
        let now = self.world.now();
        self.world.store.count(&key, window, now).await?;
        Err(FactorError::WrongPassword)
    }

    /// A change that needs a code: wrong ones are counted together with those of logins.
    pub(super) async fn guarded<T: Send>(
        &self,
        caller: &Caller,
        change: impl Fn(&mut User) -> Result<T, FactorError> + Send + Sync,
    ) -> Result<(User, T), FactorError> {
        let key = wrong_codes(caller.user.id);
        let _inside = self.enter(&key).await?;
        let changed = self.change_factor(caller, change).await;
        if let Err(FactorError::WrongCode) = changed {
            let (_, window) = self.policy.failed_logins;
            let now = self.world.now();
            self.world.store.count(&key, window, now).await?;
        }
        changed
    }

    /// Changes the member's record, while the session lives that asks for it.
    pub(super) async fn change_factor<T: Send>(
        &self,
        caller: &Caller,
        change: impl Fn(&mut User) -> Result<T, FactorError> + Send + Sync,
    ) -> Result<(User, T), FactorError> {
        let ended = || TokenError::Ended(SessionEnd::SignedOut);
        for _ in 0..TRIES {
            let user = self.world.store.user(caller.user.id).await?;
            let user = user.filter(|u| caller.session.is_live(u, self.world.now()));
            let mut user = user.ok_or_else(ended)?;
            let changed = change(&mut user)?;
            match self.world.store.update_user(user).await {
                Ok(user) => return Ok((user, changed)),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// What follows when a factor was switched on or off, whereby all sessions ended.
    pub(super) async fn switched(
        &self,
        caller: &Caller,
        user: &User,
        method: FactorMethod,
        on: bool,
        client: &Client,
    ) -> Result<(), FactorError> {
        let (change, action) = match (method, on) {
            (FactorMethod::Totp, true) => (FactorChange::TotpOn, Action::SecondFactorOn),
            (FactorMethod::Totp, false) => (FactorChange::TotpOff, Action::SecondFactorOff),
            (FactorMethod::Email, true) => (FactorChange::EmailOn, Action::SecondFactorOn),
            (FactorMethod::Email, false) => (FactorChange::EmailOff, Action::SecondFactorOff),
        };
        self.keep_only(caller, user).await?;
        self.tell(user, change, client, self.world.now()).await?;
        let details = vec![("method", method.as_str().to_owned())];
        Ok(self.note(user, action, client, details).await?)
    }

    /// Keeps, of a member whose sessions were just ended, the one that asked for it.
    pub(super) async fn keep_only(&self, caller: &Caller, user: &User) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let found = self.world.store.session(caller.session.id).await?;
            let same = found.filter(|s| s.epoch == caller.session.epoch);
            let Some(mut session) = same else { break };
            session.epoch = user.access.epoch;
            match self.world.store.update_session(session).await {
                Ok(_) => break,
                // It was just refreshed.
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        self.mark_ended(user.id, SessionEnd::SignedOut).await
    }

    /// Tells the owner by mail, and where the owner is logged in.
    pub(super) async fn tell(
        &self,
        user: &User,
        change: FactorChange,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = MailKind::SecondFactorChanged {
            change,
            from: client.origin(now),
        };
        let each = self.world.entropy.uuid_v7(now);
        let key = format!("{}:{each}", kind.name());
        self.mail_to(user, kind, key, now).await?;
        let news = News::SecondFactorChanged { change };
        self.world.events.publish(user.id, news).await;
        Ok(())
    }

    pub(super) async fn mail_to(
        &self,
        user: &User,
        kind: MailKind,
        dedupe_key: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let job = MailJob {
            id: self.world.entropy.uuid_v7(now),
            version: 1,
            dedupe_key,
            kind,
            to: user.email.clone(),
            registration: user.id,
            state: MailState::Queued,
            work: Work::due(now),
            created_at: now,
        };
        self.world.store.enqueue_mail(&job).await?;
        self.world.mails_due.notify_one();
        Ok(())
    }

    /// Writes it into the audit log.
    pub(super) async fn note(
        &self,
        user: &User,
        action: Action,
        client: &Client,
        details: Vec<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            action,
            actor: Actor::member(user),
            subject: Some(Subject::member(user)),
            address: Some(client.address.0.clone()),
            request_id: None,
            details,
        };
        self.world.audit.record(event).await
    }
}
