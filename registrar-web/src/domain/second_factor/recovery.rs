use std::fmt;

use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use super::{TokenDigest, typed_digits};

/// Bytes of a code: 80 bits, which nobody tries out, so that plain SHA-256 keeps them.
const BYTES: usize = 10;

/// A code that a member writes down, for when neither authenticator nor mail is at hand; works
/// once. The store has its SHA-256, and not an HMAC: it must work when the service's key is lost.
#[derive(Clone, PartialEq, Eq)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    /// How many a member gets.
    pub const COUNT: usize = 10;

    /// Makes one of 10 random bytes.
    #[must_use]
    pub fn new(bytes: [u8; BYTES]) -> Self {
        Self(Zeroizing::new(BASE32_NOPAD.encode(&bytes)))
    }

    /// Reads what was typed, in large or small letters, with dashes and spaces or without; `None`
    /// for what can't be one.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let text = Zeroizing::new(typed_digits(typed).to_ascii_uppercase());
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(text.as_bytes()).ok()?);
        (bytes.len() == BYTES).then_some(Self(text))
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn digest(&self) -> TokenDigest {
        TokenDigest::of(&self.0)
    }

    /// The code as it is shown, once: in small letters and groups of four.
    #[must_use]
    pub fn expose(&self) -> String {
        let text = self.0.to_ascii_lowercase();
        let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
        groups.collect::<Vec<_>>().join("-")
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_written() {
        let code = RecoveryCode::new(*b"0123456789");
        let shown = code.expose();
        assert_eq!(shown, "gayt-emzu-gu3d-oobz");
        for typed in [
            shown.clone(),
            shown.to_uppercase(),
            shown.replace('-', ""),
            format!(" {} ", shown.replace('-', " ")),
        ] {
            assert_eq!(RecoveryCode::parse(&typed).unwrap().digest(), code.digest());
        }
        for wrong in ["", "gayt", &shown[1..], "0ayt-emzu-gu3d-oobz"] {
            assert_eq!(RecoveryCode::parse(wrong), None, "{wrong}");
        }
        assert!(!format!("{code:?}").contains("gayt"));
    }
}
