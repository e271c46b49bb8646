use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{FactorMethod, Proof, Unreadable};
use crate::domain::{TokenDigest, User, UserId, VerificationCode, VerificationKey};

/// Names a login that waits for its second factor.
pub type ChallengeId = Uuid;

/// How long a login waits.
const LASTS: SignedDuration = SignedDuration::from_mins(10);
/// How many wrong codes it takes.
const TRIES: u8 = 5;
/// Logins of one member that may wait at once; one more ends the oldest.
const MOST: usize = 10;
/// What the tokens begin with, so that scanners of leaked secrets know them.
const PREFIX: &str = "crc_";
/// Bytes of a token: member, challenge, secret.
const BYTES: usize = 16 + 16 + 32;

/// A login whose password was right and which waits for the second factor. It ends with its
/// time, with its tries, and with the member's [`crate::domain::Access::epoch`], which a change of
/// the password moves on, too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Names it.
    pub id: ChallengeId,
    /// What it waits for.
    pub method: FactorMethod,
    /// Of its token.
    token: TokenDigest,
    /// The member's when it began.
    epoch: u64,
    /// When it began.
    pub issued_at: Timestamp,
    /// When it lapses.
    pub expires_at: Timestamp,
    tries_left: u8,
}

/// Says whose login it is, and proves that its password was right: `crc_` and 86 characters of
/// base64url.
#[derive(Clone, PartialEq, Eq)]
pub struct ChallengeToken(Zeroizing<String>);

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    /// It is right; the challenge is over.
    Right,
    /// It is wrong; so many tries are left, and with none the challenge is over.
    Wrong {
        /// Tries left.
        tries_left: u8,
    },
    /// The challenge waits for another kind of code; nothing was used up.
    OtherMethod(FactorMethod),
    /// There is no such challenge any more.
    Gone,
}

impl ChallengeToken {
    /// Parses what a client sent; `None` for anything that can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (bytes.len() == BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// Whose login it says to be.
    #[must_use]
    pub fn user(&self) -> UserId {
        UserId::new(self.part(0))
    }

    /// The challenge that it names.
    #[must_use]
    pub fn challenge(&self) -> ChallengeId {
        self.part(16)
    }

    fn part(&self, at: usize) -> Uuid {
        let decoded = URL_SAFE_NO_PAD.decode(self.0.get(PREFIX.len()..).unwrap_or_default());
        let bytes = Zeroizing::new(decoded.unwrap_or_default());
        let id = bytes
            .get(at..at + 16)
            .and_then(|b| Uuid::from_slice(b).ok());
        id.unwrap_or_default()
    }

    /// The token, for its client alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ChallengeToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChallengeToken(redacted)")
    }
}

/// The code that is mailed for a challenge. It is derived from the service's key, so that it does
/// not lie in the store and a mail that has to be sent again carries the same one.
#[must_use]
pub fn login_code(key: &VerificationKey, challenge: ChallengeId) -> VerificationCode {
    VerificationCode::derive(key, b"login-code", challenge, "")
}

impl Challenge {
    /// Whether it is still one of this member.
    fn is_open(&self, user: &User, now: Timestamp) -> bool {
        now < self.expires_at && self.epoch == user.access.epoch
    }

    /// How long it lasts.
    #[must_use]
    pub fn lasts(&self) -> SignedDuration {
        self.expires_at.duration_since(self.issued_at)
    }
}

impl User {
    /// Begins to wait for the second factor of a login, whose password was right.
    pub fn challenge(
        &mut self,
        id: ChallengeId,
        secret: [u8; 32],
        method: FactorMethod,
        now: Timestamp,
    ) -> (Challenge, ChallengeToken) {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..16].copy_from_slice(self.id.uuid().as_bytes());
        bytes[16..32].copy_from_slice(id.as_bytes());
        bytes[32..].copy_from_slice(&secret);
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(*bytes));
        let token = ChallengeToken(Zeroizing::new(text));
        let challenge = Challenge {
            id,
            method,
            token: TokenDigest::of(&token.0),
            epoch: self.access.epoch,
            issued_at: now,
            expires_at: now + LASTS,
            tries_left: TRIES,
        };
        self.drop_closed_challenges(now);
        let waiting = &mut self.access.second_factor.challenges;
        while waiting.len() >= MOST {
            waiting.remove(0);
        }
        waiting.push(challenge.clone());
        (challenge, token)
    }

    /// The challenge of that token, if it still waits.
    #[must_use]
    pub fn waits_for(&self, token: &ChallengeToken, now: Timestamp) -> Option<&Challenge> {
        let (id, digest) = (token.challenge(), TokenDigest::of(&token.0));
        let mut waiting = self.access.second_factor.challenges.iter();
        waiting.find(|c| c.id == id && c.token.is(&digest) && c.is_open(self, now))
    }

    /// Judges an answer to a challenge, by a code of the method that was asked, or by one that was
    /// written down. A right one is used up, together with the challenge; a wrong one costs a try.
    ///
    /// # Errors
    /// The authenticator's secret can't be read.
    pub fn answer(
        &mut self,
        key: &VerificationKey,
        token: &ChallengeToken,
        asked: FactorMethod,
        proof: &Proof,
        now: Timestamp,
    ) -> Result<Answered, Unreadable> {
        let Some(&Challenge { id, method, .. }) = self.waits_for(token, now) else {
            return Ok(Answered::Gone);
        };
        let factor = &mut self.access.second_factor;
        let is_right = match proof {
            Proof::Code(_) if method != asked => return Ok(Answered::OtherMethod(method)),
            Proof::Code(typed) if method == FactorMethod::Email => {
                login_code(key, id).matches(typed)
            }
            _ => factor.prove(key, self.id, proof, now)?,
        };
        let mut tries_left = 0;
        factor.challenges.retain_mut(|c| {
            if c.id != id {
                return true;
            }
            c.tries_left = c.tries_left.saturating_sub(1);
            tries_left = c.tries_left;
            !is_right && tries_left > 0
        });
        Ok(if is_right {
            Answered::Right
        } else {
            Answered::Wrong { tries_left }
        })
    }

    fn drop_closed_challenges(&mut self, now: Timestamp) {
        let mut waiting = std::mem::take(&mut self.access.second_factor.challenges);
        waiting.retain(|c| c.is_open(self, now));
        self.access.second_factor.challenges = waiting;
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{at, key, user};
    use super::*;
    use crate::domain::{BcryptHash, RecoveryCode};

    fn code(text: &str) -> Proof {
        Proof::Code(Zeroizing::new(text.to_owned()))
    }

    fn mailed(user: &mut User, n: u128, now: Timestamp) -> (Challenge, ChallengeToken) {
        user.challenge(Uuid::from_u128(n), [9; 32], FactorMethod::Email, now)
    }

    fn answer(user: &mut User, token: &ChallengeToken, typed: &str, now: Timestamp) -> Answered {
        user.answer(&key(), token, FactorMethod::Email, &code(typed), now)
            .unwrap()
    }

    fn right(token: &ChallengeToken) -> String {
        login_code(&key(), token.challenge()).expose().to_owned()
    }

    #[test]
    fn a_right_code_ends_the_challenge() {
        let mut ada = user();
        let (_, token) = mailed(&mut ada, 1, at(0));
        let typed = right(&token);
        assert_eq!(answer(&mut ada, &token, &typed, at(599)), Answered::Right);
        assert_eq!(answer(&mut ada, &token, &typed, at(599)), Answered::Gone);
    }

    #[test]
    fn after_ten_minutes_another_password_or_a_sign_out_everywhere_it_is_gone() {
        let (mut ada, mut eve) = (user(), user());
        eve.access.epoch = 7;
        let (_, token) = mailed(&mut ada, 1, at(0));
        let typed = right(&token);
        let gone = |user: &User, now| {
            assert_eq!(
                answer(&mut user.clone(), &token, &typed, now),
                Answered::Gone
            );
        };
        gone(&ada, at(600));
        let mut changed = ada.clone();
        let hash = "$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
        changed.set_password(BcryptHash::parse(hash).unwrap(), true, at(1));
        gone(&changed, at(1));
        // Made anew at another cost, it is the same password.
        let mut upgraded = ada.clone();
        upgraded.password_hash = Some(BcryptHash::parse(hash).unwrap());
        assert_eq!(
            answer(&mut upgraded, &token, &typed, at(1)),
            Answered::Right
        );
        let mut elsewhere = ada.clone();
        elsewhere.end_sessions();
        gone(&elsewhere, at(1));
        mailed(&mut eve, 2, at(0));
        gone(&eve, at(1));
        assert_eq!(answer(&mut ada, &token, &typed, at(1)), Answered::Right);
    }

    #[test]
    fn five_wrong_codes_end_it_even_for_the_right_one() {
        let mut ada = user();
        let (_, token) = mailed(&mut ada, 1, at(0));
        for tries_left in (0..5).rev() {
            let wrong = Answered::Wrong { tries_left };
            assert_eq!(answer(&mut ada, &token, "nope", at(1)), wrong);
        }
        let typed = right(&token);
        assert_eq!(answer(&mut ada, &token, &typed, at(1)), Answered::Gone);
    }

    #[test]
    fn the_code_of_one_challenge_is_none_of_another() {
        let mut ada = user();
        let (_, one) = mailed(&mut ada, 1, at(0));
        let (_, two) = mailed(&mut ada, 2, at(0));
        let typed = right(&one);
        assert_ne!(typed, right(&two));
        let wrong = Answered::Wrong { tries_left: 4 };
        assert_eq!(answer(&mut ada, &two, &typed, at(1)), wrong);
        assert_eq!(answer(&mut ada, &one, &typed, at(1)), Answered::Right);
    }

    #[test]
    fn a_code_for_the_other_method_uses_nothing_up_and_a_written_one_is_taken_for_either() {
        let mut ada = user();
        let written = RecoveryCode::new([5; 10]);
        let factor = &mut ada.access.second_factor;
        factor.set_by_mail(true);
        factor.replace_recovery(std::slice::from_ref(&written));
        let (_, token) = mailed(&mut ada, 1, at(0));
        let before = ada.clone();
        let typed = code(&right(&token));
        let asked = FactorMethod::Totp;
        let other = ada.answer(&key(), &token, asked, &typed, at(1));
        assert_eq!(other, Ok(Answered::OtherMethod(FactorMethod::Email)));
        assert_eq!(ada, before);
        let written = Proof::Recovery(Zeroizing::new(written.expose()));
        let taken = ada.answer(&key(), &token, asked, &written, at(1));
        assert_eq!(taken, Ok(Answered::Right));
        let (_, token) = mailed(&mut ada, 2, at(0));
        let again = ada.answer(&key(), &token, asked, &written, at(1));
        assert_eq!(again, Ok(Answered::Wrong { tries_left: 4 }));
    }

    #[test]
    fn an_eleventh_login_that_waits_ends_the_first() {
        let mut ada = user();
        let tokens: Vec<_> = (1..=11).map(|n| mailed(&mut ada, n, at(0)).1).collect();
        let typed = right(&tokens[0]);
        assert_eq!(answer(&mut ada, &tokens[0], &typed, at(1)), Answered::Gone);
        let typed = right(&tokens[1]);
        assert_eq!(answer(&mut ada, &tokens[1], &typed, at(1)), Answered::Right);
    }

    #[test]
    fn another_secret_opens_nothing_and_the_record_holds_neither_token_nor_code() {
        let (mut ada, mut eve) = (user(), user());
        let (_, token) = mailed(&mut ada, 1, at(0));
        let (_, forged) = eve.challenge(Uuid::from_u128(1), [8; 32], FactorMethod::Email, at(0));
        let typed = right(&token);
        assert_eq!(answer(&mut ada, &forged, &typed, at(1)), Answered::Gone);
        let record = serde_json::to_string(&ada).unwrap();
        assert!(!record.contains(&token.expose()[PREFIX.len()..]));
        assert!(!record.contains(&typed));
        assert_eq!(format!("{token:?}"), "ChallengeToken(redacted)");
    }

    #[test]
    fn only_whole_tokens_parse() {
        let (_, token) = mailed(&mut user(), 1, at(0));
        let text = token.expose();
        assert_eq!(text.len(), 90);
        let parsed = ChallengeToken::parse(&format!(" {text}\n")).unwrap();
        assert_eq!(parsed.user(), user().id);
        assert_eq!(parsed.challenge(), Uuid::from_u128(1));
        for bad in ["", "crc_", &text[1..], &text[..89], &format!("{text}A")] {
            assert!(ChallengeToken::parse(bad).is_none(), "{bad}");
        }
    }
}
