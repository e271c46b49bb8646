//! TOML configuration whose errors say where and why.
//!
//! An error names the file, line, column and key (or the environment variable), the rule that was
//! broken, and for a key that does not exist the nearest one that does. It never repeats a value:
//! the value may be a secret, and errors end in logs.
//!
//! The caller's structs decide what is known: put `#[serde(deny_unknown_fields, default)]` on
//! each. `#[serde(flatten)]` and untagged enums lose positions and should be avoided.

mod document;
mod error;
mod overrides;
mod rule;
mod secret;

use std::ffi::OsString;
use std::path::Path;

use serde::de::DeserializeOwned;

pub use error::{ConfigError, Origin};
pub use secret::{Secret, SecretError, read_secret};

use document::Document;

/// Reads the configuration file at `path` and lays environment variables over it.
///
/// A variable `PREFIX__SECTION__KEY` replaces `key` of `[section]`: with the prefix `REGISTRAR`,
/// `REGISTRAR__MAIL__TRANSPORT=smtp`. Its value is read as TOML (`5`, `true`, `["a", "b"]`), and
/// as a plain string where it is not TOML or where the key wants a string.
///
/// # Errors
///
/// When the file can't be read (a missing file included), is not TOML, or breaks a rule of `T`.
pub fn load<T: DeserializeOwned>(path: &Path, env_prefix: &str) -> Result<T, ConfigError> {
    load_with(path, env_prefix, std::env::vars_os())
}

/// [`load`] with the environment passed in.
///
/// # Errors
///
/// As [`load`].
pub fn load_with<T, V>(path: &Path, env_prefix: &str, variables: V) -> Result<T, ConfigError>
where
    T: DeserializeOwned,
    V: IntoIterator<Item = (OsString, OsString)>,
{
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        file: path.display().to_string(),
        source,
    })?;
    parse_with(&text, &path.display().to_string(), env_prefix, variables)
}

/// Parses configuration text; `file_name` is what errors call it. Looks at no environment.
///
/// # Errors
///
/// When the text is not TOML or breaks a rule of `T`.
pub fn parse<T: DeserializeOwned>(text: &str, file_name: &str) -> Result<T, ConfigError> {
    Document::parse(text, file_name)?.read()
}

/// [`parse`] with variables laid over the text, as [`load`] does.
///
/// # Errors
///
/// As [`load`], without the reading of a file.
pub fn parse_with<T, V>(
    text: &str,
    file_name: &str,
    env_prefix: &str,
    variables: V,
) -> Result<T, ConfigError>
where
    T: DeserializeOwned,
    V: IntoIterator<Item = (OsString, OsString)>,
{
    let overrides = overrides::collect(env_prefix, variables)?;
    let mut document = Document::parse(text, file_name)?;
    for item in &overrides {
        document.lay_over(item);
    }
    document.read()
}
