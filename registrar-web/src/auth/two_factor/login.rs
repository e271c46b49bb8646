use jiff::SignedDuration;

use super::super::error::LoginError;
use super::super::gate::seconds_until;
use super::super::opened::Opened;
use super::super::world::{Auth, Client, Tokens};
use super::{FactorError, TRIES, to_the_end, wrong_codes};
use crate::domain::{
    Action, Answered, Challenge, ChallengeToken, FactorChange, FactorMethod, FactorNotice,
    MailKind, Organisation, Proof, Timestamp, User, second_factor_of,
};
use crate::ports::{EntropyExt, StoreError};

/// Codes that are mailed to a member in [`CODES_WINDOW`]; who has the password could flood the
/// mailbox otherwise.
const MOST_CODES: u32 = 10;
/// See [`MOST_CODES`].
const CODES_WINDOW: SignedDuration = SignedDuration::from_hours(1);

/// What a right password leads to.
#[derive(Debug)]
pub enum Entered<T = Tokens> {
    /// A session.
    In(Box<T>),
    /// A question.
    Asked(Asked),
}

/// What a login waits for. There is no session yet.
#[derive(Debug)]
pub struct Asked {
    /// The kind of code.
    pub method: FactorMethod,
    /// To be sent with it.
    pub challenge: ChallengeToken,
    /// How long the login waits.
    pub lasts: SignedDuration,
    /// What is new since the last login.
    pub notice: Option<FactorNotice>,
}

impl Auth {
    /// The organisation that decides about a member's second factor.
    pub(super) async fn organisation_of(
        &self,
        user: &User,
    ) -> Result<Option<Organisation>, StoreError> {
        match user.organisation {
            Some(id) => self.world.store.organisation(id).await,
            None => Ok(None),
        }
    }

    /// What a login of this member asks for after the password; the organisation is the member's.
    pub(super) fn method_of(
        &self,
        user: &User,
        organisation: Option<&Organisation>,
    ) -> Option<FactorMethod> {
        let preference = organisation.and_then(|o| o.two_factor);
        second_factor_of(user, &self.policy.second_factor, preference)
    }

    /// The password is right, and the member may log in: begins a session, or a challenge.
    pub(in crate::auth) async fn admit<T: Opened>(
        &self,
        user: User,
        client: &Client,
        now: Timestamp,
    ) -> Result<Entered<T>, LoginError> {
        let entropy = &self.world.entropy;
        let organisation = self.organisation_of(&user).await?;
        let news = organisation.as_ref();
        let notice = news.and_then(|o| FactorNotice::of(o, &user));
        let ask = |user: &mut User| {
            let Some(method) = self.method_of(user, organisation.as_ref()) else {
                user.access.last_login_at = user.access.last_login_at.max(Some(now));
                return Err(user.access.devices.meet(&client.device));
            };
            Ok(user.challenge(entropy.uuid_v7(now), entropy.bytes(), method, now))
        };
        let (user, asked) = self.record_login(user, ask).await?;
        let (challenge, token) = match asked {
            Ok(asked) => asked,
            Err(is_new_device) => {
                let opened = T::begin(self, user, client, now).await?;
                if is_new_device {
                    self.tell_of_login(opened.session()).await;
                }
                return Ok(Entered::In(Box::new(opened.telling(notice))));
            }
        };
        let method = challenge.method;
        if method == FactorMethod::Email {
            self.mail_code(&user, &challenge, client, now).await?;
        }
        tracing::info!(USERNAME = %user.username, FACTOR = method.as_str(),
            "the password is right; the login waits for a second factor");
        Ok(Entered::Asked(Asked {
            method,
            challenge: token,
            lasts: challenge.lasts(),
            notice,
        }))
    }

    async fn mail_code(
        &self,
        user: &User,
        challenge: &Challenge,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), LoginError> {
        let key = format!("login-codes:{}", user.id);
        let counted = self.world.store.count(&key, CODES_WINDOW, now).await?;
        if counted.count > MOST_CODES {
            tracing::warn!(USERNAME = %user.username, "too many login codes were mailed");
            return Err(LoginError::Limited {
                retry_after_seconds: seconds_until(counted.resets_at, now),
            });
        }
        let kind = MailKind::LoginCode {
            challenge: challenge.id,
            expires_at: challenge.expires_at,
            from: client.origin(now),
        };
        let key = format!("{}:{}", kind.name(), challenge.id);
        Ok(self.mail_to(user, kind, key, now).await?)
    }

    /// Finishes a login by a code of the method that the route is for, or by a recovery code.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn finish_login<T: Opened>(
        &self,
        challenge: &str,
        method: FactorMethod,
        proof: Proof,
        client: &Client,
    ) -> Result<T, FactorError> {
        let token = ChallengeToken::parse(challenge).ok_or(FactorError::Gone)?;
        let (this, client) = (self.clone(), client.clone());
        to_the_end(async move { this.judge(&token, method, &proof, &client).await }).await
    }

    async fn judge<T: Opened>(
        &self,
        token: &ChallengeToken,
        method: FactorMethod,
        proof: &Proof,
        client: &Client,
    ) -> Result<T, FactorError> {
        let (store, key) = (&self.world.store, wrong_codes(token.user()));
        // Who only knows a member's id has no business at the counter.
        let user = store.user(token.user()).await?.ok_or(FactorError::Gone)?;
        let waits = user.waits_for(token, self.world.now());
        waits.ok_or(FactorError::Gone)?;
        let _inside = self.enter(&key).await?;
        for _ in 0..TRIES {
            let now = self.world.now();
            let mut user = store.user(token.user()).await?.ok_or(FactorError::Gone)?;
            let mut is_new_device = false;
            let answered = user.answer(&self.world.key, token, method, proof, now)?;
            match answered {
                Answered::Gone => return Err(FactorError::Gone),
                Answered::OtherMethod(other) => return Err(FactorError::OtherMethod(other)),
                Answered::Right => {
                    user.access.last_login_at = user.access.last_login_at.max(Some(now));
                    is_new_device = user.access.devices.meet(&client.device);
                }
                Answered::Wrong { .. } => {}
            }
            let user = match store.update_user(user).await {
                Ok(user) => user,
                // Another answer, perhaps with the same code: see what is left.
                Err(StoreError::Conflict) => continue,
                Err(e) => return Err(e.into()),
            };
            if let Answered::Wrong { tries_left } = answered {
                let (most, window) = self.policy.failed_logins;
                let counted = store.count(&key, window, now).await?;
                tracing::info!(USERNAME = %user.username, tries_left, "a wrong second factor");
                if counted.count == most {
                    // Once in a window: whoever it is knows the password.
                    let what = FactorChange::WrongCodes;
                    self.tell(&user, what, client, now).await?;
                }
                return Err(FactorError::WrongAnswer { tries_left });
            }
            if matches!(proof, Proof::Recovery(_)) {
                let left = user.access.second_factor.recovery_left().to_string();
                let change = FactorChange::RecoveryCodeUsed;
                self.tell(&user, change, client, now).await?;
                let details = vec![("left", left)];
                self.note(&user, Action::RecoveryCodeUsed, client, details)
                    .await?;
            }
            let opened = T::begin(self, user, client, now).await?;
            if is_new_device {
                self.tell_of_login(opened.session()).await;
            }
            return Ok(opened);
        }
        Err(StoreError::Conflict.into())
    }
}
