use std::fmt;

use serde::{Deserialize, Serialize};

/// A bcrypt hash as crypt(5) writes it: `$2b$`, a cost of 10 to 14, and 53 characters.
///
/// Never shown by `Debug`; there is no `Display`. The rule is exact because `chpasswd -e` takes
/// any text for a hash, and a line break in it would reach other accounts' lines.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BcryptHash(String);

/// The text is no hash of the one form that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a password hash is $2b$, a cost from 10 to 14, $ and 53 characters of ./A-Za-z0-9")]
pub struct BcryptHashError;

impl BcryptHash {
    /// Parses a hash.
    ///
    /// # Errors
    /// The text differs from the one accepted form in any way.
    pub fn parse(text: &str) -> Result<Self, BcryptHashError> {
        let rest = text.strip_prefix("$2b$1").ok_or(BcryptHashError)?;
        let (cost, rest) = rest.split_at_checked(1).ok_or(BcryptHashError)?;
        let body = rest.strip_prefix('$').ok_or(BcryptHashError)?;
        let good = matches!(cost, "0" | "1" | "2" | "3" | "4")
            && body.len() == 53
            && body
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'/'));
        good.then(|| Self(text.to_owned())).ok_or(BcryptHashError)
    }

    /// The cost: log2 of the rounds, 10 to 14.
    #[must_use]
    pub fn cost(&self) -> u32 {
        self.0.get(4..6).and_then(|s| s.parse().ok()).unwrap_or(10)
    }

    /// The hash itself, for the one place that hands it on.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BcryptHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BcryptHash(redacted)")
    }
}

impl TryFrom<String> for BcryptHash {
    type Error = BcryptHashError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<BcryptHash> for String {
    fn from(hash: BcryptHash) -> Self {
        hash.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "$2b$12$abcdefghijklmnopqrstuu5Qn6zTeUj0kPpFxhQbJxXGZ9mB0tG3K";

    #[test]
    fn only_the_one_form_is_taken() {
        assert_eq!(GOOD.len(), 60);
        assert_eq!(BcryptHash::parse(GOOD).unwrap().cost(), 12);
        for bad in [
            "",
            "x",
            "*",
            "!",
            &GOOD.replace("$2b$", "$2y$"),
            &GOOD.replace("$12$", "$09$"),
            &GOOD.replace("$12$", "$15$"),
            &format!("{GOOD}\nroot:{GOOD}"),
            &format!("{GOOD}\n"),
            &format!("{GOOD}x"),
            &GOOD[..59],
            &GOOD.replace("abc", "a:c"),
        ] {
            assert_eq!(BcryptHash::parse(bad), Err(BcryptHashError), "{bad:?}");
        }
    }

    #[test]
    fn debug_shows_nothing_of_it() {
        assert_eq!(
            format!("{:?}", BcryptHash::parse(GOOD).unwrap()),
            "BcryptHash(redacted)"
        );
    }

    proptest! {
        #[test]
        fn what_parses_fits_a_shadow_field(text in ".{0,70}|\\$2b\\$1[0-9]\\$[./A-Za-z0-9]{50,56}") {
            if let Ok(hash) = BcryptHash::parse(&text) {
                prop_assert_eq!(hash.expose().len(), 60);
                prop_assert!(!hash.expose().contains([':', '\n', '!', '*']));
            }
        }
    }
}
