//! Changing the password: by who knows it, and what every new password brings with it.

use super::credentials::CredentialError;
use super::login::{TRIES, busy};
use super::sessions::Caller;
use super::world::{Auth, Client, Typed};
use crate::domain::{
    Action, Actor, BcryptHash, CredentialChange, FieldErrors, Password, PasswordHints, Session,
    SessionEnd, SessionId, User, UserId, UserState,
};
use crate::ports::StoreError;
use crate::registration::LEAKED;

impl Auth {
    /// Gives a member another password, who shows the present one: one bcrypt, behind a limiter
    /// like that of logins. All other sessions end; the one that asks goes on. The host follows
    /// in the background. A caller that goes away meanwhile changes nothing.
    ///
    /// Returns the member as written.
    ///
    /// # Errors
    /// See [`CredentialError`].
    pub async fn change_password(
        &self,
        caller: &Caller,
        current: Typed,
        new: String,
        client: &Client,
    ) -> Result<User, CredentialError> {
        let (this, caller, client) = (self.clone(), caller.clone(), client.clone());
        self.apart(async move { this.try_change(&caller, current, new, &client).await })
            .await
    }

    async fn try_change(
        &self,
        caller: &Caller,
        current: Typed,
        new: String,
        client: &Client,
    ) -> Result<User, CredentialError> {
        let Caller { user, session } = caller;
        let password = self.judge_password(user, new).await?;
        if password.expose() == current.as_str() {
            let words = "this is the present password; choose another one";
            return Err(CredentialError::field("newPassword", "unchanged", words));
        }
        let Some(hash) = user.password_hash.clone() else {
            let words = "this account has no password yet; ask for a mail to choose one";
            return Err(CredentialError::field("currentPassword", "not-set", words));
        };
        // Who holds a stolen token gets no more guesses than who has none; and who guesses at
        // logins keeps no owner from changing the password.
        let counter = format!("password-account:{}", user.id);
        let _inside = self.enter(&counter).await?;
        if !self.hashes.verify(current, hash).await.map_err(busy)? {
            let (_, window) = self.policy.failed_logins;
            self.world
                .store
                .count(&counter, window, self.world.now())
                .await?;
            let words = "this is not the present password";
            return Err(CredentialError::field("currentPassword", "wrong", words));
        }
        let hash = self.hashes.hash(password).await.map_err(busy)?;
        let (judged, epoch) = (user.credentials.password.change, session.epoch);
        let is_as_judged = |user: &User| {
            user.state == UserState::Active
                && user.credentials.password.change == judged
                && user.access.epoch == epoch
        };
        let what = CredentialChange::Password;
        let changed = self
            .write_password(user.id, is_as_judged, hash, what, client)
            .await?
            .ok_or(StoreError::Conflict)?;
        self.carry_over(session.id, epoch, &changed).await?;
        self.mark_ended(user.id, SessionEnd::PasswordChanged)
            .await?;
        self.tell_live(&changed, CredentialChange::Password).await;
        let actor = Actor::member(&changed);
        self.audit_change(Action::PasswordChanged, actor, &changed, client, Vec::new())
            .await?;
        Ok(changed)
    }

    /// Judges a new password by the rules of the sign-up.
    pub(super) async fn judge_password(
        &self,
        user: &User,
        new: String,
    ) -> Result<Password, CredentialError> {
        let email = user.email.to_string();
        let words = [
            user.username.as_str(),
            user.display_name.as_str(),
            email.split('@').next().unwrap_or_default(),
        ];
        let password = judge_with(new, &words)?;
        if self.world.is_leaked(&password).await {
            let (code, words) = LEAKED;
            return Err(CredentialError::field("newPassword", code, words));
        }
        Ok(password)
    }

    /// Writes a new password, unless the member is not as it must be any more. With that write all
    /// sessions are over. The owner is told first: a crash in between tells of a change that did
    /// not happen rather than hide one that did.
    pub(super) async fn write_password(
        &self,
        id: UserId,
        is_as_judged: impl Fn(&User) -> bool + Send + Sync,
        hash: BcryptHash,
        what: CredentialChange,
        client: &Client,
    ) -> Result<Option<User>, StoreError> {
        let notice = self.notice(what.clone(), client);
        for _ in 0..TRIES {
            let now = self.world.now();
            let found = self.world.store.user(id).await?;
            let Some(mut user) = found.filter(|user| is_as_judged(user)) else {
                return Ok(None);
            };
            user.set_password(hash.clone(), self.policy.host_password, now);
            self.tell_owner(&user, &notice).await?;
            match self.world.store.update_user(user).await {
                Ok(user) => {
                    self.world.members_due.notify_one();
                    tracing::info!(USERNAME = %user.username, ?what, "password changed");
                    return Ok(Some(user));
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Takes a session over the end of all sessions. One that was signed out meanwhile stays so.
    async fn carry_over(&self, id: SessionId, epoch: u64, user: &User) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let found = self.world.store.session(id).await?;
            let is_it = |s: &Session| s.ended.is_none() && s.epoch == epoch;
            let Some(mut session) = found.filter(is_it) else {
                return Ok(());
            };
            session.epoch = user.access.epoch;
            match self.world.store.update_session(session).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Hashes a password anew whose hash costs less than is wanted now, after it was right. It is
    /// the same password, so nothing else changes: no session ends, nobody is told, and the host
    /// keeps the hash that it has.
    pub(super) fn upgrade_cost(&self, id: UserId, judged: BcryptHash, typed: Typed) {
        let this = self.clone();
        self.background.spawn(async move {
            if let Err(error) = this.try_upgrade(id, judged, typed).await {
                tracing::info!(USER_ID = %id, %error, "a password is hashed anew at a later login");
            }
        });
    }

    async fn try_upgrade(
        &self,
        id: UserId,
        judged: BcryptHash,
        typed: Typed,
    ) -> Result<(), CredentialError> {
        let Some(password) = Password::proven(typed) else {
            return Ok(());
        };
        let hash = self.hashes.hash(password).await.map_err(busy)?;
        for _ in 0..TRIES {
            let Some(mut user) = self.world.store.user(id).await? else {
                return Ok(());
            };
            if user.password_hash.as_ref() != Some(&judged) {
                return Ok(());
            }
            user.password_hash = Some(hash.clone());
            match self.world.store.update_user(user).await {
                Ok(_) => return Ok(()),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }
}

/// Judges a new password by the rules that need nobody asked.
pub(super) fn judge_with(new: String, words: &[&str]) -> Result<Password, CredentialError> {
    Password::parse(new, PasswordHints { words }).map_err(|e| {
        let mut errors = FieldErrors::default();
        errors.add("newPassword", e.code(), e);
        CredentialError::Fields(errors)
    })
}
