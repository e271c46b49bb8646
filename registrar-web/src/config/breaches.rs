use serde::Deserialize;

use super::{Seconds, SettingError};

/// Whether new passwords are looked up in a list of leaked ones.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BreachSettings {
    /// Whether the list is asked.
    pub check: bool,
    /// The list: an address to whose end five hexadecimal digits are written.
    pub url: String,
    /// How long it may take.
    pub timeout: Seconds,
}

impl Default for BreachSettings {
    fn default() -> Self {
        Self {
            check: false,
            url: "https://api.pwnedpasswords.com/range/".into(),
            timeout: Seconds::of(2),
        }
    }
}

impl BreachSettings {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let parsed = self.url.parse::<http::Uri>();
        let scheme = parsed.as_ref().ok().and_then(http::Uri::scheme_str);
        if matches!(scheme, Some("http" | "https")) && self.url.ends_with('/') {
            return Ok(());
        }
        Err(SettingError {
            key: "breaches.url",
            message: "write it as https://host.example/range/, with a slash at the end".into(),
        })
    }
}
