//! What login.defs(5) says about the ages of passwords, which useradd(8) copies into shadow(5).

use std::path::Path;

const PATH: &str = "/etc/login.defs";

/// Fields 4, 5 and 6 of a new line of shadow(5), in days; empty where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ages {
    pub(super) min: String,
    pub(super) max: String,
    pub(super) warn: String,
}

impl Ages {
    /// As the host has it now; useradd(8) takes a file that is not there for an empty one.
    pub(super) fn read() -> Self {
        Self::parse(&std::fs::read_to_string(Path::new(PATH)).unwrap_or_default())
    }

    fn parse(text: &str) -> Self {
        let mut ages = Self::default();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(key), Some(value)) = (words.next(), words.next()) else {
                continue;
            };
            let field = match key {
                "PASS_MIN_DAYS" => &mut ages.min,
                "PASS_MAX_DAYS" => &mut ages.max,
                "PASS_WARN_AGE" => &mut ages.warn,
                _ => continue,
            };
            // -1 is how "nothing" is written there.
            let days = value.trim_matches('"').parse::<u32>();
            *field = days.map(|days| days.to_string()).unwrap_or_default();
        }
        ages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_word_counts_and_minus_one_is_nothing() {
        let ages = Ages::parse(
            "# PASS_MIN_DAYS 9\nPASS_MAX_DAYS\t99999\nPASS_MIN_DAYS 3\nPASS_MIN_DAYS \"0\"\nPASS_WARN_AGE -1\n",
        );
        let expected = Ages {
            min: "0".into(),
            max: "99999".into(),
            warn: String::new(),
        };
        assert_eq!(ages, expected);
    }
}
