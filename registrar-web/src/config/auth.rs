use serde::{Deserialize, Serialize};

use super::{Seconds, SettingError};
use crate::domain::Role;

/// How people log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthSettings {
    /// How access tokens are signed.
    pub algorithm: TokenAlgorithm,
    /// How long an access token is good.
    pub access_ttl: Seconds,
    /// How long a session lives without being used.
    pub refresh_ttl: Seconds,
    /// For whom the tokens are; `server.public_url` when left out.
    pub audience: Option<String>,
    /// Failed logins of one client address, and for one account, in a window.
    pub failed_logins: u32,
    /// The window of `failed_logins`.
    pub failed_logins_window: Seconds,
    /// Roles whose members are asked for a second factor, by mail if they have set up none.
    pub require_two_factor: Vec<Role>,
}

/// How access tokens are signed (RFC 7518, RFC 8037).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum TokenAlgorithm {
    /// RSA of 2048 bits with SHA-256; every library knows it.
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
    /// ECDSA on P-256.
    #[serde(rename = "ES256")]
    Es256,
    /// Ed25519.
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// HMAC: nobody but the service itself can verify.
    #[serde(rename = "HS256")]
    Hs256,
}

impl Default for AuthSettings {
    fn default() -> Self {
        Self {
            algorithm: TokenAlgorithm::Rs256,
            access_ttl: Seconds::of(15 * 60),
            refresh_ttl: Seconds::hours(7 * 24),
            audience: None,
            failed_logins: 5,
            failed_logins_window: Seconds::of(15 * 60),
            require_two_factor: Vec::new(),
        }
    }
}

impl AuthSettings {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        let wrong = |key, message: &str| {
            Err(SettingError {
                key,
                message: message.to_owned(),
            })
        };
        if self.access_ttl > Seconds::hours(24) {
            return wrong(
                "auth.access_ttl",
                "an access token is good for a day at most",
            );
        }
        if self.refresh_ttl < self.access_ttl {
            return wrong(
                "auth.refresh_ttl",
                "a session outlives its access tokens: write more than auth.access_ttl",
            );
        }
        if self.failed_logins == 0 {
            return wrong("auth.failed_logins", "at least one mistake must be allowed");
        }
        if self.audience.as_ref().is_some_and(|a| a.trim().is_empty()) {
            return wrong("auth.audience", "leave it out rather than empty");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_cannot_work_are_refused() {
        let good = AuthSettings::default();
        assert!(good.check().is_ok());
        let long = AuthSettings {
            access_ttl: Seconds::hours(25),
            ..good.clone()
        };
        assert_eq!(long.check().unwrap_err().key, "auth.access_ttl");
        let short = AuthSettings {
            refresh_ttl: Seconds::of(60),
            ..good
        };
        assert_eq!(short.check().unwrap_err().key, "auth.refresh_ttl");
    }
}
