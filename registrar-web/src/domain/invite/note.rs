use serde::{Deserialize, Serialize};

/// A word to who is invited: 1 to 500 characters, without links, as it goes to strangers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InviteNote(String);

/// Why a text is no [`InviteNote`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// Nothing but white space.
    #[error("write something, or leave it out")]
    Empty,
    /// Too many characters.
    #[error("write at most 500 characters")]
    TooLong,
    /// A control character.
    #[error("control characters are not taken")]
    Control,
    /// Something that mail programs make a link of.
    #[error("links are not taken, as this goes to people who did not ask for it")]
    Link,
}

impl NoteError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "required",
            Self::TooLong => "too-long",
            Self::Control => "control-character",
            Self::Link => "link",
        }
    }
}

impl InviteNote {
    /// Parses a word to who is invited.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let text = text.replace("\r\n", "\n").trim().to_owned();
        if text.is_empty() {
            return Err(NoteError::Empty);
        }
        if text.chars().count() > 500 {
            return Err(NoteError::TooLong);
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(NoteError::Control);
        }
        let lower = text.to_lowercase();
        if lower.contains("://") || lower.contains("www.") {
            return Err(NoteError::Link);
        }
        Ok(Self(text))
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_to_strangers_has_no_links() {
        assert_eq!(
            InviteNote::parse(" Join us! ").unwrap().as_str(),
            "Join us!"
        );
        for (bad, why) in [
            ("", NoteError::Empty),
            ("see HTTPS://evil.example", NoteError::Link),
            ("see www.evil.example", NoteError::Link),
            ("a\u{7}b", NoteError::Control),
        ] {
            assert_eq!(InviteNote::parse(bad), Err(why), "{bad}");
        }
    }
}
