//! The text of the map.

use std::collections::BTreeSet;

use provision_api::Username;

const ANSWER: &str = "550 5.2.1 This mailbox is not active";
const HEADER: &str = "# Written by provisiond: local users who exist and get no mail yet, or no more. Other lines\n\
                      # than these are refused; put maps of your own elsewhere.\n";

/// Why a text is not one that provisiond wrote. A line is never dropped or kept unread: a name
/// that went missing would get mail, and one that stays would never get any.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "line {line} is not `NAME@DOMAIN {ANSWER}`; mend it, or move the file away and restart provisiond"
)]
pub struct SourceError {
    /// Counted from 1.
    pub line: usize,
}

/// The names in the map.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Source {
    names: BTreeSet<Username>,
}

impl Source {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, SourceError> {
        let mut names = BTreeSet::new();
        for (line, bytes) in (1_usize..).zip(bytes.split(|byte| *byte == b'\n')) {
            if bytes.is_empty() || bytes.starts_with(b"#") {
                continue;
            }
            let name = std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| text.strip_suffix(ANSWER)?.strip_suffix(' '))
                .and_then(|key| match key.split_once('@') {
                    Some((name, domain)) => is_domain(domain).then_some(name),
                    None => Some(key),
                })
                .and_then(|name| Username::parse(name).ok());
            names.insert(name.ok_or(SourceError { line })?);
        }
        Ok(Self { names })
    }

    pub(super) fn names(&self) -> &BTreeSet<Username> {
        &self.names
    }

    pub(super) fn set_names(&mut self, names: BTreeSet<Username>) {
        self.names = names;
    }

    /// A line for each name and domain. `NAME@` alone would match in every domain of the world
    /// (access(5)), and so refuse mail that goes out.
    /// `bare` adds the name alone, which relocated(5) finds with each domain and address of this
    /// host and with no other; access(5) never looks for it.
    pub(super) fn to_text(&self, domains: &BTreeSet<String>, bare: bool) -> String {
        let mut text = String::from(HEADER);
        for name in &self.names {
            if bare {
                text.push_str(&format!("{name} {ANSWER}\n"));
            }
            for domain in domains {
                text.push_str(&format!("{name}@{domain} {ANSWER}\n"));
            }
        }
        text
    }
}

/// Whether it can stand behind the `@` of a key.
pub(super) fn is_domain(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_back() {
        let names = ["ada", "bob-2", "zoe"].map(|name| Username::parse(name).unwrap());
        let source = Source {
            names: names.into(),
        };
        let domains = ["localhost", "tilde.example"].map(str::to_owned).into();
        let text = source.to_text(&domains, false);
        assert_eq!(text.matches("ada@").count(), 2);
        assert_eq!(Source::parse(text.as_bytes()).unwrap(), source);
        let with_bare = source.to_text(&domains, true);
        assert_eq!(with_bare.matches("\nada ").count(), 1);
        assert_eq!(Source::parse(with_bare.as_bytes()).unwrap(), source);
    }

    #[test]
    fn a_foreign_or_broken_line_is_told_with_its_number() {
        for (text, line) in [
            (
                "ada@tilde.example 550 5.2.1 This mailbox is not active\nroot OK\n",
                2,
            ),
            ("ada@tilde.example 550 5.2.1 This mailb", 1),
            ("#\n\nada@\tDISCARD\n", 3),
            (
                "#\n  ada@tilde.example 550 5.2.1 This mailbox is not active",
                2,
            ),
            ("ada@ 550 5.2.1 This mailbox is not active", 1),
            ("..@tilde.example 550 5.2.1 This mailbox is not active", 1),
        ] {
            assert_eq!(
                Source::parse(text.as_bytes()),
                Err(SourceError { line }),
                "{text}"
            );
        }
        assert_eq!(Source::parse(b"\xff"), Err(SourceError { line: 1 }));
    }
}
