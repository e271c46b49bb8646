use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::RegistrationId;

/// How many wrong codes are taken before the code is of no use any more.
const CODE_TRIES: u8 = 5;

/// The service's secret from which tokens and codes are derived, so that a mail that has to be
/// sent again carries the same ones and none of them ever lies in the store.
#[derive(Clone)]
pub struct VerificationKey(Zeroizing<[u8; 32]>);

/// The 256-bit secret in a link, as 43 characters of base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct VerificationToken(Zeroizing<String>);

/// SHA-256 of a token, in hexadecimal: what the store keeps.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenDigest(String);

/// Six digits, to be typed.
#[derive(Clone)]
pub struct VerificationCode(Zeroizing<String>);

/// The state of one proof of address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Makes tokens of one registration differ; random, no secret.
    nonce: String,
    /// What the store finds the registration by.
    pub token: TokenDigest,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// After this time neither token nor code is taken.
    pub expires_at: Timestamp,
    /// Wrong codes that are still allowed.
    pub tries_left: u8,
    /// How often the mail was asked for again.
    pub resends: u32,
    /// When the address was proven; from then on it can't be used again.
    pub used_at: Option<Timestamp>,
}

/// What became of a typed code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeCheck {
    /// It is the one.
    Right,
    /// It is not; so many tries are left.
    Wrong {
        /// Tries left.
        tries_left: u8,
    },
    /// Too many wrong ones: only a new mail helps.
    Exhausted,
    /// Expired or used.
    Gone,
}

impl VerificationKey {
    /// Wraps 32 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    pub(super) fn derive(&self, purpose: &[u8], id: uuid::Uuid, nonce: &str) -> [u8; 32] {
        // HMAC pads a key to the hash's block with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; 64]);
        block[..32].copy_from_slice(&*self.0);
        let mut mac = Hmac::<Sha256>::new(&(*block).into());
        mac.update(purpose);
        mac.update(id.as_bytes());
        mac.update(nonce.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationKey(redacted)")
    }
}

impl VerificationToken {
    /// Parses what stood in a link: 43 characters of base64url. `None` for anything else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        (URL_SAFE_NO_PAD.decode(text).ok()?.len() == 32)
            .then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Makes a token of 32 random bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    /// The token, for the mail alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for VerificationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationToken(redacted)")
    }
}

impl TokenDigest {
    /// Of a secret text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let digest = Sha256::digest(text.as_bytes());
        Self(digest.iter().map(|b| format!("{b:02x}")).collect())
    }

    /// Whether both are of the same text, in constant time.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }

    /// The digest in hexadecimal.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl VerificationCode {
    /// Six digits that the service's key gives for that purpose and record.
    pub(super) fn derive(
        key: &VerificationKey,
        purpose: &[u8],
        id: uuid::Uuid,
        nonce: &str,
    ) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = key.derive(purpose, id, nonce);
        let number = u64::from_be_bytes([a, b, c, d, e, f, g, h]) % 1_000_000;
        Self(Zeroizing::new(format!("{number:06}")))
    }

    /// Whether that is the code, in constant time; people type the spaces that mails show.
    pub(super) fn matches(&self, typed: &str) -> bool {
        let typed: String = typed
            .chars()
            .filter(|c| !c.is_whitespace() && *c != '-')
            .collect();
        self.0.as_bytes().ct_eq(typed.as_bytes()).into()
    }

    /// The code, for the mail alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VerificationCode(redacted)")
    }
}

impl Verification {
    /// Issues a proof of address.
    #[must_use]
    pub fn issue(
        key: &VerificationKey,
        id: RegistrationId,
        random: [u8; 16],
        issued_at: Timestamp,
        expires_at: Timestamp,
    ) -> Self {
        let nonce = URL_SAFE_NO_PAD.encode(random);
        let token = token(key, id, &nonce).digest();
        Self {
            nonce,
            token,
            issued_at,
            expires_at,
            tries_left: CODE_TRIES,
            resends: 0,
            used_at: None,
        }
    }

    /// The token of this proof.
    #[must_use]
    pub fn token(&self, key: &VerificationKey, id: RegistrationId) -> VerificationToken {
        token(key, id, &self.nonce)
    }

    /// The code of this proof.
    #[must_use]
    pub fn code(&self, key: &VerificationKey, id: RegistrationId) -> VerificationCode {
        VerificationCode::derive(key, b"code", id.uuid(), &self.nonce)
    }

    /// Whether token and code are of use.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.used_at.is_none() && now < self.expires_at
    }

    /// Judges a typed code in constant time; a wrong one costs a try.
    pub fn check_code(
        &mut self,
        key: &VerificationKey,
        id: RegistrationId,
        typed: &str,
        now: Timestamp,
    ) -> CodeCheck {
        if !self.is_open(now) {
            return CodeCheck::Gone;
        }
        if self.tries_left == 0 {
            return CodeCheck::Exhausted;
        }
        if self.code(key, id).matches(typed) {
            return CodeCheck::Right;
        }
        self.tries_left -= 1;
        match self.tries_left {
            0 => CodeCheck::Exhausted,
            tries_left => CodeCheck::Wrong { tries_left },
        }
    }

    /// What distinguishes the mails of one proof: a resend is a mail of its own.
    #[must_use]
    pub fn mail_key(&self, id: RegistrationId) -> String {
        format!("verify-email:{id}:{}:{}", self.nonce, self.resends)
    }
}

fn token(key: &VerificationKey, id: RegistrationId, nonce: &str) -> VerificationToken {
    VerificationToken::from_bytes(key.derive(b"token", id.uuid(), nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture() -> (VerificationKey, RegistrationId, Verification) {
        let key = VerificationKey::new([7; 32]);
        let id = RegistrationId::new(uuid::Uuid::from_u128(1));
        let at = Timestamp::UNIX_EPOCH;
        let v = Verification::issue(
            &key,
            id,
            [1; 16],
            at,
            at + jiff::SignedDuration::from_hours(24),
        );
        (key, id, v)
    }

    #[test]
    fn a_mail_that_is_made_twice_carries_the_same_token_and_the_record_holds_neither() {
        let (key, id, v) = fixture();
        assert_eq!(v.token(&key, id), v.token(&key, id));
        assert_eq!(v.token(&key, id).digest(), v.token);
        let record = serde_json::to_string(&v).unwrap();
        assert!(!record.contains(v.token(&key, id).expose()));
        assert!(!record.contains(v.code(&key, id).expose()));
    }

    #[test]
    fn another_nonce_or_registration_gives_another_token_and_code() {
        let (key, id, v) = fixture();
        let w = Verification::issue(&key, id, [2; 16], v.issued_at, v.expires_at);
        assert_ne!(v.token, w.token);
        let other = RegistrationId::new(uuid::Uuid::from_u128(2));
        assert_ne!(v.token(&key, id), v.token(&key, other));
    }

    #[test]
    fn five_wrong_codes_close_the_code_even_for_the_right_one() {
        let (key, id, mut v) = fixture();
        let at = v.issued_at;
        for left in (1..5).rev() {
            assert_eq!(
                v.check_code(&key, id, "nope", at),
                CodeCheck::Wrong { tries_left: left }
            );
        }
        assert_eq!(v.check_code(&key, id, "nope", at), CodeCheck::Exhausted);
        let right = v.code(&key, id).expose().to_owned();
        assert_eq!(v.check_code(&key, id, &right, at), CodeCheck::Exhausted);
    }

    #[test]
    fn the_right_code_is_taken_with_spaces_and_not_after_a_day() {
        let (key, id, mut v) = fixture();
        let code = v.code(&key, id).expose().to_owned();
        let spaced = format!(" {} {}", &code[..3], &code[3..]);
        assert_eq!(
            v.check_code(&key, id, &spaced, v.issued_at),
            CodeCheck::Right
        );
        assert_eq!(v.check_code(&key, id, &code, v.expires_at), CodeCheck::Gone);
    }

    #[test]
    fn only_whole_tokens_parse() {
        let (key, id, v) = fixture();
        let text = v.token(&key, id).expose().to_owned();
        assert!(VerificationToken::parse(&text).is_some());
        assert!(VerificationToken::parse(&text[1..]).is_none());
        assert!(VerificationToken::parse(&format!("{text}x")).is_none());
        assert!(VerificationToken::parse("").is_none());
    }
}
