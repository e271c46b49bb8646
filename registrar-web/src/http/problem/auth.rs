//! What logins and tokens are refused with.

use super::Kind;
use super::{Problem, Unfinished, capitalised};
use crate::auth::{LoginError, RotateError, TokenError};
use crate::registration::RegistrationView;

impl From<LoginError> for Problem {
    fn from(error: LoginError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            LoginError::WrongCredentials => Self::new(Kind::WrongCredentials),
            LoginError::Limited {
                retry_after_seconds,
            } => Self::with_detail(Kind::TooManyRequests, words).retry_after(retry_after_seconds),
            LoginError::Unfinished(view) => unfinished(&view),
            LoginError::Suspended => Self::new(Kind::AccountSuspended),
            LoginError::Deleted => Self::new(Kind::AccountDeleted),
            LoginError::Busy {
                retry_after_seconds,
            } => Self::with_detail(Kind::Busy, words).retry_after(retry_after_seconds),
            LoginError::Store(error) => error.into(),
            LoginError::Internal(error) => {
                tracing::error!(error, "a login could not be judged");
                Self::new(Kind::Internal)
            }
        }
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let words = error.to_string();
        match error {
            TokenError::Invalid => Self::new(Kind::InvalidToken),
            TokenError::Ended(_) => Self::with_detail(Kind::SessionEnded, words),
            TokenError::Suspended => Self::with_detail(Kind::AccountSuspended, words),
            TokenError::Deleted => Self::with_detail(Kind::AccountDeleted, words),
            TokenError::Store(error) => error.into(),
            TokenError::Internal(error) => {
                tracing::error!(error, "a token could not be judged");
                Self::new(Kind::Internal)
            }
        }
    }
}

/// Names a path of ours, so it stays in the log.
impl From<RotateError> for Problem {
    fn from(error: RotateError) -> Self {
        match error {
            RotateError::Keys(error) => {
                tracing::error!(%error, "the keys of access tokens can't be replaced");
                Self::new(Kind::Internal)
            }
            RotateError::Store(error) => error.into(),
        }
    }
}

fn unfinished(view: &RegistrationView) -> Problem {
    let registration = Unfinished {
        username: view.username.to_string(),
        status: view.status.as_str().to_owned(),
        progress: view.progress,
        can_proceed: view.can_proceed,
        status_url: format!("/api/auth/status/registration/{}", view.username),
    };
    Problem {
        registration: Some(Box::new(registration)),
        ..Problem::with_detail(Kind::RegistrationUnfinished, view.message.clone())
    }
}
