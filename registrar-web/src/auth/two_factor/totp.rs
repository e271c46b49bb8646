use jiff::SignedDuration;
use zeroize::Zeroizing;

use super::super::sessions::Caller;
use super::super::world::{Auth, Client, Typed};
use super::{FactorError, to_the_end};
use crate::domain::{FactorMethod, Proof, RecoveryCode, TotpSecret, Unconfirmed, Unreadable, User};
use crate::ports::EntropyExt;

/// How long an authenticator that was set up can be confirmed.
const SETUP_LASTS: SignedDuration = SignedDuration::from_mins(15);

/// What an authenticator is set up with; told once.
#[derive(Debug)]
pub struct TotpSetup {
    secret: TotpSecret,
    issuer: String,
    account: String,
    /// How long it can be confirmed.
    pub lasts: SignedDuration,
}

impl TotpSetup {
    /// What a QR code says.
    #[must_use]
    pub fn uri(&self) -> Zeroizing<String> {
        self.secret.uri(&self.issuer, &self.account)
    }

    /// What is typed where no QR code can be read.
    #[must_use]
    pub fn manual_key(&self) -> Zeroizing<String> {
        self.secret.manual_key()
    }
}

impl Auth {
    /// Makes the secret of an authenticator. It counts once [`Auth::confirm_totp`] has shown that
    /// it arrived.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn set_up_totp(
        &self,
        caller: Caller,
        password: Typed,
    ) -> Result<TotpSetup, FactorError> {
        let this = self.clone();
        to_the_end(async move {
            this.check_password(&caller.user, password).await?;
            let (world, id) = (&this.world, caller.user.id);
            let secret = TotpSecret::new(world.entropy.bytes());
            let sealed = secret.seal(&world.key, id, world.entropy.bytes())?;
            let until = world.now() + SETUP_LASTS;
            let change = |user: &mut User| {
                let factor = &mut user.access.second_factor;
                if factor.has_totp() {
                    return Err(FactorError::AlreadyOn);
                }
                factor.set_up(sealed.clone(), until);
                Ok(())
            };
            let (user, ()) = this.change_factor(&caller, change).await?;
            Ok(TotpSetup {
                secret,
                issuer: this.policy.community.clone(),
                account: format!("{}@{}", user.username, this.policy.domain.as_str()),
                lasts: SETUP_LASTS,
            })
        })
        .await
    }

    /// Takes the authenticator that was set up into use, by a code of it; ends the other sessions
    /// of the member. Returns new recovery codes.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn confirm_totp(
        &self,
        caller: Caller,
        code: Typed,
        client: Client,
    ) -> Result<Vec<RecoveryCode>, FactorError> {
        let this = self.clone();
        to_the_end(async move {
            let codes = this.recovery_codes();
            let now = this.world.now();
            let change = |user: &mut User| {
                let id = user.id;
                let factor = &mut user.access.second_factor;
                let confirmed = factor.confirm(&this.world.key, id, &code, now);
                confirmed.map_err(|why| match why {
                    Unconfirmed::NothingPending => FactorError::NothingPending,
                    Unconfirmed::WrongCode => FactorError::WrongCode,
                    Unconfirmed::Unreadable => Unreadable.into(),
                })?;
                factor.replace_recovery(&codes);
                user.end_sessions();
                Ok(())
            };
            let (user, ()) = this.guarded(&caller, change).await?;
            this.switched(&caller, &user, FactorMethod::Totp, true, &client)
                .await?;
            Ok(codes)
        })
        .await
    }

    /// Switches the authenticator off, by the password and a code of it or a recovery code; ends
    /// the other sessions of the member.
    ///
    /// # Errors
    /// See [`FactorError`].
    pub async fn disable_totp(
        &self,
        caller: Caller,
        password: Typed,
        proof: Proof,
        client: Client,
    ) -> Result<(), FactorError> {
        let this = self.clone();
        to_the_end(async move {
            this.check_password(&caller.user, password).await?;
            let now = this.world.now();
            let change = |user: &mut User| {
                let id = user.id;
                let factor = &mut user.access.second_factor;
                if !factor.has_totp() {
                    return Err(FactorError::NotOn);
                }
                if !factor.prove(&this.world.key, id, &proof, now)? {
                    return Err(FactorError::WrongCode);
                }
                factor.forget_totp();
                user.end_sessions();
                Ok(())
            };
            let (user, ()) = this.guarded(&caller, change).await?;
            this.switched(&caller, &user, FactorMethod::Totp, false, &client)
                .await
        })
        .await
    }
}
