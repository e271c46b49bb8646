use serde::{Deserialize, Serialize};

/// A given or family name: one line of 1 to 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PersonName(String);

/// About a person, in their words: 1 to 2000 characters, of several lines maybe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Bio(String);

/// An address of another place where a person is: `https`, `http`, `gemini` or `gopher`, a host,
/// at most 200 characters, all of them ASCII; no user name or password in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Link(String);

/// Why a text is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but white space.
    #[error("write something, or leave it out")]
    Empty,
    /// Too many characters.
    #[error("write at most {0} characters")]
    TooLong(usize),
    /// A line break where none may be.
    #[error("write it on one line")]
    OneLine,
    /// Another control character.
    #[error("control characters are not taken")]
    Control,
    /// A link of another kind, or none.
    #[error("write the whole address, beginning with https://, http://, gemini:// or gopher://")]
    NoLink,
    /// A name or password before the host.
    #[error("leave out the name and password before the host")]
    Credentials,
}

impl TextError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "required",
            Self::TooLong(_) => "too-long",
            Self::OneLine => "one-line",
            Self::Control => "control-character",
            Self::NoLink => "no-link",
            Self::Credentials => "credentials",
        }
    }
}

/// Text of several lines, trimmed, with plain line breaks.
pub(in crate::domain) fn lines(text: &str, most: usize) -> Result<String, TextError> {
    let text = text.replace("\r\n", "\n").trim().to_owned();
    if text.is_empty() {
        return Err(TextError::Empty);
    }
    if text.chars().count() > most {
        return Err(TextError::TooLong(most));
    }
    let is_wrong = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.chars().any(is_wrong) {
        return Err(TextError::Control);
    }
    Ok(text)
}

/// Text of one line, trimmed.
pub(super) fn one_line(text: &str, most: usize) -> Result<String, TextError> {
    let text = lines(text, most)?;
    if text.contains('\n') {
        return Err(TextError::OneLine);
    }
    Ok(text)
}

impl PersonName {
    /// Parses a name.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        one_line(text, 64).map(Self)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Bio {
    /// Parses what a person wrote.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        lines(text, 2000).map(Self)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Link {
    /// How many a profile has at most.
    pub const MOST: usize = 10;

    /// Parses an address.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        let text = one_line(text, 200)?;
        let uri: http::Uri = text.parse().map_err(|_| TextError::NoLink)?;
        let is_known = matches!(
            uri.scheme_str(),
            Some("https" | "http" | "gemini" | "gopher")
        );
        let authority = uri.authority().map_or("", |a| a.as_str());
        if !is_known || uri.host().is_none_or(str::is_empty) {
            return Err(TextError::NoLink);
        }
        if authority.contains('@') {
            return Err(TextError::Credentials);
        }
        Ok(Self(text))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_whole_addresses_of_kinds_that_do_nothing_when_opened() {
        for good in [
            "https://ada.example/",
            "http://tilde.example/~ada?x=1#y",
            "gemini://ada.example",
            "gopher://ada.example:70/1/phlog",
        ] {
            assert_eq!(Link::parse(good).unwrap().as_str(), good);
        }
        for bad in [
            "ada.example",
            "//ada.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "https://",
            "https:ada",
            "https://a b",
            "ftp://ada.example",
        ] {
            assert_eq!(Link::parse(bad), Err(TextError::NoLink), "{bad}");
        }
        assert_eq!(
            Link::parse("https://bank.example@evil.example/"),
            Err(TextError::Credentials)
        );
    }

    #[test]
    fn names_are_one_line_and_a_bio_may_have_several() {
        assert_eq!(PersonName::parse(" Ada ").unwrap().as_str(), "Ada");
        assert_eq!(PersonName::parse("a\nb"), Err(TextError::OneLine));
        assert_eq!(PersonName::parse("a\u{7}"), Err(TextError::Control));
        assert_eq!(
            PersonName::parse(&"a".repeat(65)),
            Err(TextError::TooLong(64))
        );
        assert_eq!(Bio::parse("a\r\nb\n").unwrap().as_str(), "a\nb");
    }
}
