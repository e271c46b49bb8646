use crate::domain::SessionEnd;
use crate::ports::StoreError;
use crate::registration::RegistrationView;

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// Name, address or password is wrong: the one answer for all of it.
    #[error("name or password is wrong")]
    WrongCredentials,
    /// Too many of these.
    #[error("too many tries; try again in {retry_after_seconds} s")]
    Limited {
        /// Seconds.
        retry_after_seconds: u32,
    },
    /// The password is right; the registration is not complete.
    #[error("the registration is not complete")]
    Unfinished(Box<RegistrationView>),
    /// The password is right; the account is suspended.
    #[error("Your account has been suspended and access is denied.")]
    Suspended,
    /// The password is right; the account is deleted.
    #[error("Your account has been deleted and access is denied.")]
    Deleted,
    /// Too many at once.
    #[error("many people are logging in right now; try again in {retry_after_seconds} s")]
    Busy {
        /// Seconds.
        retry_after_seconds: u32,
    },
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

/// Why a token opens nothing.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Not one of ours, changed, expired, or of a session that is not known.
    #[error("the token is unknown or has expired; log in again")]
    Invalid,
    /// The session has ended.
    #[error("{}", ended(*.0))]
    Ended(SessionEnd),
    /// The account is suspended.
    #[error("Your account has been suspended and access is denied. You have been logged out.")]
    Suspended,
    /// The account is deleted.
    #[error("Your account has been deleted and access is denied. You have been logged out.")]
    Deleted,
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

fn ended(why: SessionEnd) -> &'static str {
    match why {
        SessionEnd::SignedOut | SessionEnd::AccountClosed => {
            "You have been logged out. Log in again."
        }
        SessionEnd::Reused => {
            "This session was ended, because a refresh token of it was used twice: someone else may have had it. Log in again."
        }
        SessionEnd::PasswordChanged => {
            "The password was changed, so this session was ended. Log in with the new one."
        }
        SessionEnd::Displaced => {
            "This session was ended, because you have begun many others since. Log in again."
        }
    }
}
