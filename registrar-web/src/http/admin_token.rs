use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The bearer token of the admin routes. Only its SHA-256 is kept, which also makes all
/// comparisons equally long.
#[derive(Clone)]
pub struct AdminToken([u8; 32]);

impl AdminToken {
    /// Takes the content of the token's file; `None` when it has fewer than 16 characters, which
    /// could be guessed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= 16).then(|| Self(Sha256::digest(text.as_bytes()).into()))
    }

    /// Whether that is the token, in constant time.
    pub(super) fn is(&self, typed: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(typed.as_bytes()).into();
        self.0.ct_eq(&digest).into()
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(redacted)")
    }
}
