//! Choosing a new password with the link or code of a mail.

use jiff::SignedDuration;

use super::credentials::CredentialError;
use super::error::LoginError;
use super::gate::seconds_until;
use super::login::{Named, TRIES, busy};
use super::password::judge_with;
use super::world::{Auth, Client};
use crate::domain::{
    Action, Actor, CodeCheck, CredentialChange, MailKind, SessionEnd, Timestamp, TokenDigest, User,
    UserState, Username, Verification, VerificationToken,
};
use crate::ports::{EntropyExt, StoreError};

/// How long link and code are good.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);
/// Who asks again so soon gets the same ones, so that the mail that comes first is good, too.
const SAME_FOR: SignedDuration = SignedDuration::from_mins(15);
/// Codes that are tried for one account in the time that one is good.
const CODE_TRIES: u32 = 5;
/// Mails that one client address may ask for in an hour.
const ASKS: (u32, SignedDuration) = (10, SignedDuration::from_hours(1));
/// The window of mails to one mailbox.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What shows that a new password may be chosen.
#[derive(Clone)]
pub enum RecoveryProof {
    /// The token of the link.
    Token(String),
    /// The code of the mail.
    Code {
        /// Name or address of the account.
        who: String,
        /// As typed.
        code: String,
    },
}

impl Auth {
    /// Sends a mail with which a new password can be chosen, if there is an active member of that
    /// name or address. What there is and what is done about it happens after the answer, which is
    /// thus the same in words and time whoever is named.
    ///
    /// # Errors
    /// The client asks too often; the store can't be used.
    pub async fn forgot_password(&self, who: &str, client: &Client) -> Result<(), CredentialError> {
        let now = self.world.now();
        let (most, window) = ASKS;
        let key = format!("recovery-address:{}", client.address.0);
        let asked = self.world.store.count(&key, window, now).await?;
        if asked.count > most {
            let retry_after_seconds = seconds_until(asked.resets_at, now);
            return Err(LoginError::Limited {
                retry_after_seconds,
            }
            .into());
        }
        let (this, client) = (self.clone(), client.clone());
        let named = Named::read(who.trim(), &self.policy.domain);
        let span = tracing::Span::current();
        let work = async move {
            if let Err(error) = this.send_recovery(&named, &client).await {
                tracing::error!(%error, "a mail to choose a new password can't be queued");
            }
        };
        self.background
            .spawn(tracing::Instrument::instrument(work, span));
        Ok(())
    }

    async fn send_recovery(&self, named: &Named, client: &Client) -> Result<(), StoreError> {
        let found = self.find(named).await?;
        let Some(mut user) = found.user.filter(|u| u.state == UserState::Active) else {
            tracing::info!("a new password was asked for, for no active member");
            return Ok(());
        };
        let mailbox = TokenDigest::of(&user.email.mailbox_key());
        let key = format!("recovery-to:{}", mailbox.as_str());
        let counted = self.world.store.count(&key, DAY, self.world.now()).await?;
        if counted.count > self.world.verification_mails {
            tracing::warn!(USERNAME = %user.username, until = %counted.resets_at,
                "this mail to choose a new password is not sent: its mailbox has had enough of them");
            return Ok(());
        }
        for _ in 0..TRIES {
            let now = self.world.now();
            let id = user.id;
            let proof = self.renew(&user, now);
            user.credentials.recovery = Some(proof.clone());
            match self.world.store.update_user(user).await {
                Ok(user) => {
                    let key = recovery_mail_key(&proof, &user);
                    let from = client.origin(now);
                    let kind = MailKind::ResetPassword { proof, from };
                    return self.mail(&user, kind, key).await;
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
            let again = self.world.store.user(id).await?;
            let Some(again) = again.filter(|u| u.state == UserState::Active) else {
                return Ok(());
            };
            user = again;
        }
        Err(StoreError::Conflict)
    }

    fn renew(&self, user: &User, now: Timestamp) -> Verification {
        match user.credentials.recovery.clone() {
            Some(mut proof) if proof.is_open(now) && now < proof.issued_at + SAME_FOR => {
                proof.resends = proof.resends.saturating_add(1);
                proof
            }
            _ => {
                let random = self.world.entropy.bytes();
                Verification::issue(&self.world.key, user.id, random, now, now + GOOD_FOR)
            }
        }
    }

    /// Whose password a link lets choose anew; `None` when nobody's. Looking spends nothing.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn look_at_recovery(&self, text: &str) -> Result<Option<Username>, StoreError> {
        let Some(token) = VerificationToken::parse(text) else {
            return Ok(None);
        };
        let found = self.by_token(&token.digest()).await?;
        Ok(found.map(|user| user.username))
    }

    async fn by_token(&self, token: &TokenDigest) -> Result<Option<User>, StoreError> {
        let found = self.world.store.user_by_recovery(token).await?;
        let now = self.world.now();
        Ok(found.filter(|user| is_open(user, token, now)))
    }

    /// Sets a new password with the link or code of a mail; works once. All sessions end, and the
    /// host follows in the background.
    ///
    /// # Errors
    /// See [`CredentialError`]. What is wrong with a code or whom it is for is not told.
    pub async fn reset_password(
        &self,
        proof: RecoveryProof,
        new: String,
        client: &Client,
    ) -> Result<(), CredentialError> {
        let (this, client) = (self.clone(), client.clone());
        self.apart(async move { this.try_reset(proof, new, &client).await })
            .await
    }

    async fn try_reset(
        &self,
        proof: RecoveryProof,
        new: String,
        client: &Client,
    ) -> Result<(), CredentialError> {
        let (user, token) = match &proof {
            RecoveryProof::Token(text) => {
                let token = VerificationToken::parse(text).ok_or(CredentialError::NoRecovery)?;
                let digest = token.digest();
                let found = self.by_token(&digest).await?;
                (found.ok_or(CredentialError::NoRecovery)?, digest)
            }
            RecoveryProof::Code { who, code } => {
                // Before anything is looked up, so that the rules tell of nobody.
                let words = [who.split('@').next().unwrap_or_default()];
                judge_with(new.clone(), &words)?;
                self.by_code(who.trim(), code, client).await?
            }
        };
        let password = self.judge_password(&user, new).await?;
        let hash = self.hashes.hash(password).await.map_err(busy)?;
        let is_as_judged = |user: &User| is_open(user, &token, self.world.now());
        let what = CredentialChange::PasswordReset;
        // Of two who come at once with the same proof, one finds it spent.
        let changed = self
            .write_password(user.id, is_as_judged, hash, what, client)
            .await?
            .ok_or(CredentialError::NoRecovery)?;
        self.mark_ended(changed.id, SessionEnd::PasswordChanged)
            .await?;
        self.tell_live(&changed, CredentialChange::PasswordReset)
            .await;
        let (action, actor) = (Action::PasswordReset, Actor::Visitor);
        self.audit_change(action, actor, &changed, client, Vec::new())
            .await?;
        Ok(())
    }

    /// The member whose code that is. Whoever is named, the same is counted and read.
    async fn by_code(
        &self,
        who: &str,
        code: &str,
        client: &Client,
    ) -> Result<(User, TokenDigest), CredentialError> {
        let address = format!("recovery-code-address:{}", client.address.0);
        let _inside = self.enter(&address).await?;
        let named = Named::read(who, &self.policy.domain);
        let found = self.find(&named).await?;
        let account = match found.id() {
            Some(id) => id.to_string(),
            None => self.digest(who, &named),
        };
        let now = self.world.now();
        // Counted before it is judged: however many come at once, on however many instances.
        let key = format!("recovery-code:{account}");
        let tried = self.world.store.count(&key, GOOD_FOR, now).await?;
        let right = found.user.and_then(|user| {
            let mut proof = user.credentials.recovery.clone()?;
            let check = proof.check_code(&self.world.key, user.id, code, now);
            let is_right = check == CodeCheck::Right
                && tried.count <= CODE_TRIES
                && user.state == UserState::Active;
            is_right.then_some((user, proof.token))
        });
        if right.is_none() {
            let (_, window) = self.policy.failed_logins;
            self.world.store.count(&address, window, now).await?;
        }
        right.ok_or(CredentialError::NoRecovery)
    }
}

/// Whether that token lets the member choose a new password.
fn is_open(user: &User, token: &TokenDigest, now: Timestamp) -> bool {
    user.state == UserState::Active
        && user
            .credentials
            .recovery
            .as_ref()
            .is_some_and(|proof| proof.is_open(now) && proof.token.is(token))
}

/// Names the mail of a proof; one that was asked for again is a mail of its own.
fn recovery_mail_key(proof: &Verification, user: &User) -> String {
    format!("reset-password:{}", proof.mail_key(user.id))
}
