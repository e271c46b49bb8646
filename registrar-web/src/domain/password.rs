use std::fmt;

use zeroize::Zeroizing;

/// A password as it was typed, checked against the rules, wiped when dropped, never shown.
pub struct Password(Zeroizing<String>);

/// What a password should not be built from: the person's own names and address.
#[derive(Clone, Copy, Debug, Default)]
pub struct PasswordHints<'a> {
    /// User name, display name, parts of the address.
    pub words: &'a [&'a str],
}

/// Why a text is not taken as a [`Password`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Fewer than 8 bytes.
    #[error("a password has at least 8 characters")]
    TooShort,
    /// More than 72 bytes: bcrypt would drop the rest, so it is refused.
    #[error("a password has at most 72 bytes; letters outside ASCII count as two to four")]
    TooLong,
    /// A NUL or other control character.
    #[error("a password has no control characters")]
    Control,
    /// Fewer than three kinds of characters and shorter than a passphrase.
    #[error(
        "mix at least three of: small letters, capitals, digits, other characters; or use a phrase of 16 or more characters"
    )]
    TooUniform,
    /// Guessable within 10^6 tries, by zxcvbn (score 0 or 1).
    #[error("this password is easy to guess{advice}")]
    Guessable {
        /// zxcvbn's words, with a leading `: `, or empty.
        advice: String,
    },
}

impl PasswordError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::Control => "control-character",
            Self::TooUniform => "too-uniform",
            Self::Guessable { .. } => "guessable",
        }
    }
}

impl Password {
    /// The fewest bytes.
    pub const MIN_BYTES: usize = 8;
    /// The most bytes: what bcrypt reads.
    pub const MAX_BYTES: usize = 72;

    /// Judges a new password.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: String, hints: PasswordHints<'_>) -> Result<Self, PasswordError> {
        let text = Zeroizing::new(text);
        if text.len() < Self::MIN_BYTES {
            return Err(PasswordError::TooShort);
        }
        if text.len() > Self::MAX_BYTES {
            return Err(PasswordError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(PasswordError::Control);
        }
        let kinds = [
            text.chars().any(char::is_lowercase),
            text.chars().any(char::is_uppercase),
            text.chars().any(char::is_numeric),
            text.chars().any(|c| !c.is_alphanumeric()),
        ];
        if kinds.iter().filter(|k| **k).count() < 3 && text.chars().count() < 16 {
            return Err(PasswordError::TooUniform);
        }
        let judged = zxcvbn::zxcvbn(&text, hints.words);
        if judged.score() < zxcvbn::Score::Two {
            let advice = judged
                .feedback()
                .and_then(|f| f.suggestions().first().map(|s| format!(": {s}")))
                .unwrap_or_default();
            return Err(PasswordError::Guessable { advice });
        }
        Ok(Self(text))
    }

    /// Whether it is more than just good enough: over 10^8 tries, by zxcvbn (score 3 or 4).
    #[must_use]
    pub fn is_strong(&self, hints: PasswordHints<'_>) -> bool {
        zxcvbn::zxcvbn(&self.0, hints.words).score() >= zxcvbn::Score::Three
    }

    /// A password that a hash was just shown to be of, so it was judged when it was chosen. `None`
    /// for one that bcrypt would cut off.
    #[must_use]
    pub fn proven(text: Zeroizing<String>) -> Option<Self> {
        (text.len() <= Self::MAX_BYTES).then_some(Self(text))
    }

    /// The password, for the hasher alone.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Result<Password, PasswordError> {
        Password::parse(
            text.to_owned(),
            PasswordHints {
                words: &["ada", "lovelace"],
            },
        )
    }

    #[test]
    fn length_counts_bytes_and_nothing_is_ever_cut_off() {
        let filler = "kX9!vQ2#mZ7$wR4%".repeat(5);
        assert_eq!(judge(&filler[..7]).unwrap_err(), PasswordError::TooShort);
        assert!(judge(&filler[..72]).is_ok());
        assert_eq!(judge(&filler[..73]).unwrap_err(), PasswordError::TooLong);
        // 25 × 3 bytes
        assert_eq!(judge(&"猫".repeat(25)).unwrap_err(), PasswordError::TooLong);
    }

    #[test]
    fn nul_and_line_breaks_are_refused() {
        assert_eq!(judge("kX9!vQ2#\0mZ7$").unwrap_err(), PasswordError::Control);
        assert_eq!(judge("kX9!vQ2#\nmZ7$").unwrap_err(), PasswordError::Control);
    }

    #[test]
    fn plain_and_guessable_ones_are_refused_and_phrases_taken() {
        assert_eq!(judge("abcdefgh").unwrap_err(), PasswordError::TooUniform);
        assert_eq!(judge("Password1!").unwrap_err().code(), "guessable");
        assert_eq!(judge("Lovelace1!").unwrap_err().code(), "guessable");
        assert!(judge("correct horse battery staple").is_ok());
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(
            format!("{:?}", judge("kX9!vQ2#mZ7$").unwrap()),
            "Password(redacted)"
        );
    }
}
