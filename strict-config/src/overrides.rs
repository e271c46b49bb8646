//! `PREFIX__SECTION__KEY` variables.

use std::ffi::OsString;

use crate::ConfigError;

/// One variable that replaces one key.
pub(crate) struct Override {
    /// The variable's name.
    pub(crate) name: String,
    /// The key it replaces: `["mail", "transport"]`.
    pub(crate) path: Vec<String>,
    /// Its text, not yet parsed.
    pub(crate) value: String,
}

/// The overrides among `variables`, by name, so that the result does not depend on their order.
pub(crate) fn collect(
    prefix: &str,
    variables: impl IntoIterator<Item = (OsString, OsString)>,
) -> Result<Vec<Override>, ConfigError> {
    let prefix = format!("{prefix}__");
    let mut found = Vec::new();
    for (name, value) in variables {
        if !name.as_encoded_bytes().starts_with(prefix.as_bytes()) {
            continue;
        }
        let wrong = |rule| ConfigError::Variable {
            name: name.to_string_lossy().into_owned(),
            rule,
        };
        let name_text = name
            .to_str()
            .ok_or_else(|| wrong("the name must be UTF-8"))?;
        let value = value
            .into_string()
            .map_err(|_| wrong("the value must be UTF-8"))?;
        let path: Vec<String> = name_text
            .strip_prefix(&prefix)
            .unwrap_or_default()
            .split("__")
            .map(str::to_ascii_lowercase)
            .collect();
        if path.iter().any(String::is_empty) {
            return Err(wrong("must be PREFIX__SECTION__KEY with no empty part"));
        }
        found.push(Override {
            name: name_text.to_owned(),
            path,
            value,
        });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}
