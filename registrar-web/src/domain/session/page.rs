use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Kind, Origin, Session, SessionId};
use crate::domain::{TokenDigest, User, VerificationKey};

/// What page tokens begin with, so that scanners of leaked secrets know them, and no other kind of
/// token passes for one.
const PREFIX: &str = "crp_";
/// Bytes of a token: id, secret.
const BYTES: usize = 16 + 32;
/// How long a session is used before that is written down. A page shows more than one thing, and
/// each is asked for by itself.
const NOTED_AFTER: SignedDuration = SignedDuration::from_mins(5);
/// How long a session lasts, however much it is used: its token stays the same, so a copy of it must not
/// be good for ever.
const LASTS_AT_MOST: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a browser's cookie holds: `crp_` and 64 characters of base64url, the session's id and 32
/// random bytes. It stays the same for as long as the session lives; the store has its SHA-256.
#[derive(Clone, PartialEq, Eq)]
pub struct PageToken(Zeroizing<String>);

/// What the forms of one session carry: 32 characters of base64url. It is derived from the cookie's
/// token, so no other site and no other session can tell it.
#[derive(Clone, PartialEq, Eq)]
pub struct FormToken(Zeroizing<String>);

impl PageToken {
    fn make(session: SessionId, secret: &[u8; 32]) -> Self {
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..16].copy_from_slice(session.as_bytes());
        bytes[16..].copy_from_slice(secret);
        let text = URL_SAFE_NO_PAD.encode(*bytes);
        Self(Zeroizing::new(format!("{PREFIX}{text}")))
    }

    /// Parses what a browser sent; `None` for anything that can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (bytes.len() == BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The session that it names.
    #[must_use]
    pub fn session(&self) -> SessionId {
        let decoded = URL_SAFE_NO_PAD.decode(self.0.get(PREFIX.len()..).unwrap_or_default());
        let bytes = Zeroizing::new(decoded.unwrap_or_default());
        let id = bytes.get(..16).and_then(|b| Uuid::from_slice(b).ok());
        id.unwrap_or_default()
    }

    /// What its forms carry.
    #[must_use]
    pub fn form_token(&self, key: &VerificationKey) -> FormToken {
        let secret = key.derive(b"page-form", self.session(), &self.0);
        let short = secret.get(..24).unwrap_or_default();
        FormToken(Zeroizing::new(URL_SAFE_NO_PAD.encode(short)))
    }

    /// The token, for its browser alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PageToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PageToken(redacted)")
    }
}

impl FormToken {
    /// The text of the hidden field.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for FormToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FormToken(redacted)")
    }
}

impl Session {
    /// Begins one that a browser's cookie opens. No refresh token is of it.
    #[must_use]
    pub fn begin_pages(
        id: SessionId,
        random: &[u8; 32],
        user: &User,
        from: Origin,
        lasts: SignedDuration,
    ) -> (Self, PageToken) {
        let token = PageToken::make(id, random);
        let session = Self {
            id,
            version: 1,
            user: user.id,
            epoch: user.access.epoch,
            nonce: String::new(),
            generation: 0,
            present: TokenDigest::of(&token.0),
            spent: None,
            began: from.clone(),
            expires_at: from.at + lasts,
            latest: from,
            ended: None,
            kind: Kind::Pages,
        };
        (session, token)
    }

    /// Whether that token opens it, in constant time.
    #[must_use]
    pub fn is_opened_by(&self, token: &PageToken) -> bool {
        self.kind == Kind::Pages && TokenDigest::of(&token.0).is(&self.present)
    }

    /// Whether a browser's cookie opens it.
    #[must_use]
    pub fn is_for_pages(&self) -> bool {
        self.kind == Kind::Pages
    }

    /// Notes that it is used, which makes it last, up to [`LASTS_AT_MOST`] in all. `false` when that was
    /// noted a moment ago, and nothing has changed.
    pub fn note_use(&mut self, from: Origin, lasts: SignedDuration) -> bool {
        if from.at < self.latest.at + NOTED_AFTER {
            return false;
        }
        self.expires_at = (from.at + lasts).min(self.began.at + LASTS_AT_MOST);
        self.latest = from;
        true
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::super::tests::{from, user};
    use super::super::{Presented, RefreshKey, RefreshToken};
    use super::*;

    const WEEK: SignedDuration = SignedDuration::from_hours(7 * 24);

    fn fixture() -> (Session, PageToken) {
        Session::begin_pages(Uuid::from_u128(9), &[5; 32], &user(), from(0), WEEK)
    }

    #[test]
    fn being_used_makes_it_last_a_month_at_most() {
        let (mut session, _) = fixture();
        let began = session.began.at;
        let day = SignedDuration::from_hours(24);
        for n in 1..40 {
            session.note_use(from(n * 24 * 3600), WEEK);
            let lasts = session.expires_at - began;
            let lasts = SignedDuration::try_from(lasts).unwrap();
            let want = i32::try_from(n).unwrap() * day + WEEK;
            assert_eq!(lasts, want.min(LASTS_AT_MOST), "day {n}");
        }
    }

    #[test]
    fn its_token_opens_it_and_no_other() {
        let (session, token) = fixture();
        let read = PageToken::parse(token.expose()).unwrap();
        assert_eq!(read.session(), session.id);
        assert!(session.is_opened_by(&read) && session.is_for_pages());
        // Who knows the session alone.
        let forged = PageToken::make(session.id, &[0; 32]);
        assert!(!session.is_opened_by(&forged));
        let text = token.expose();
        assert_eq!(text.len(), 68);
        for bad in ["", "crp_", &text[4..], &text[..67], &format!("{text}A")] {
            assert_eq!(PageToken::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn tokens_of_programs_and_of_pages_do_not_pass_for_each_other() {
        let key = RefreshKey::new(VerificationKey::new([7; 32]));
        let (mut session, token) = fixture();
        assert_eq!(RefreshToken::parse(token.expose()), None);
        let id = Uuid::from_u128(9);
        let (other, refresh) = Session::begin(&key, id, [1; 16], &user(), from(0), WEEK);
        assert_eq!(PageToken::parse(refresh.expose()), None);
        assert!(!other.is_opened_by(&token));
        assert_eq!(
            session.judge(&key, &refresh, from(0).at),
            Presented::Unknown
        );
        // Not even if it were written where the other one stands.
        session.kind = Kind::Tokens;
        assert!(!session.is_opened_by(&token));
    }

    #[test]
    fn being_used_makes_it_last_and_is_noted_once_in_a_while() {
        let (mut session, token) = fixture();
        let end: Timestamp = session.expires_at;
        assert!(!session.note_use(from(299), WEEK));
        assert_eq!(session.expires_at, end);
        assert!(session.note_use(from(300), WEEK));
        assert_eq!(session.expires_at, from(300).at + WEEK);
        assert!(session.is_opened_by(&token), "the token stays the same");
    }

    #[test]
    fn the_record_and_debug_hold_no_token_and_forms_of_two_sessions_differ() {
        let (session, token) = fixture();
        let record = serde_json::to_string(&session).unwrap();
        assert!(!record.contains(&token.expose()[PREFIX.len()..]));
        assert_eq!(format!("{token:?}"), "PageToken(redacted)");
        let key = VerificationKey::new([7; 32]);
        let form = token.form_token(&key);
        assert_eq!(
            (form.expose().len(), form.clone()),
            (32, token.form_token(&key))
        );
        assert!(!token.expose().contains(form.expose()));
        let other = PageToken::make(session.id, &[6; 32]);
        assert_ne!(other.form_token(&key), form);
    }
}
