mod page;
mod program;
mod refresh;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::{TokenDigest, User, UserId};

pub use page::{FormToken, PageToken};
pub use refresh::{RefreshKey, RefreshToken};

/// Names a session; the claim `sid` of its access tokens.
pub type SessionId = Uuid;

/// How long a spent refresh token brings the same answer again, for clients that lost the reply or
/// ask twice at once.
const REPLAY: SignedDuration = SignedDuration::from_secs(10);

/// One login on one device, and the family of refresh tokens that descend from it: each one is
/// spent by asking for the next.
///
/// The store has the SHA-256 of the present token. The token itself is derived from the service's
/// key, the session's random nonce and a counter, so the answer to a lost reply can be given again
/// without keeping it, and a spent token is known as genuine however old it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Names it.
    pub id: SessionId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// Whose.
    pub user: UserId,
    /// The member's [`super::Access::epoch`] when it began; once that has moved on, it is over.
    pub epoch: u64,
    /// Makes tokens of one session differ from those of others; random, no secret by itself.
    nonce: String,
    /// How often a token was spent.
    generation: u32,
    /// The token that can be spent.
    present: TokenDigest,
    /// The one that was spent last.
    spent: Option<Spent>,
    /// From where it was begun.
    pub began: Origin,
    /// From where a token was spent last.
    pub latest: Origin,
    /// When the present token lapses.
    pub expires_at: Timestamp,
    /// How it ended, if it did before that.
    pub ended: Option<Ended>,
    /// What opens it.
    #[serde(default)]
    kind: Kind,
}

/// What a session is opened by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    /// Tokens for programs.
    #[default]
    Tokens,
    /// A cookie, for pages.
    Pages,
}

/// A spent token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Spent {
    token: TokenDigest,
    at: Timestamp,
}

/// When, from where and with what someone came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// When.
    pub at: Timestamp,
    /// The client's address: IPv4, or the /64 of an IPv6 one.
    pub address: String,
    /// What the program calls itself.
    pub device: Device,
}

/// What a program calls itself (`User-Agent`), made fit to be shown: at most 200 characters, none
/// of them a control character. May be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device(String);

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: SessionEnd,
}

/// Why a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionEnd {
    /// Its person signed it out, here or from another device.
    SignedOut,
    /// A spent token came back: two have had it.
    Reused,
    /// The account had too many; it was the oldest.
    Displaced,
    /// The account was suspended or deleted.
    AccountClosed,
    /// The password was changed.
    PasswordChanged,
}

/// What a token that was shown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presented {
    /// The one that can be spent.
    Present,
    /// The one that was spent a moment ago: give the same answer again.
    Replay,
    /// Spent before that: someone else has had it.
    Reused,
    /// None of this session.
    Unknown,
}

impl Device {
    /// Makes what a client sent fit to be shown.
    #[must_use]
    pub fn clean(text: &str) -> Self {
        let kept = text.trim().chars().filter(|c| !c.is_control());
        Self(kept.take(200).collect())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Session {
    /// Begins one, with its first token.
    #[must_use]
    pub fn begin(
        key: &RefreshKey,
        id: SessionId,
        random: [u8; 16],
        user: &User,
        from: Origin,
        lasts: SignedDuration,
    ) -> (Self, RefreshToken) {
        let mut session = Self {
            id,
            version: 1,
            user: user.id,
            epoch: user.access.epoch,
            nonce: URL_SAFE_NO_PAD.encode(random),
            generation: 0,
            present: TokenDigest::of(""),
            spent: None,
            began: from.clone(),
            expires_at: from.at + lasts,
            latest: from,
            ended: None,
            kind: Kind::Tokens,
        };
        let token = key.token(&session, 0);
        session.present = token.digest();
        (session, token)
    }

    /// What a token is to this session, in constant time.
    #[must_use]
    pub fn judge(&self, key: &RefreshKey, token: &RefreshToken, now: Timestamp) -> Presented {
        let digest = token.digest();
        if digest.is(&self.present) {
            return Presented::Present;
        }
        if let Some(spent) = &self.spent
            && digest.is(&spent.token)
        {
            return if now < spent.at + REPLAY {
                Presented::Replay
            } else {
                Presented::Reused
            };
        }
        let (id, generation) = token.parts();
        let genuine = key.token(self, generation);
        let is_genuine: bool = genuine.0.as_bytes().ct_eq(token.0.as_bytes()).into();
        if id == self.id && generation < self.generation && is_genuine {
            Presented::Reused
        } else {
            Presented::Unknown
        }
    }

    /// Spends the present token; gives the next one.
    pub fn rotate(
        &mut self,
        key: &RefreshKey,
        from: Origin,
        lasts: SignedDuration,
    ) -> RefreshToken {
        self.generation = self.generation.saturating_add(1);
        let next = key.token(self, self.generation);
        let token = std::mem::replace(&mut self.present, next.digest());
        self.spent = Some(Spent { token, at: from.at });
        self.expires_at = from.at + lasts;
        self.latest = from;
        next
    }

    /// The present token again, for who lost the reply that brought it. `None` when the service's
    /// key is not the one that made it.
    #[must_use]
    pub fn present_token(&self, key: &RefreshKey) -> Option<RefreshToken> {
        let token = key.token(self, self.generation);
        token.digest().is(&self.present).then_some(token)
    }

    /// Ends it. The first reason stays.
    pub fn end(&mut self, why: SessionEnd, at: Timestamp) {
        self.ended.get_or_insert(Ended { at, why });
    }

    /// Whether it is neither ended nor lapsed, of that member, and none of those that the member
    /// has left behind by signing out everywhere.
    #[must_use]
    pub fn is_live(&self, user: &User, now: Timestamp) -> bool {
        self.ended.is_none()
            && now < self.expires_at
            && self.user == user.id
            && self.epoch == user.access.epoch
    }
}

#[cfg(test)]
mod tests {
    use super::refresh::{BYTES, PREFIX};
    use super::*;
    use crate::domain::VerificationKey;
    use crate::domain::{
        Access, DisplayName, Email, Profile, RegistrationId, Role, UserState, Username,
    };

    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    pub(super) fn from(seconds: i64) -> Origin {
        Origin {
            at: at(seconds),
            address: "192.0.2.7".into(),
            device: Device::clean("lynx"),
        }
    }

    pub(super) fn user() -> User {
        User {
            id: RegistrationId::new(Uuid::from_u128(1)),
            version: 1,
            username: Username::parse("ada").unwrap(),
            display_name: DisplayName::parse("Ada").unwrap(),
            email: Email::parse("ada@example.org").unwrap(),
            email_proven: true,
            password_hash: None,
            ssh_keys: Vec::new(),
            profile: Profile::default(),
            role: Role::ClientUser,
            organisation: None,
            state: UserState::Active,
            access: Access::default(),
            credentials: Default::default(),
            work: Default::default(),
            standing: crate::domain::Standing::default(),
            created_at: at(0),
        }
    }

    fn fixture() -> (RefreshKey, Session, RefreshToken) {
        let key = RefreshKey::new(VerificationKey::new([7; 32]));
        let id = Uuid::from_u128(9);
        let (session, token) = Session::begin(&key, id, [1; 16], &user(), from(0), WEEK);
        (key, session, token)
    }

    #[test]
    fn a_token_is_spent_once_and_its_successor_is_the_one_that_counts() {
        let (key, mut s, first) = fixture();
        assert_eq!(s.judge(&key, &first, at(0)), Presented::Present);
        let second = s.rotate(&key, from(100), WEEK);
        assert_ne!(first, second);
        assert_eq!(s.judge(&key, &second, at(100)), Presented::Present);
        assert_eq!(s.judge(&key, &first, at(109)), Presented::Replay);
        assert_eq!(s.judge(&key, &first, at(110)), Presented::Reused);
        assert_eq!(s.present_token(&key), Some(second));
        assert_eq!(s.expires_at, at(100) + WEEK);
    }

    #[test]
    fn every_spent_token_of_the_family_is_known_however_old() {
        let (key, mut s, first) = fixture();
        for n in 0..500 {
            s.rotate(&key, from(n), WEEK);
        }
        assert_eq!(s.judge(&key, &first, at(500)), Presented::Reused);
        // Also within ten seconds of a later rotation.
        assert_eq!(s.judge(&key, &first, at(499)), Presented::Reused);
    }

    #[test]
    fn who_knows_the_session_alone_can_make_no_token_that_ends_it() {
        let (key, mut s, _) = fixture();
        s.rotate(&key, from(1), WEEK);
        for generation in 0..3_u32 {
            let mut bytes = [0; BYTES];
            bytes[..16].copy_from_slice(s.id.as_bytes());
            bytes[16..20].copy_from_slice(&generation.to_be_bytes());
            let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
            let forged = RefreshToken::parse(&text).unwrap();
            assert_eq!(forged.session(), s.id);
            assert_eq!(s.judge(&key, &forged, at(1)), Presented::Unknown);
        }
        // Nor can a token of another session.
        let (_, foreign) =
            Session::begin(&key, Uuid::from_u128(8), [2; 16], &user(), from(0), WEEK);
        assert_eq!(s.judge(&key, &foreign, at(1)), Presented::Unknown);
    }

    #[test]
    fn with_another_key_the_present_token_still_counts_and_nothing_is_told_twice() {
        let (key, mut s, _) = fixture();
        let second = s.rotate(&key, from(1), WEEK);
        let other = RefreshKey::new(VerificationKey::new([8; 32]));
        assert_eq!(s.judge(&other, &second, at(1)), Presented::Present);
        assert_eq!(s.present_token(&other), None);
    }

    #[test]
    fn the_record_and_debug_hold_no_token() {
        let (key, mut s, first) = fixture();
        let second = s.rotate(&key, from(1), WEEK);
        let record = serde_json::to_string(&s).unwrap();
        for token in [&first, &second] {
            assert!(!record.contains(&token.expose()[PREFIX.len()..]));
            assert_eq!(format!("{token:?}"), "RefreshToken(redacted)");
        }
        assert_eq!(format!("{key:?}"), "RefreshKey(redacted)");
    }

    #[test]
    fn a_session_is_live_until_it_ends_lapses_or_its_member_leaves_all_behind() {
        let (_, s, _) = fixture();
        let ada = user();
        assert!(s.is_live(&ada, at(0)));
        assert!(!s.is_live(&ada, s.expires_at));
        let mut ended = s.clone();
        ended.end(SessionEnd::Reused, at(1));
        ended.end(SessionEnd::SignedOut, at(2));
        assert!(!ended.is_live(&ada, at(1)));
        assert_eq!(ended.ended.unwrap().why, SessionEnd::Reused);
        let mut elsewhere = ada.clone();
        elsewhere.end_sessions();
        assert!(!s.is_live(&elsewhere, at(0)));
        let mut other = ada;
        other.id = RegistrationId::new(Uuid::from_u128(2));
        assert!(!s.is_live(&other, at(0)));
    }

    #[test]
    fn only_whole_tokens_parse() {
        let (_, _, token) = fixture();
        let text = token.expose();
        assert_eq!(text.len(), 74);
        assert!(RefreshToken::parse(&format!(" {text}\n")).is_some());
        for bad in ["", "crr_", &text[1..], &text[..73], &format!("{text}A")] {
            assert!(RefreshToken::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn what_a_program_calls_itself_is_made_fit_to_be_shown() {
        let long = "x".repeat(500);
        assert_eq!(Device::clean(&long).as_str().len(), 200);
        assert_eq!(Device::clean(" a\r\nb\u{1b}[31m ").as_str(), "ab[31m");
    }
}
