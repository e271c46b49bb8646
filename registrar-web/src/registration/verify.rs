use jiff::SignedDuration;

use super::error::VerifyError;
use super::view::RegistrationView;
use super::world::Registrar;
use crate::domain::{
    CodeCheck, Email, News, Registration, Role, Stage, Timestamp, Username, Verification,
    VerificationToken,
};
use crate::ports::{EntropyExt, StoreError};

/// How often one registration's mail may be asked for again, and how far apart.
const MOST_RESENDS: u32 = 5;
const RESEND_PAUSE: SignedDuration = SignedDuration::from_mins(1);
/// Two writers meet rarely; more rounds than this mean that something is wrong.
const ROUNDS: u32 = 8;

/// What a link would do. Looking spends nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenState {
    /// It verifies that registration's address.
    Open {
        /// Whose.
        username: Username,
    },
    /// It has done so.
    Used {
        /// Whose.
        username: Username,
    },
    /// It is too late.
    Expired,
    /// Not known, or replaced by a newer one.
    Unknown,
}

impl Registrar {
    /// What a link would do.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn look_at_token(&self, token: &VerificationToken) -> Result<TokenState, StoreError> {
        let now = self.world.now();
        let found = self
            .world
            .store
            .registration_by_token(&token.digest())
            .await?;
        Ok(match found {
            None => TokenState::Unknown,
            Some(r) => match judge(&r, now) {
                Ok(_) => TokenState::Open {
                    username: r.username,
                },
                Err(VerifyError::Used { username }) => TokenState::Used { username },
                Err(VerifyError::Expired) => TokenState::Expired,
                Err(_) => TokenState::Unknown,
            },
        })
    }

    /// Proves the address with the token of the link; works once.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify_token(
        &self,
        token: &VerificationToken,
    ) -> Result<RegistrationView, VerifyError> {
        let digest = token.digest();
        for _ in 0..ROUNDS {
            let found = self.world.store.registration_by_token(&digest).await?;
            let registration = found.ok_or(VerifyError::Unknown)?;
            judge(&registration, self.world.now())?;
            if let Some(view) = self.prove(registration).await? {
                return Ok(view);
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Proves the address with the code of the mail; five wrong ones close it.
    ///
    /// # Errors
    /// See [`VerifyError`].
    pub async fn verify_code(
        &self,
        name: &Username,
        typed: &str,
    ) -> Result<RegistrationView, VerifyError> {
        for _ in 0..ROUNDS {
            let now = self.world.now();
            let found = self.world.store.registration_by_username(name).await?;
            let mut registration = found.ok_or(VerifyError::Unknown)?;
            judge(&registration, now)?;
            let id = registration.id;
            let verification = registration
                .verification
                .as_mut()
                .ok_or(VerifyError::Unknown)?;
            let error = match verification.check_code(&self.world.key, id, typed, now) {
                CodeCheck::Right => {
                    if let Some(view) = self.prove(registration).await? {
                        return Ok(view);
                    }
                    continue;
                }
                CodeCheck::Wrong { tries_left } => VerifyError::WrongCode { tries_left },
                CodeCheck::Exhausted => VerifyError::TooManyTries,
                CodeCheck::Gone => VerifyError::Expired,
            };
            // The try is spent only when it is written down; a lost race is judged anew.
            match self.world.store.update_registration(registration).await {
                Ok(_) => return Err(error),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Writes the proof down; `None` when someone else wrote meanwhile.
    async fn prove(
        &self,
        mut registration: Registration,
    ) -> Result<Option<RegistrationView>, VerifyError> {
        let now = self.world.now();
        registration.prove_address(now);
        match self.world.store.update_registration(registration).await {
            Ok(proven) => {
                self.world.registrations_due.notify_one();
                tracing::info!(REGISTRATION_ID = %proven.id, USERNAME = %proven.username, "address proven");
                // Reviewers hear of people whose address is proven: who only fills in forms can't
                // keep them busy.
                if proven.review.holds() {
                    let news = News::ApplicationWaiting {
                        registration: proven.id,
                        username: proven.username.clone(),
                    };
                    let events = &self.world.events;
                    events.publish_to_staff(Role::Operator, news).await;
                }
                Ok(Some(RegistrationView::of(&proven, now)))
            }
            Err(StoreError::Conflict) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// Sends the verification mail again, if name and address belong together and it was not asked
    /// for too often. Says nothing about any of it, so that nobody can ask who is registered.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn resend(&self, name: &Username, email: &Email) -> Result<(), StoreError> {
        for _ in 0..ROUNDS {
            let now = self.world.now();
            let Some(mut registration) = self.world.store.registration_by_username(name).await?
            else {
                return Ok(());
            };
            if registration.email.unique_key() != email.unique_key()
                || registration.stage != Stage::Running
                || !self.renew(&mut registration, now)
            {
                return Ok(());
            }
            registration.mail_trouble = None;
            let job = super::mails::verification_mail(&self.world, &registration);
            match self.world.store.update_registration(registration).await {
                Ok(_) => {
                    if let Some(job) = job {
                        super::mails::enqueue_verification(&self.world, job).await?;
                    }
                    return Ok(());
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Prepares another mail; `false` when none may be sent. After five wrong codes the proof is
    /// made anew, otherwise the same link and code are sent again.
    fn renew(&self, registration: &mut Registration, now: Timestamp) -> bool {
        let id = registration.id;
        let Some(v) = registration.verification.as_mut() else {
            return false;
        };
        if !may_send_again(v, now) {
            return false;
        }
        if v.tries_left == 0 {
            let random = self.world.entropy.bytes();
            let resends = v.resends;
            *v = Verification::issue(&self.world.key, id, random, v.issued_at, v.expires_at);
            v.resends = resends;
        }
        v.resends += 1;
        registration.updated_at = now;
        true
    }
}

/// Whether another mail of a proof may be sent now.
pub(super) fn may_send_again(v: &Verification, now: Timestamp) -> bool {
    let pauses = i32::try_from(v.resends.saturating_add(1)).unwrap_or(i32::MAX);
    let is_pause_over = now >= v.issued_at + RESEND_PAUSE * pauses;
    v.is_open(now) && v.resends < MOST_RESENDS && is_pause_over
}

/// Whether a proof can be given now.
fn judge(r: &Registration, now: Timestamp) -> Result<(), VerifyError> {
    let v = r.verification.as_ref().ok_or(VerifyError::Unknown)?;
    if v.used_at.is_some() {
        return Err(VerifyError::Used {
            username: r.username.clone(),
        });
    }
    if now >= v.expires_at {
        return Err(VerifyError::Expired);
    }
    if r.stage == Stage::Running {
        Ok(())
    } else {
        Err(VerifyError::Ended)
    }
}
