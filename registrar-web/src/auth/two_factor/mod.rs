//! The second factor: what a login waits for ([`login`]), and how members change it ([`change`],
//! [`totp`]), or admins ([`reset`]). What a code is and when it is right, [`crate::domain::SecondFactor`] says.

mod change;
mod login;
mod reset;
mod totp;

use std::future::Future;

use tracing::Instrument;

use super::error::{LoginError, TokenError};
use crate::domain::{FactorMethod, Unreadable, UserId};
use crate::ports::StoreError;

pub use change::FactorStatus;
pub use login::{Asked, Entered};
pub use reset::{ResetError, Resetter};
pub use totp::TotpSetup;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

/// Why a second factor is not taken, or not changed.
#[derive(Debug, thiserror::Error)]
pub enum FactorError {
    /// No login waits for this, or not any more.
    #[error("this login has lapsed; log in again")]
    Gone,
    /// The login waits for another kind of code.
    #[error("this login waits for another kind of code")]
    OtherMethod(FactorMethod),
    /// The code does not finish the login.
    #[error("the code is not the one that is asked for, or was used before")]
    WrongAnswer {
        /// Tries left; with none the login has lapsed.
        tries_left: u8,
    },
    /// The password that a change needs is another one.
    #[error("this is not your password")]
    WrongPassword,
    /// The code that a change needs is another one.
    #[error("the code is not the one of your authenticator, or was used before")]
    WrongCode,
    /// A change needs a code as well.
    #[error("send a code of your authenticator, or a recovery code")]
    ProofRequired,
    /// There is an authenticator.
    #[error("an authenticator is in use; switch it off before you set up another one")]
    AlreadyOn,
    /// There is none.
    #[error("no second factor of this kind is switched on")]
    NotOn,
    /// None was set up.
    #[error("no authenticator waits to be confirmed; set one up and confirm it within 15 minutes")]
    NothingPending,
    /// The session has ended meanwhile.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// As of any login.
    #[error(transparent)]
    Login(#[from] LoginError),
}

impl From<StoreError> for FactorError {
    fn from(error: StoreError) -> Self {
        Self::Login(error.into())
    }
}

impl From<Unreadable> for FactorError {
    fn from(error: Unreadable) -> Self {
        Self::Login(LoginError::Internal(error.to_string()))
    }
}

/// Counts a member's wrong codes, whatever they were meant for.
fn wrong_codes(user: UserId) -> String {
    format!("second-factor:{user}")
}

/// Does it to the end, though its caller goes away meanwhile: a try counts.
async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, FactorError>> + Send + 'static,
) -> Result<T, FactorError> {
    tokio::spawn(work.instrument(tracing::Span::current()))
        .await
        .unwrap_or_else(|e| Err(LoginError::Internal(e.to_string()).into()))
}
