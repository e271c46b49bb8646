use std::fmt;

use serde::{Deserialize, Serialize};

/// What a person wants to be called, on pages, in mail headers and in the GECOS field.
///
/// 1 to 64 characters after trimming, without control characters, and without the invisible
/// characters that reorder or hide text (bidirectional controls, zero width, tags). Everything
/// else of Unicode is kept as it was typed; each place that shows it quotes it for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);

/// Why a text is not a [`DisplayName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisplayNameError {
    /// Nothing but white space.
    #[error("write the name that others should see")]
    Empty,
    /// More than 64 characters, or 200 bytes of UTF-8.
    #[error("a display name has at most 64 characters")]
    TooLong,
    /// A control character such as a line break.
    #[error("a display name is one line without control characters")]
    Control,
    /// An invisible character that reorders or hides text.
    #[error("a display name has no invisible or direction-changing characters")]
    Invisible,
}

impl DisplayNameError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too-long",
            Self::Control => "control-character",
            Self::Invisible => "invisible-character",
        }
    }
}

impl DisplayName {
    /// The most characters (Unicode scalar values).
    pub const MAX_CHARS: usize = 64;
    /// The most bytes, so that a passwd line stays far below what libc reads at once.
    pub const MAX_BYTES: usize = 200;

    /// Parses a name; white space around it is dropped.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, DisplayNameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DisplayNameError::Empty);
        }
        if text.chars().count() > Self::MAX_CHARS || text.len() > Self::MAX_BYTES {
            return Err(DisplayNameError::TooLong);
        }
        if text
            .chars()
            .any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'))
        {
            return Err(DisplayNameError::Control);
        }
        if text.chars().any(is_invisible) {
            return Err(DisplayNameError::Invisible);
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as a GECOS full name (passwd(5)): `:` ends the field and `,` the sub-field,
    /// so both become a space; `=` and `&` have meanings to finger and usermod and go too.
    #[must_use]
    pub fn to_gecos(&self) -> String {
        let spaced: String = self
            .0
            .chars()
            .map(|c| {
                if matches!(c, ':' | ',' | '=' | '&' | '\\') {
                    ' '
                } else {
                    c
                }
            })
            .collect();
        spaced.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Bidirectional controls (UAX #9), zero-width and other default-ignorable characters. The joiner
/// U+200D and the variation selectors stay, because emoji are written with them.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}'
        | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{E0000}'..='\u{E0FFF}')
}

impl fmt::Display for DisplayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for DisplayName {
    type Error = DisplayNameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<DisplayName> for String {
    fn from(name: DisplayName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn line_breaks_and_direction_marks_are_refused() {
        use DisplayNameError::*;
        for (text, want) in [
            ("", Empty),
            ("  \t ", Empty),
            ("a\nb", Control),
            ("a\r\nBcc: x@y", Control),
            ("a\0b", Control),
            ("evil\u{202E}gpj", Invisible),
            ("a\u{200F}b", Invisible),
            ("a\u{200B}b", Invisible),
        ] {
            assert_eq!(DisplayName::parse(text), Err(want), "{text:?}");
        }
        assert_eq!(DisplayName::parse(&"x".repeat(65)), Err(TooLong));
    }

    #[test]
    fn gecos_keeps_the_name_and_drops_what_ends_a_field() {
        for (text, gecos) in [
            ("Ada: Lovelace, Countess", "Ada Lovelace Countess"),
            ("`id` $(reboot)", "`id` $(reboot)"),
            ("Zoë 🧑‍🚀", "Zoë 🧑‍🚀"),
        ] {
            assert_eq!(DisplayName::parse(text).unwrap().to_gecos(), gecos);
        }
    }

    proptest! {
        #[test]
        fn gecos_never_holds_a_separator_or_control(text in "\\PC{0,80}|.{0,80}") {
            if let Ok(name) = DisplayName::parse(&text) {
                let gecos = name.to_gecos();
                prop_assert!(!gecos.contains([':', ',', '\n', '\r', '\0']));
                prop_assert!(!gecos.chars().any(char::is_control));
                prop_assert!(gecos.len() <= DisplayName::MAX_BYTES);
            }
        }
    }
}
