use tracing::Instrument;

use super::error::LoginError;
use super::two_factor::FactorError;
use super::world::{Auth, Typed};
use crate::domain::{SessionEnd, User, UserId};
use crate::ports::StoreError;

impl Auth {
    /// Whether that is the password of a member who is logged in. Limited like logins; whoever goes
    /// away meanwhile changes nothing: the try counts.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn confirm(&self, user: &User, password: Typed) -> Result<bool, LoginError> {
        let (this, user) = (self.clone(), user.clone());
        let work = async move { this.check_password(&user, password).await };
        let checked = tokio::spawn(work.instrument(tracing::Span::current())).await;
        match checked {
            Ok(Ok(())) => Ok(true),
            Ok(Err(FactorError::WrongPassword)) => Ok(false),
            Ok(Err(FactorError::Login(error))) => Err(error),
            Ok(Err(other)) => Err(LoginError::Internal(other.to_string())),
            Err(error) => Err(LoginError::Internal(error.to_string())),
        }
    }

    /// Writes into the sessions of a member that they have ended, which the member's record has
    /// decided already.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn close_sessions(&self, user: UserId) -> Result<(), StoreError> {
        self.mark_ended(user, SessionEnd::AccountClosed).await
    }
}
