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

/// How well a password holds against guessing, by zxcvbn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strength {
    /// Over 10^6 tries (score 2): just good enough.
    Fair,
    /// Over 10^8 tries (score 3 or 4).
    Strong,
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
        Self::judge(text, hints).map(|(password, _)| password)
    }

    /// The same, and says how strong it is.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn judge(
        text: String,
        hints: PasswordHints<'_>,
    ) -> Result<(Self, Strength), PasswordError> {
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
        let strength = resistance(&text, hints)?;
        Ok((Self(text), strength))
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

/// How many characters zxcvbn looks at. What it takes grows steeply with the length, up to a second for
/// 72 characters that were chosen for it; the rest of a password can only make it harder to guess.
const LOOKED_AT: usize = 24;

fn resistance(text: &str, hints: PasswordHints<'_>) -> Result<Strength, PasswordError> {
    let (head, tail) = split(text);
    let mut judged = zxcvbn::zxcvbn(head, hints.words);
    if judged.score() < zxcvbn::Score::Two && !tail.is_empty() {
        // A plain beginning; what follows may be better.
        judged = zxcvbn::zxcvbn(split(tail).0, hints.words);
    }
    match judged.score() {
        score if score >= zxcvbn::Score::Three => Ok(Strength::Strong),
        score if score >= zxcvbn::Score::Two => Ok(Strength::Fair),
        _ => {
            let advice = judged
                .feedback()
                .and_then(|f| f.suggestions().first().map(|s| format!(": {s}")))
                .unwrap_or_default();
            Err(PasswordError::Guessable { advice })
        }
    }
}

/// What is looked at, and the rest.
fn split(text: &str) -> (&str, &str) {
    let end = text.char_indices().nth(LOOKED_AT);
    text.split_at(end.map_or(text.len(), |(at, _)| at))
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
    fn a_long_one_is_as_good_as_its_better_half() {
        let plain = "aaaaaaaaaaaaaaaaaaaaaaaa";
        assert_eq!(judge(plain).unwrap_err().code(), "guessable");
        assert_eq!(judge(&plain.repeat(2)).unwrap_err().code(), "guessable");
        assert!(judge(&format!("{plain}kX9!vQ2#mZ7$")).is_ok());
        assert!(judge(&format!("kX9!vQ2#mZ7${plain}")).is_ok());
    }

    #[test]
    fn however_long_one_is_so_much_of_it_is_looked_at() {
        let slow = "@({3!7$%+4816905[2<|".repeat(3);
        let (looked_at, rest) = split(&slow);
        assert_eq!((looked_at.len(), rest.len()), (LOOKED_AT, 60 - LOOKED_AT));
        assert_eq!(split("short"), ("short", ""));
        let wide = "\u{e4}".repeat(LOOKED_AT + 1);
        assert_eq!(split(&wide).1, "\u{e4}");
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(
            format!("{:?}", judge("kX9!vQ2#mZ7$").unwrap()),
            "Password(redacted)"
        );
    }
}
