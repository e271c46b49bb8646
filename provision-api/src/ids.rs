use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The text is no UUID in its usual form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id is a UUID of 36 characters in lower case, with hyphens (RFC 9562)")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID.
            #[must_use]
            pub fn new(id: Uuid) -> Self {
                Self(id)
            }

            /// Parses the hyphenated lower-case form, and no other.
            ///
            /// # Errors
            /// Any other text.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                let id = Uuid::try_parse(text).map_err(|_| IdError)?;
                // One spelling for one id, so that it can be compared and used as a file name.
                (id.hyphenated().to_string() == text).then_some(Self(id)).ok_or(IdError)
            }

            /// The UUID.
            #[must_use]
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.to_string()
            }
        }
    };
}

id! {
    /// Names one call; chosen by the caller, the key of its idempotency.
    RequestId
}
id! {
    /// Names one registration, and so the account made for it.
    RegistrationId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_id_has_one_spelling() {
        let good = "0193a1b2-0000-7000-8000-00000000abcd";
        assert_eq!(RequestId::parse(good).unwrap().to_string(), good);
        for bad in [
            "",
            "../../etc/passwd",
            "0193A1B2-0000-7000-8000-00000000ABCD",
            "0193a1b200007000800000000000abcd",
            "{0193a1b2-0000-7000-8000-00000000abcd}",
            "urn:uuid:0193a1b2-0000-7000-8000-00000000abcd",
        ] {
            assert_eq!(RequestId::parse(bad), Err(IdError), "{bad}");
        }
    }
}
