use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Session, SessionId};
use crate::domain::{TokenDigest, VerificationKey};

/// What refresh tokens begin with, so that scanners of leaked secrets know them.
pub(super) const PREFIX: &str = "crr_";
/// Bytes of a token: id, generation, secret.
pub(super) const BYTES: usize = 16 + 4 + 32;

/// Derives refresh tokens.
#[derive(Clone)]
pub struct RefreshKey(VerificationKey);

/// A refresh token: `crr_` and 70 characters of base64url, which name the session and prove that
/// this service gave it out.
#[derive(Clone, PartialEq, Eq)]
pub struct RefreshToken(pub(super) Zeroizing<String>);

impl RefreshKey {
    /// Derives from the service's secret.
    #[must_use]
    pub fn new(key: VerificationKey) -> Self {
        Self(key)
    }

    pub(super) fn token(&self, session: &Session, generation: u32) -> RefreshToken {
        let message = format!("{}:{generation}", session.nonce);
        let secret = self.0.derive(b"refresh-token", session.id, &message);
        let mut bytes = Zeroizing::new([0; BYTES]);
        bytes[..16].copy_from_slice(session.id.as_bytes());
        bytes[16..20].copy_from_slice(&generation.to_be_bytes());
        bytes[20..].copy_from_slice(&secret);
        RefreshToken(Zeroizing::new(format!(
            "{PREFIX}{}",
            URL_SAFE_NO_PAD.encode(*bytes)
        )))
    }
}

impl fmt::Debug for RefreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshKey(redacted)")
    }
}

impl RefreshToken {
    /// Parses what a client sent; `None` for anything that can't be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let bytes = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
        (bytes.len() == BYTES).then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The session that it names.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.parts().0
    }

    pub(super) fn parts(&self) -> (SessionId, u32) {
        let decoded = URL_SAFE_NO_PAD.decode(self.0.get(PREFIX.len()..).unwrap_or_default());
        let bytes = Zeroizing::new(decoded.unwrap_or_default());
        let id = bytes.get(..16).and_then(|b| Uuid::from_slice(b).ok());
        let generation = bytes.get(16..20).and_then(|b| b.try_into().ok());
        (
            id.unwrap_or_default(),
            generation.map_or(0, u32::from_be_bytes),
        )
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    /// The token, for its client alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RefreshToken(redacted)")
    }
}
