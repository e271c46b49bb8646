//! What can be wrong with a configuration, and where.

use std::fmt;

/// Where a wrong value or key came from.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// A place in a file; line and column count from 1, columns in characters.
    File {
        /// The file as the caller named it.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// An environment variable.
    Variable {
        /// Its name.
        name: String,
    },
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Variable { name } => write!(f, "environment variable {name}"),
        }
    }
}

/// A configuration that can't be used. The text is one line and holds no value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file can't be read.
    #[error("{file}: can't be read: {source}")]
    Unreadable {
        /// The file as the caller named it.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not TOML.
    #[error("{origin}: not valid TOML: {rule}")]
    Syntax {
        /// Where.
        origin: Origin,
        /// What TOML wants there.
        rule: String,
    },
    /// A key or section that does not exist.
    #[error("{origin}: unknown key `{key}`{}", advice(nearest.as_deref(), known))]
    UnknownKey {
        /// Where.
        origin: Origin,
        /// The whole key, `section.key`.
        key: String,
        /// The known key nearest to it, when one is near enough to be meant.
        nearest: Option<String>,
        /// All keys known at that place.
        known: Vec<String>,
    },
    /// A value that breaks a rule, or a key that is missing.
    #[error("{origin}: {}{rule}", of_key(key))]
    Rule {
        /// Where.
        origin: Origin,
        /// The whole key, `section.key`; empty for the file as a whole.
        key: String,
        /// The rule.
        rule: String,
    },
    /// A variable that carries the prefix but is no override.
    #[error("environment variable {name}: {rule}")]
    Variable {
        /// Its name; bytes that are not UTF-8 are replaced.
        name: String,
        /// The rule.
        rule: &'static str,
    },
}

fn of_key(key: &str) -> String {
    if key.is_empty() {
        String::new()
    } else {
        format!("`{key}`: ")
    }
}

fn advice(nearest: Option<&str>, known: &[String]) -> String {
    match (nearest, known.is_empty()) {
        (Some(nearest), _) => format!("; did you mean `{nearest}`?"),
        (None, false) => format!("; known here: {}", known.join(", ")),
        (None, true) => "; no key is known here".to_owned(),
    }
}
