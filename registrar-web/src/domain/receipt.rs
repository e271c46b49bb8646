//! The private side of a registration: what its own person may still mend.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{
    Email, Registration, RegistrationId, Review, SshPublicKey, Stage, Verification, VerificationKey,
};

/// Opens the receipt of a registration: its id, and what the service's key makes of it, as 64
/// characters of base64url. Nothing of it lies in the store.
#[derive(Clone, PartialEq, Eq)]
pub struct ReceiptToken(Zeroizing<String>);

/// Why something can't be mended any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MendError {
    /// The registration is not under way.
    #[error("this registration has ended; nothing of it can be changed any more")]
    Ended,
    /// The address was right.
    #[error("this address is verified; it can be changed once the account works")]
    Proven,
    /// The account is being opened at this moment.
    #[error("your account is being opened; change its keys once you can log in")]
    TooLate,
    /// Mails were asked for too often.
    #[error(
        "a mail was sent a moment ago, or five in all; wait a minute, or sign up anew when the time to verify is over"
    )]
    TooOften,
}

impl ReceiptToken {
    /// The one of that registration.
    #[must_use]
    pub fn of(key: &VerificationKey, id: RegistrationId) -> Self {
        let mut bytes = Zeroizing::new([0; 48]);
        let (head, tail) = bytes.split_at_mut(16);
        head.copy_from_slice(id.uuid().as_bytes());
        tail.copy_from_slice(&key.derive(b"receipt", id.uuid(), ""));
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes)))
    }

    /// Which registration a text opens; `None` for any text that is not its token.
    #[must_use]
    pub fn opens(key: &VerificationKey, text: &str) -> Option<RegistrationId> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let id = uuid::Uuid::from_slice(bytes.get(..16)?).ok()?;
        let id = RegistrationId::new(id);
        let right = Self::of(key, id);
        let is_right: bool = right.0.as_bytes().ct_eq(text.as_bytes()).into();
        is_right.then_some(id)
    }

    /// The token, for who registers alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ReceiptToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceiptToken(redacted)")
    }
}

impl Registration {
    /// Whether the address can be another one.
    ///
    /// # Errors
    /// Why it can't.
    pub fn may_change_address(&self) -> Result<(), MendError> {
        match self.stage {
            Stage::Running if self.address_is_proven() => Err(MendError::Proven),
            Stage::Running => Ok(()),
            _ => Err(MendError::Ended),
        }
    }

    /// Whether the keys can be others.
    ///
    /// # Errors
    /// Why they can't.
    pub fn may_change_keys(&self) -> Result<(), MendError> {
        match self.stage {
            Stage::Running if self.is_being_completed() => Err(MendError::TooLate),
            Stage::Running => Ok(()),
            _ => Err(MendError::Ended),
        }
    }

    /// Takes another address. What proves the old one is of no use from then on; `proof` is the new
    /// one, where one was out. The deadline stays, and so do the resends that are left. Who was approved
    /// waits for the reviewers again, who saw the old one.
    ///
    /// # Errors
    /// Why it can't be changed.
    pub fn change_address(
        &mut self,
        email: Email,
        proof: Option<Verification>,
        now: Timestamp,
    ) -> Result<(), MendError> {
        self.may_change_address()?;
        self.email = email;
        // What was approved was someone with the other address.
        if matches!(self.review, Review::Approved { .. }) {
            self.review = Review::Waiting { since: now };
        }
        if let (Some(old), Some(mut new)) = (&self.verification, proof) {
            new.resends = old.resends.saturating_add(1);
            self.verification = Some(new);
        }
        self.mail_trouble = None;
        self.work.settle(Some(now));
        self.updated_at = now;
        Ok(())
    }

    /// Takes other keys in place of the ones that it has.
    ///
    /// # Errors
    /// Why they can't be changed.
    pub fn change_keys(
        &mut self,
        keys: Vec<SshPublicKey>,
        now: Timestamp,
    ) -> Result<(), MendError> {
        self.may_change_keys()?;
        self.ssh_keys = keys;
        self.updated_at = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u128) -> RegistrationId {
        RegistrationId::new(uuid::Uuid::from_u128(n))
    }

    #[test]
    fn a_receipt_opens_its_own_registration_and_no_other() {
        let key = VerificationKey::new([7; 32]);
        let token = ReceiptToken::of(&key, id(5));
        assert_eq!(token.expose().len(), 64);
        assert_eq!(ReceiptToken::opens(&key, token.expose()), Some(id(5)));
        let other_key = VerificationKey::new([8; 32]);
        assert_eq!(ReceiptToken::opens(&other_key, token.expose()), None);
        // The id of another registration with this one's proof.
        let other = ReceiptToken::of(&key, id(6));
        let spliced = format!("{}{}", &other.expose()[..22], &token.expose()[22..]);
        assert_eq!(ReceiptToken::opens(&key, &spliced), None);
        for text in [
            "",
            "x",
            &token.expose()[1..],
            &format!("{}A", token.expose()),
        ] {
            assert_eq!(ReceiptToken::opens(&key, text), None, "{text}");
        }
    }
}
