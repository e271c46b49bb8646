use unic_langid::LanguageIdentifier;

/// A language that pages speak.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// Complete.
    #[default]
    English,
    /// Complete.
    German,
}

impl Language {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Its tag (BCP 47).
    #[must_use]
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// What its speakers call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// The one of that tag; a region or script behind it is looked past.
    #[must_use]
    pub fn of_tag(tag: &str) -> Option<Self> {
        let primary = tag.trim().split(['-', '_']).next().unwrap_or_default();
        let is_it = |l: &Self| l.tag().eq_ignore_ascii_case(primary);
        Self::ALL.into_iter().find(is_it)
    }

    /// The one that a browser likes best, by `Accept-Language` (RFC 9110, 12.5.4): of those that
    /// there are, the one with the highest weight; of equals, the first.
    #[must_use]
    pub fn of_wishes(header: &str) -> Option<Self> {
        let mut best: Option<(Self, f32)> = None;
        for wish in header.split(',') {
            let mut parts = wish.split(';');
            let language = parts.next().and_then(Self::of_tag);
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=")?.trim().parse().ok());
            let weight: f32 = weight.unwrap_or(1.0);
            if let Some(language) = language
                && weight > best.map_or(0.0, |(_, w)| w)
            {
                best = Some((language, weight));
            }
        }
        best.map(|(language, _)| language)
    }

    pub(super) fn identifier(self) -> LanguageIdentifier {
        LanguageIdentifier::from_bytes(self.tag().as_bytes()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browsers_wishes_are_weighed() {
        for (wishes, language) in [
            ("de-DE,de;q=0.9,en;q=0.8", Some(Language::German)),
            ("fr, en;q=0.5, de;q=0.6", Some(Language::German)),
            ("en-GB", Some(Language::English)),
            ("de;q=0, en;q=0.1", Some(Language::English)),
            ("DE_at", Some(Language::German)),
            ("fr", None),
            ("*", None),
            ("", None),
            (";;q=,,", None),
        ] {
            assert_eq!(Language::of_wishes(wishes), language, "{wishes}");
        }
    }
}
