use std::fmt;
use std::io::{self, Read};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::pulse;

/// A SHA-256 digest: tells whether two values are equal without keeping either.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

/// The text is not 64 hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has 64 hexadecimal digits")]
pub struct FingerprintError;

impl Fingerprint {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of all that can be read.
    ///
    /// # Errors
    /// It can't be read to its end.
    pub fn of_reader(mut reader: impl Read) -> io::Result<Self> {
        let mut digest = Sha256::new();
        let mut chunk = vec![0; 1 << 16];
        loop {
            pulse::beat();
            match reader.read(&mut chunk)? {
                0 => return Ok(Self(digest.finalize().into())),
                read => digest.update(chunk.get(..read).unwrap_or_default()),
            }
        }
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from(*self))
    }
}

impl From<Fingerprint> for String {
    fn from(fingerprint: Fingerprint) -> Self {
        use fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in fingerprint.0 {
            // Writing to a String can't fail.
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}

impl TryFrom<String> for Fingerprint {
    type Error = FingerprintError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(FingerprintError);
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| FingerprintError)?;
            *byte = u8::from_str_radix(pair, 16).map_err(|_| FingerprintError)?;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_survives_being_written_down() {
        let fingerprint = Fingerprint::of(b"abc");
        let text = String::from(fingerprint);
        assert!(text.starts_with("ba7816bf"), "{text}");
        assert_eq!(Fingerprint::try_from(text), Ok(fingerprint));
        assert!(Fingerprint::try_from("zz".repeat(32)).is_err());
    }
}
