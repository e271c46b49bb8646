use std::fmt;

use serde::{Deserialize, Serialize};

/// The name of an account: 2 to 32 of `a-z`, `0-9` and single inner `-`, starting with a letter.
///
/// The rule is the intersection of what is safe in `/etc/passwd` (useradd(8)), as the local part
/// of a mail address (RFC 5321), and as a DNS label (RFC 1123; no `--`, so never an `xn--` label),
/// because members get `NAME@host` and may get `NAME.host`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Username(String);

/// Why a text is not a [`Username`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsernameError {
    /// Fewer than 2 characters.
    #[error("a username has at least 2 characters")]
    TooShort,
    /// More than 32 characters.
    #[error("a username has at most 32 characters")]
    TooLong,
    /// The first character is no letter.
    #[error("a username starts with a letter from a to z")]
    BadStart,
    /// A capital letter, from A to Z.
    #[error("a username has no capital letters; write it in lower case")]
    Capital,
    /// Some other character.
    #[error("a username has only letters from a to z, digits and hyphens")]
    BadCharacter,
    /// A hyphen at the end or two in a row.
    #[error("a hyphen stands single and between other characters")]
    BadHyphen,
}

impl UsernameError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::TooShort => "too-short",
            Self::TooLong => "too-long",
            Self::BadStart => "bad-start",
            Self::Capital => "capital",
            Self::BadCharacter => "bad-character",
            Self::BadHyphen => "bad-hyphen",
        }
    }
}

impl Username {
    /// The longest name in bytes; useradd(8) allows 32.
    pub const MAX_LEN: usize = 32;

    /// Parses a name.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, UsernameError> {
        let Some(first) = text.chars().next() else {
            return Err(UsernameError::TooShort);
        };
        if text.chars().any(|c| c.is_ascii_uppercase()) {
            return Err(UsernameError::Capital);
        }
        if !text
            .chars()
            .all(|c| matches!(c, 'a'..='z' | '0'..='9' | '-'))
        {
            return Err(UsernameError::BadCharacter);
        }
        if !first.is_ascii_lowercase() {
            return Err(UsernameError::BadStart);
        }
        if text.len() < 2 {
            return Err(UsernameError::TooShort);
        }
        if text.len() > Self::MAX_LEN {
            return Err(UsernameError::TooLong);
        }
        if text.ends_with('-') || text.contains("--") {
            return Err(UsernameError::BadHyphen);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Username {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl AsRef<str> for Username {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Username {
    type Error = UsernameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Username> for String {
    fn from(name: Username) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_bad_name_is_told_its_rule() {
        use UsernameError::*;
        let cases: &[(&str, UsernameError)] = &[
            ("", TooShort),
            ("a", TooShort),
            ("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", TooLong),
            ("Alice", Capital),
            ("1alice", BadStart),
            ("-alice", BadStart),
            ("..", BadCharacter),
            ("a/b", BadCharacter),
            ("a;reboot", BadCharacter),
            ("alice\n", BadCharacter),
            ("alice\0", BadCharacter),
            ("straße", BadCharacter),
            ("ß", BadCharacter),
            ("a.b", BadCharacter),
            ("a_b", BadCharacter),
            ("alice-", BadHyphen),
            ("xn--alice", BadHyphen),
        ];
        for (text, want) in cases {
            assert_eq!(Username::parse(text), Err(*want), "{text:?}");
        }
    }

    #[test]
    fn plain_names_are_taken() {
        for text in [
            "al",
            "alice",
            "a1",
            "mary-jane",
            "x23456789012345678901234567890ab",
        ] {
            assert_eq!(Username::parse(text).unwrap().as_str(), text);
        }
    }

    proptest! {
        #[test]
        fn what_parses_is_safe_as_path_passwd_field_and_dns_label(text in "\\PC{0,40}|[a-zA-Z0-9-]{0,40}") {
            if let Ok(name) = Username::parse(&text) {
                let s = name.as_str();
                prop_assert!((2..=32).contains(&s.len()));
                prop_assert!(s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
                prop_assert!(s.as_bytes()[0].is_ascii_lowercase());
                prop_assert!(!s.ends_with('-') && !s.contains("--"));
            }
        }
    }
}
