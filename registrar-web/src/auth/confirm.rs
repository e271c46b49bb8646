use super::error::LoginError;
use super::gate::{Entry, seconds_until};
use super::world::{Auth, Typed};
use crate::domain::{User, UserId};
use crate::ports::HashError;
use crate::ports::StoreError;

impl Auth {
    /// Whether that is the password of a member who is logged in. Wrong ones are counted like
    /// failed logins, apart from those, and whoever goes away meanwhile changes nothing: the try
    /// counts.
    ///
    /// # Errors
    /// See [`LoginError`].
    pub async fn confirm(&self, user: &User, password: Typed) -> Result<bool, LoginError> {
        let (this, user) = (self.clone(), user.clone());
        let span = tracing::Span::current();
        let work = async move { this.try_confirm(&user, password).await };
        tokio::spawn(tracing::Instrument::instrument(work, span))
            .await
            .unwrap_or_else(|e| Err(LoginError::Internal(e.to_string())))
    }

    async fn try_confirm(&self, user: &User, password: Typed) -> Result<bool, LoginError> {
        let world = &self.world;
        let (most, window) = self.policy.failed_logins;
        let key = format!("confirm:{}", user.id);
        let entry = self
            .gate
            .enter(world.store.as_ref(), world.clock.as_ref(), &key, most);
        let _inside = match entry.await? {
            Entry::Let(inside) => inside,
            Entry::Refused(window) => {
                return Err(LoginError::Limited {
                    retry_after_seconds: seconds_until(window.resets_at, world.now()),
                });
            }
        };
        let hash = user.password_hash.as_ref().unwrap_or(&self.nobodys_hash);
        let matches = self.hashes.verify(password, hash.clone()).await;
        let matches = matches.map_err(|e| match e {
            HashError::Busy {
                retry_after_seconds,
            } => LoginError::Busy {
                retry_after_seconds,
            },
            HashError::Failed(text) => LoginError::Internal(text),
        })?;
        let is_right = matches && user.password_hash.is_some();
        if !is_right {
            world.store.count(&key, window, world.now()).await?;
        }
        Ok(is_right)
    }

    /// Writes into the sessions of a member that they have ended, which the member's record has
    /// decided already.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn close_sessions(&self, user: UserId) -> Result<(), StoreError> {
        self.mark_ended(user, crate::domain::SessionEnd::AccountClosed)
            .await
    }
}
