//! `.neomuttrc` from a template.
//!
//! NeoMutt runs what stands between backticks and expands `$name`, everywhere but between single
//! quotes, where only the next single quote has a meaning (NeoMutt guide, "Syntax of
//! Initialization Files"). So each value is put in as one word between single quotes.

use std::io;
use std::path::Path;

use super::error::HomeError;
use super::mail_files::MailIdentity;
use crate::dirfd;

const BUILT_IN: &str = include_str!("../../../etc/neomuttrc.template");
const MAX_BYTES: u64 = 64 << 10;

/// A text with places for the values of a member: `{{realname}}`, `{{address}}`, `{{username}}`
/// and `{{domain}}`.
#[derive(Clone, Debug)]
pub struct Template(Vec<Piece>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Value(Value),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    Realname,
    Address,
    Username,
    Domain,
}

impl Value {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "realname" => Self::Realname,
            "address" => Self::Address,
            "username" => Self::Username,
            "domain" => Self::Domain,
            _ => return None,
        })
    }

    fn of(self, identity: &MailIdentity<'_>) -> String {
        let (username, domain) = (identity.username, identity.domain.as_str());
        match self {
            Self::Realname => identity.display_name.as_str().to_owned(),
            Self::Address => format!("{username}@{domain}"),
            Self::Username => username.to_string(),
            Self::Domain => domain.to_owned(),
        }
    }
}

impl Default for Template {
    /// The one that comes with the project. That it parses is the promise of a test; if it did
    /// not, members would get it as it stands, without their name.
    fn default() -> Self {
        Self::parse(BUILT_IN).unwrap_or_else(|_| Self(vec![Piece::Text(BUILT_IN.to_owned())]))
    }
}

impl Template {
    /// Reads a template that an admin wrote, from a file that only root can change.
    ///
    /// # Errors
    /// It can't be read, or has a line that [`Template::parse`] does not take.
    pub fn read(path: &Path) -> Result<Self, HomeError> {
        let refuse = |why: String| HomeError::Template {
            path: path.to_owned(),
            why,
        };
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(refuse("is no path of a file".to_owned()));
        };
        let dir = dirfd::open_trusted(dir)?;
        let content = dirfd::read_file(&dir, name, MAX_BYTES)
            .and_then(|content| content.ok_or_else(|| io::ErrorKind::NotFound.into()))
            .map_err(|e| refuse(e.to_string()))?;
        let text = String::from_utf8(content).map_err(|_| refuse("is not UTF-8".to_owned()))?;
        Self::parse(&text).map_err(refuse)
    }

    /// Parses a template. A place for a value stands outside of quotes and comments.
    ///
    /// # Errors
    /// What is wrong, with the number of the line.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        for (number, line) in (1_usize..).zip(text.split_inclusive('\n')) {
            // A comment is text, so it may say what the places are.
            let mut rest = if line.trim_start().starts_with('#') {
                ""
            } else {
                line
            };
            if rest.is_empty() {
                pieces.push(Piece::Text(line.to_owned()));
            }
            while let Some((before, after)) = rest.split_once("{{") {
                let unknown = || {
                    format!(
                        "line {number}: `{{{{` is not followed by realname, address, username or \
                         domain and `}}}}`"
                    )
                };
                let (name, behind) = after.split_once("}}").ok_or_else(unknown)?;
                let value = Value::parse(name.trim()).ok_or_else(unknown)?;
                if before.ends_with(['\'', '"', '\\', '`', '$']) {
                    return Err(format!(
                        "line {number}: {{{{{}}}}} brings its own quotes; take away what is before it",
                        name.trim()
                    ));
                }
                pieces.push(Piece::Text(before.to_owned()));
                pieces.push(Piece::Value(value));
                rest = behind;
            }
            pieces.push(Piece::Text(rest.to_owned()));
        }
        pieces.retain(|piece| *piece != Piece::Text(String::new()));
        Ok(Self(pieces))
    }

    /// The text for one member.
    #[must_use]
    pub fn render(&self, identity: &MailIdentity<'_>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(piece) => text.push_str(piece),
                Piece::Value(value) => text.push_str(&quoted(&value.of(identity))),
            }
        }
        text
    }
}

/// One word for NeoMutt that means exactly `value`. Control characters can't be quoted, as a line
/// is a command; there are none in a display name, and should one come it is dropped.
fn quoted(value: &str) -> String {
    let mut word = String::from("'");
    for c in value.chars().filter(|c| !c.is_control()) {
        match c {
            '\'' => word.push_str("'\"'\"'"),
            c => word.push(c),
        }
    }
    word.push('\'');
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_template_has_a_place_for_name_and_address() {
        let Template(pieces) = Template::parse(BUILT_IN).unwrap();
        for value in [Value::Realname, Value::Address, Value::Domain] {
            assert!(pieces.contains(&Piece::Value(value)), "{value:?}");
        }
    }

    #[test]
    fn a_wrong_place_is_told_with_its_line() {
        for (text, line) in [
            ("set a=1\nset realname = {{relname}}\n", "line 2"),
            ("set realname = {{realname\n", "line 1"),
            ("\n\nset realname = \"{{realname}}\"\n", "line 3"),
            ("set realname = `{{realname}}`\n", "line 1"),
        ] {
            let why = Template::parse(text).unwrap_err();
            assert!(why.starts_with(line), "{why}");
        }
    }

    #[test]
    fn comments_and_text_without_places_stay_as_they_are() {
        let text = "# {{anything}}\nset sleep_time = 0\n\nset x = y";
        let Template(pieces) = Template::parse(text).unwrap();
        let joined: String = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.as_str(),
                Piece::Value(_) => "?",
            })
            .collect();
        assert_eq!(joined, text);
    }

    #[test]
    fn a_single_quote_can_not_end_the_word() {
        assert_eq!(quoted("O'Hara"), "'O'\"'\"'Hara'");
        assert_eq!(quoted("a\nb"), "'ab'");
    }
}
