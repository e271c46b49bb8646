use std::fmt;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::domain::Username;

/// What an organisation is called where names are short: in paths, and on the host, where its group
/// has this name.
///
/// Every user of the host has a group of their own name, so slugs and user names are one namespace:
/// the rule is that of [`Username`], and no two of them are the same.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slug(Username);

/// Why a text is no [`Slug`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SlugError {
    /// It breaks a rule of [`Username`].
    #[error(
        "write 2 to 32 letters from a to z, digits and single inner hyphens, beginning with a letter"
    )]
    Form,
    /// Nobody can have it.
    #[error("this name is reserved; choose another one")]
    Reserved,
}

impl SlugError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Form => "malformed",
            Self::Reserved => "reserved",
        }
    }
}

impl Slug {
    /// Parses a slug.
    ///
    /// # Errors
    /// The rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let name = Username::parse(text.trim()).map_err(|_| SlugError::Form)?;
        if provision_api::is_reserved(&name) {
            return Err(SlugError::Reserved);
        }
        Ok(Self(name))
    }

    /// The slug that a display name suggests: its Latin letters without their marks and its digits, in
    /// lower case, with one hyphen for all between them. `None` where that gives none, as for a name
    /// in another script.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let mut text = String::new();
        for c in name.nfkd() {
            match c.to_ascii_lowercase() {
                c @ ('a'..='z' | '0'..='9') => text.push(c),
                // Letters of the Latin script that are not one with a mark.
                'ß' | 'ẞ' => text.push_str("ss"),
                'æ' | 'Æ' => text.push_str("ae"),
                'œ' | 'Œ' => text.push_str("oe"),
                'ø' | 'Ø' => text.push('o'),
                'ł' | 'Ł' => text.push('l'),
                'đ' | 'Đ' | 'ð' | 'Ð' => text.push('d'),
                'þ' | 'Þ' => text.push_str("th"),
                'ı' => text.push('i'),
                c if is_combining_mark(c) => {}
                // What joins a word joins it here, too.
                '\'' | '’' | '.' => {}
                _ if text.ends_with('-') => {}
                _ => text.push('-'),
            }
        }
        let begin = text.trim_start_matches(|c: char| !c.is_ascii_lowercase());
        let short: String = begin.chars().take(Username::MAX_LEN).collect();
        Self::parse(short.trim_end_matches('-')).ok()
    }

    /// The same with a number behind it, for where it is taken; shortened so that it fits.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Option<Self> {
        let end = format!("-{number}");
        let room = Username::MAX_LEN.saturating_sub(end.len());
        let begin: String = self.as_str().chars().take(room).collect();
        Self::parse(&format!("{}{end}", begin.trim_end_matches('-'))).ok()
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The same in the one namespace of slugs and user names.
    #[must_use]
    pub fn as_username(&self) -> &Username {
        &self.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_display_name_suggests_a_slug_where_it_has_letters_for_one() {
        for (name, slug) in [
            ("Acme Ltd.", Some("acme-ltd")),
            (
                "  The  Gardeners' Club -- 1984 ",
                Some("the-gardeners-club-1984"),
            ),
            ("4H", None),
            ("42 Wallaby Way", Some("wallaby-way")),
            ("Ökologie", Some("okologie")),
            ("The Büro!", Some("the-buro")),
            ("Straße Łódź", Some("strasse-lodz")),
            ("梅林", None),
            ("a", None),
            // Reserved, as for people.
            ("Root", None),
            (
                "Society for the Promotion of Very Long Names",
                Some("society-for-the-promotion-of-ver"),
            ),
        ] {
            let got = Slug::of_name(name);
            assert_eq!(got.as_ref().map(Slug::as_str), slug, "{name}");
        }
    }

    #[test]
    fn a_taken_slug_gets_a_number_and_stays_a_slug() {
        let numbered = |text: &str, n| Slug::parse(text).unwrap().numbered(n).unwrap();
        assert_eq!(numbered("acme", 2).as_str(), "acme-2");
        let long = numbered("society-for-the-promotion-of-ver", 12);
        assert_eq!(long.as_str(), "society-for-the-promotion-of-12");
    }

    proptest! {
        #[test]
        fn what_a_name_suggests_is_a_slug(name in "\\PC{0,60}") {
            if let Some(slug) = Slug::of_name(&name) {
                prop_assert_eq!(Slug::parse(slug.as_str()), Ok(slug));
            }
        }
    }
}
