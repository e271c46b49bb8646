use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use data_encoding::BASE32_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::{UserId, VerificationKey, typed_digits};

/// Seconds of a time step (RFC 6238, 5.2).
const STEP: u64 = 30;
/// How many steps a clock may be off, either way.
const SKEW: u64 = 1;
/// Bytes of a secret: as many as the hash has (RFC 4226, 4).
const BYTES: usize = 20;
/// Six digits.
const MODULUS: u32 = 1_000_000;
/// What stands for itself in a URI (RFC 3986, 2.3); the rest is escaped.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a member's authenticator and the service share: 160 bits, for HMAC-SHA-1, six digits and
/// steps of 30 s, which is what every authenticator knows.
#[derive(Clone, PartialEq, Eq)]
pub struct TotpSecret(Zeroizing<[u8; BYTES]>);

/// A secret as it is kept: nonce and AES-256-GCM of it under a key that is derived from the
/// service's own for this member, in base64. The member's id is bound to it, so that it can't be
/// moved into another member's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedSecret(String);

/// A secret was sealed with another key, for another member, or is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an authenticator's secret can't be opened with this verification.key")]
pub struct Unreadable;

/// An authenticator in use.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Totp {
    secret: SealedSecret,
    /// The latest step whose code was taken; none up to it is taken again (RFC 6238, 5.2).
    last_step: u64,
}

/// An authenticator that was set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PendingTotp {
    pub(super) secret: SealedSecret,
    pub(super) expires_at: Timestamp,
}

impl TotpSecret {
    /// Wraps 20 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The 31 bits that a code is made of (RFC 4226, 5.3).
    fn truncated(&self, step: u64) -> u32 {
        // HMAC pads a key to the hash's block with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; 64]);
        block[..BYTES].copy_from_slice(&*self.0);
        let mut mac = Hmac::<Sha1>::new(&(*block).into());
        mac.update(&step.to_be_bytes());
        let digest = mac.finalize().into_bytes();
        let offset = usize::from(digest.last().copied().unwrap_or_default() & 0x0f);
        let word = digest.get(offset..).and_then(|d| d.first_chunk::<4>());
        u32::from_be_bytes(word.copied().unwrap_or_default()) & 0x7fff_ffff
    }

    pub(super) fn code(&self, step: u64) -> Zeroizing<String> {
        Zeroizing::new(format!("{:06}", self.truncated(step) % MODULUS))
    }

    /// The step of which that is the code, if it is one of now or of the step before or after.
    #[must_use]
    pub fn matching_step(&self, typed: &str, now: Timestamp) -> Option<u64> {
        let typed = typed_digits(typed);
        let present = u64::try_from(now.as_second()).unwrap_or_default() / STEP;
        let mut found = None;
        // All of them, whichever it is: the time tells nothing.
        for step in present.saturating_sub(SKEW)..=present.saturating_add(SKEW) {
            if bool::from(self.code(step).as_bytes().ct_eq(typed.as_bytes())) {
                found = Some(step);
            }
        }
        found
    }

    /// The secret to be typed into an authenticator: base32 (RFC 4648) in groups of four.
    #[must_use]
    pub fn manual_key(&self) -> Zeroizing<String> {
        let text = self.base32();
        let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
        Zeroizing::new(groups.collect::<Vec<_>>().join(" "))
    }

    /// The address that authenticators read from a QR code.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Zeroizing<String> {
        // A colon separates the two.
        let clean = |text: &str| text.replace(':', " ");
        let (issuer, account) = (clean(issuer), clean(account));
        let issuer = utf8_percent_encode(&issuer, ESCAPED);
        let account = utf8_percent_encode(&account, ESCAPED);
        Zeroizing::new(format!(
            "otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP}",
            *self.base32(),
        ))
    }

    fn base32(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&*self.0))
    }

    /// Encrypts it for the member's record. The nonce is random and never used again.
    ///
    /// # Errors
    /// The library refuses.
    pub fn seal(
        &self,
        key: &VerificationKey,
        user: UserId,
        nonce: [u8; NONCE_LEN],
    ) -> Result<SealedSecret, Unreadable> {
        // With room for the tag, so that no copy is left behind.
        let mut text = Zeroizing::new(Vec::with_capacity(BYTES + AES_256_GCM.tag_len()));
        text.extend_from_slice(&*self.0);
        sealing_key(key, user)?
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(user.uuid().as_bytes()),
                &mut *text,
            )
            .map_err(|_| Unreadable)?;
        let whole = [&nonce[..], &text].concat();
        Ok(SealedSecret(STANDARD_NO_PAD.encode(whole)))
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(redacted)")
    }
}

impl SealedSecret {
    /// Decrypts it.
    ///
    /// # Errors
    /// It was sealed with another key or for another member, or is damaged.
    pub fn open(&self, key: &VerificationKey, user: UserId) -> Result<TotpSecret, Unreadable> {
        let whole = STANDARD_NO_PAD.decode(&self.0).map_err(|_| Unreadable)?;
        let (nonce, text) = whole.split_first_chunk().ok_or(Unreadable)?;
        let mut text = Zeroizing::new(text.to_vec());
        let open = sealing_key(key, user)?.open_in_place(
            Nonce::assume_unique_for_key(*nonce),
            Aad::from(user.uuid().as_bytes()),
            &mut text,
        );
        let open: &[u8] = open.map_err(|_| Unreadable)?;
        open.try_into().map(TotpSecret::new).map_err(|_| Unreadable)
    }
}

fn sealing_key(key: &VerificationKey, user: UserId) -> Result<LessSafeKey, Unreadable> {
    let bytes = Zeroizing::new(key.derive(b"totp-secret", user.uuid(), ""));
    let key = UnboundKey::new(&AES_256_GCM, &*bytes).map_err(|_| Unreadable)?;
    Ok(LessSafeKey::new(key))
}

impl Totp {
    pub(super) fn new(secret: SealedSecret, last_step: u64) -> Self {
        Self { secret, last_step }
    }

    /// Whether that is a code that can be taken; its step is used then.
    pub(super) fn take(
        &mut self,
        key: &VerificationKey,
        user: UserId,
        typed: &str,
        now: Timestamp,
    ) -> Result<bool, Unreadable> {
        let secret = self.secret.open(key, user)?;
        let step = secret.matching_step(typed, now);
        let Some(step) = step.filter(|step| *step > self.last_step) else {
            return Ok(false);
        };
        self.last_step = step;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::fixture::{at, code_at, id, key};
    use super::*;

    fn rfc() -> TotpSecret {
        TotpSecret::new(*b"12345678901234567890")
    }

    #[test]
    fn codes_are_those_of_rfc_6238_appendix_b() {
        for (second, code) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000_u64, 65_353_130),
        ] {
            let truncated = rfc().truncated(second / 30);
            assert_eq!(truncated % 100_000_000, code, "{second}");
            assert_eq!(*rfc().code(second / 30), format!("{:06}", code % 1_000_000));
        }
    }

    #[test]
    fn codes_are_those_of_rfc_4226_appendix_d() {
        let codes = [
            "755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583",
            "399871", "520489",
        ];
        for (count, code) in (0..).zip(codes) {
            assert_eq!(*rfc().code(count), code);
        }
    }

    #[test]
    fn a_clock_may_be_a_step_off_and_no_more() {
        let now = at(1_111_111_109);
        let present = u64::try_from(now.as_second()).unwrap() / STEP;
        for (off, is_taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let step = present.checked_add_signed(off).unwrap();
            let found = rfc().matching_step(&rfc().code(step), now);
            assert_eq!(found, is_taken.then_some(step), "{off}");
        }
        assert_eq!(rfc().matching_step(" 081-804 ", now), Some(present));
        for wrong in ["", "81804", "0818040", "۰۸۱۸۰۴", "081805"] {
            assert_eq!(rfc().matching_step(wrong, now), None, "{wrong}");
        }
        // Before 1970 there is no step before the first.
        assert_eq!(rfc().matching_step("755224", at(-5)), Some(0));
    }

    #[test]
    fn no_step_is_taken_twice_nor_one_before_it() {
        let sealed = rfc().seal(&key(), id(1), [1; 12]).unwrap();
        let mut totp = Totp::new(sealed, 0);
        let mut take = |second: i64, now: i64| {
            let code = code_at(&rfc(), at(second));
            totp.take(&key(), id(1), &code, at(now)).unwrap()
        };
        assert!(take(1000, 1000));
        assert!(!take(1000, 1000), "the same");
        assert!(!take(980, 1000), "the one before");
        assert!(take(1030, 1000), "the one after");
        assert!(!take(1000, 1030), "the first again");
        assert!(take(1060, 1060));
    }

    #[test]
    fn the_address_and_the_key_to_type_are_what_authenticators_read() {
        let uri = rfc().uri("Tilde: Süd", "ada@tilde.example");
        assert_eq!(
            *uri,
            "otpauth://totp/Tilde%20%20S%C3%BCd:ada%40tilde.example?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tilde%20%20S%C3%BCd&algorithm=SHA1&digits=6&period=30"
        );
        assert_eq!(
            *rfc().manual_key(),
            "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
        );
    }

    #[test]
    fn a_sealed_secret_opens_for_its_member_with_its_key_and_for_nobody_else() {
        let sealed = rfc().seal(&key(), id(1), [9; 12]).unwrap();
        assert_eq!(sealed.open(&key(), id(1)), Ok(rfc()));
        assert_eq!(sealed.open(&key(), id(2)), Err(Unreadable));
        let other = VerificationKey::new([8; 32]);
        assert_eq!(sealed.open(&other, id(1)), Err(Unreadable));
        let another = rfc().seal(&key(), id(1), [8; 12]).unwrap();
        assert_ne!(sealed, another);
        assert_eq!(format!("{:?}", rfc()), "TotpSecret(redacted)");
    }

    proptest! {
        #[test]
        fn what_was_tampered_with_does_not_open(at in 0..48_usize, bit in 0..8_u8) {
            let sealed = rfc().seal(&key(), id(1), [9; 12]).unwrap();
            let mut bytes = STANDARD_NO_PAD.decode(&sealed.0).unwrap();
            prop_assert_eq!(bytes.len(), 48);
            bytes[at] ^= 1 << bit;
            let changed = SealedSecret(STANDARD_NO_PAD.encode(bytes));
            prop_assert_eq!(changed.open(&key(), id(1)), Err(Unreadable));
        }

        #[test]
        fn nothing_that_is_stored_makes_it_panic(text in ".{0,80}") {
            prop_assert_eq!(SealedSecret(text).open(&key(), id(1)), Err(Unreadable));
        }
    }
}
