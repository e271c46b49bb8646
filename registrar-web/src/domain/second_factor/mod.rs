//! What a login asks for after the password: a code of an authenticator, or one that was mailed, or
//! one of the codes that were written down for the day when neither is at hand.

mod challenge;
#[cfg(test)]
mod fixture;
mod notice;
mod recovery;
mod totp;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::{Role, TokenDigest, User, UserId, VerificationKey};
use totp::{PendingTotp, Totp};

pub use challenge::{Answered, Challenge, ChallengeId, ChallengeToken, login_code};
pub use notice::{FactorNews, FactorNotice};
pub use recovery::RecoveryCode;
pub use totp::{SealedSecret, TotpSecret, Unreadable};

/// How the second factor is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorMethod {
    /// A code of an authenticator (RFC 6238).
    Totp,
    /// A code that is mailed.
    Email,
}

impl FactorMethod {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Totp => "totp",
            Self::Email => "email",
        }
    }
}

/// What the community asks of its members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FactorPolicy {
    /// Who has one of these roles is asked for a second factor, whether they switched one on or not.
    pub required: Vec<Role>,
}

/// What a login of this member asks for after the password; `None` when for nothing more.
///
/// Who has an authenticator is asked for its code, whatever the organisation prefers: whoever runs one
/// can't make a mailbox enough to get into its members' accounts. An organisation that prefers a second
/// factor asks all its members for one. Who must show something and has no authenticator gets a code by
/// mail.
#[must_use]
pub fn second_factor_of(
    user: &User,
    policy: &FactorPolicy,
    organisation_preference: Option<FactorMethod>,
) -> Option<FactorMethod> {
    let factor = &user.access.second_factor;
    let is_required = policy.required.contains(&user.role);
    let own = match (factor.has_totp(), factor.by_mail || is_required) {
        (true, _) => Some(FactorMethod::Totp),
        (false, true) => Some(FactorMethod::Email),
        (false, false) => None,
    };
    match organisation_preference {
        Some(_) if factor.has_totp() => Some(FactorMethod::Totp),
        Some(_) => Some(FactorMethod::Email),
        None => own,
    }
}

/// A member's second factor, and the logins that wait for it. One record, so that a code is used up
/// and its login let in by one compare-and-swap.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SecondFactor {
    /// The authenticator that is in use.
    totp: Option<Totp>,
    /// One that was set up and not shown to work yet.
    pending: Option<PendingTotp>,
    /// Whether the member wants codes by mail.
    by_mail: bool,
    /// Codes that were written down and not used.
    recovery: Vec<TokenDigest>,
    /// Logins that wait.
    challenges: Vec<Challenge>,
}

/// What was typed, wiped when dropped.
pub enum Proof {
    /// A code of the authenticator or of the mail.
    Code(Zeroizing<String>),
    /// One of those that were written down.
    Recovery(Zeroizing<String>),
}

/// Why an authenticator is not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unconfirmed {
    /// None was set up, or too long ago.
    NothingPending,
    /// The code is another one.
    WrongCode,
    /// Its secret can't be read.
    Unreadable,
}

impl SecondFactor {
    /// Whether an authenticator is in use.
    #[must_use]
    pub fn has_totp(&self) -> bool {
        self.totp.is_some()
    }

    /// Whether the member wants codes by mail.
    #[must_use]
    pub fn is_by_mail(&self) -> bool {
        self.by_mail
    }

    /// How many of the codes that were written down are left.
    #[must_use]
    pub fn recovery_left(&self) -> usize {
        self.recovery.len()
    }

    /// Keeps an authenticator's secret until it is shown to work; one that was set up before is
    /// forgotten.
    pub fn set_up(&mut self, secret: SealedSecret, expires_at: Timestamp) {
        self.pending = Some(PendingTotp { secret, expires_at });
    }

    /// Takes an authenticator that was set up into use, by a code of it. That code is used then.
    ///
    /// # Errors
    /// See [`Unconfirmed`].
    pub fn confirm(
        &mut self,
        key: &VerificationKey,
        user: UserId,
        typed: &str,
        now: Timestamp,
    ) -> Result<(), Unconfirmed> {
        let pending = self.pending.as_ref().filter(|p| now < p.expires_at);
        let pending = pending.ok_or(Unconfirmed::NothingPending)?;
        let secret = pending.secret.open(key, user);
        let secret = secret.map_err(|Unreadable| Unconfirmed::Unreadable)?;
        let step = secret.matching_step(typed, now);
        let step = step.ok_or(Unconfirmed::WrongCode)?;
        self.totp = Some(Totp::new(pending.secret.clone(), step));
        self.pending = None;
        Ok(())
    }

    /// Puts other codes in the place of those that were written down.
    pub fn replace_recovery(&mut self, codes: &[RecoveryCode]) {
        self.recovery = codes.iter().map(RecoveryCode::digest).collect();
    }

    /// Switches the authenticator off.
    pub fn forget_totp(&mut self) {
        self.totp = None;
        self.pending = None;
        self.drop_idle_codes();
    }

    /// Switches mailed codes on or off.
    pub fn set_by_mail(&mut self, on: bool) {
        self.by_mail = on;
        self.drop_idle_codes();
    }

    /// Codes of an old time must not come to life when a factor is switched on again.
    fn drop_idle_codes(&mut self) {
        if !self.has_totp() && !self.by_mail {
            self.recovery.clear();
        }
    }

    /// Whether that is a code of the authenticator, or one that was written down; it is used then.
    ///
    /// # Errors
    /// The authenticator's secret can't be read.
    pub fn prove(
        &mut self,
        key: &VerificationKey,
        user: UserId,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<bool, Unreadable> {
        match proof {
            Proof::Recovery(typed) => Ok(self.take_recovery(typed)),
            Proof::Code(typed) => match &mut self.totp {
                Some(totp) => totp.take(key, user, typed, now),
                None => Ok(false),
            },
        }
    }

    /// Whether that is one of the codes that were written down; it is used then.
    fn take_recovery(&mut self, typed: &str) -> bool {
        let Some(digest) = RecoveryCode::parse(typed).map(|code| code.digest()) else {
            return false;
        };
        let before = self.recovery.len();
        self.recovery.retain(|kept| !kept.is(&digest));
        self.recovery.len() < before
    }
}

/// What people type of a code: without the spaces and dashes that it is shown with.
fn typed_digits(typed: &str) -> Zeroizing<String> {
    let kept = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    Zeroizing::new(kept.collect())
}

#[cfg(test)]
mod tests {
    use super::fixture::{at, code_at, key, user};
    use super::*;

    /// Someone with an authenticator, whose secret is 20 times that byte.
    fn with_totp(byte: u8) -> User {
        let mut user = user();
        let secret = TotpSecret::new([byte; 20]);
        let sealed = secret.seal(&key(), user.id, [1; 12]).unwrap();
        let factor = &mut user.access.second_factor;
        factor.set_up(sealed, at(2000));
        factor
            .confirm(&key(), user.id, &code_at(&secret, at(1000)), at(1000))
            .unwrap();
        user
    }

    #[test]
    fn an_authenticator_is_never_passed_over_and_else_organisation_member_and_role_decide() {
        use FactorMethod::{Email, Totp};
        let none = FactorPolicy::default();
        let all = FactorPolicy {
            required: Role::ALL.to_vec(),
        };
        let plain = user();
        let mut by_mail = user();
        by_mail.access.second_factor.set_by_mail(true);
        let mut both = with_totp(1);
        both.access.second_factor.set_by_mail(true);
        for (who, policy, preference, want) in [
            (&plain, &none, None, None),
            (&plain, &all, None, Some(Email)),
            (&plain, &none, Some(Email), Some(Email)),
            (&plain, &none, Some(Totp), Some(Email)),
            (&by_mail, &none, None, Some(Email)),
            (&by_mail, &none, Some(Totp), Some(Email)),
            (&both, &none, None, Some(Totp)),
            (&both, &all, None, Some(Totp)),
            (&both, &none, Some(Totp), Some(Totp)),
            (&both, &none, Some(Email), Some(Totp)),
            (&with_totp(1), &none, None, Some(Totp)),
        ] {
            assert_eq!(second_factor_of(who, policy, preference), want);
        }
    }

    #[test]
    fn a_role_is_required_by_name_and_no_other_with_it() {
        let policy = FactorPolicy {
            required: vec![Role::SuperAdmin],
        };
        for role in Role::ALL {
            let mut who = user();
            who.role = role;
            let asked = second_factor_of(&who, &policy, None);
            assert_eq!(asked.is_some(), role == Role::SuperAdmin, "{role:?}");
        }
    }

    #[test]
    fn an_authenticator_is_in_use_once_a_code_of_it_was_shown_in_time() {
        let mut user = user();
        let (id, secret) = (user.id, TotpSecret::new([3; 20]));
        let sealed = secret.seal(&key(), id, [1; 12]).unwrap();
        let factor = &mut user.access.second_factor;
        let code = code_at(&secret, at(1000));
        let confirm = |f: &mut SecondFactor, code: &str, now| f.confirm(&key(), id, code, now);
        assert_eq!(
            confirm(factor, &code, at(1000)),
            Err(Unconfirmed::NothingPending)
        );
        factor.set_up(sealed, at(1600));
        assert_eq!(confirm(factor, "", at(1000)), Err(Unconfirmed::WrongCode));
        assert!(!factor.has_totp());
        let late = code_at(&secret, at(1600));
        assert_eq!(
            confirm(factor, &late, at(1600)),
            Err(Unconfirmed::NothingPending)
        );
        assert_eq!(confirm(factor, &code, at(1000)), Ok(()));
        assert!(factor.has_totp());
        // The code that confirmed it lets nobody in.
        let again = Proof::Code(Zeroizing::new(code));
        assert_eq!(factor.prove(&key(), id, &again, at(1001)), Ok(false));
    }

    #[test]
    fn written_codes_end_with_the_last_factor() {
        let mut user = with_totp(1);
        let factor = &mut user.access.second_factor;
        factor.set_by_mail(true);
        factor.replace_recovery(&[RecoveryCode::new([1; 10])]);
        factor.forget_totp();
        assert_eq!(factor.recovery_left(), 1);
        factor.set_by_mail(false);
        assert_eq!(factor.recovery_left(), 0);
    }

    #[test]
    fn a_record_without_the_field_is_one_without_a_second_factor() {
        let old: crate::domain::Access =
            serde_json::from_str(r#"{"epoch":3,"last_login_at":null}"#).unwrap();
        assert_eq!(old.second_factor, SecondFactor::default());
    }
}
