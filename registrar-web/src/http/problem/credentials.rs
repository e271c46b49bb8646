//! What is said when a password or key was not changed.

use super::{Kind, Problem, capitalised};
use crate::auth::{CredentialError, LoginError};

impl From<CredentialError> for Problem {
    fn from(error: CredentialError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            CredentialError::Fields(errors) => errors.into(),
            CredentialError::NoRecovery => Self::new(Kind::RecoveryUnknown),
            CredentialError::KeyKept => Self::new(Kind::KeyKept),
            CredentialError::LastKey => Self::with_detail(Kind::NotPossibleNow, words),
            CredentialError::NoSuchKey => Self::with_detail(Kind::NotFound, words),
            CredentialError::Login(LoginError::Limited {
                retry_after_seconds: seconds,
            }) => Self::with_detail(
                Kind::TooManyRequests,
                format!("Too many tries; go on in {seconds} s."),
            )
            .retry_after(seconds),
            CredentialError::Login(error) => error.into(),
            CredentialError::Store(error) => error.into(),
        }
    }
}
