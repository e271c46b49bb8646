//! Sessions that a browser's cookie opens.

use jiff::SignedDuration;

use super::error::TokenError;
use super::sessions::Caller;
use super::world::{Auth, Client};
use crate::domain::{FormToken, PageToken};
use crate::ports::StoreError;

impl Auth {
    /// Who holds a page token. Session and member are read each time, as for access tokens. Being
    /// used makes the session last, which is written down once in a while; the second value says
    /// that it was now.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn page_caller(
        &self,
        token: &PageToken,
        client: &Client,
    ) -> Result<(Caller, bool), TokenError> {
        let now = self.world.now();
        let Caller { user, mut session } = self.page_session(token).await?;
        let mut is_noted = session.note_use(client.origin(now), self.policy.refresh_ttl);
        if is_noted {
            match self.world.store.update_session(session.clone()).await {
                Ok(kept) => session = kept,
                // Another page of the same browser has noted it, or it was just ended, which the
                // next page shows.
                Err(StoreError::Conflict) => is_noted = false,
                Err(e) => return Err(e.into()),
            }
        }
        Ok((Caller { user, session }, is_noted))
    }

    /// The same, which does not make the session last: for what goes on while nobody does anything.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn page_session(&self, token: &PageToken) -> Result<Caller, TokenError> {
        let session = self.world.store.session(token.session()).await?;
        let session = session.filter(|s| s.is_opened_by(token));
        let session = session.ok_or(TokenError::Invalid)?;
        let user = self.member_of(&session, self.world.now()).await?;
        Ok(Caller { user, session })
    }

    /// How long a session lasts without being used.
    #[must_use]
    pub fn session_lasts(&self) -> SignedDuration {
        self.policy.refresh_ttl
    }

    /// What the forms of a session of pages carry.
    #[must_use]
    pub fn form_token(&self, token: &PageToken) -> FormToken {
        token.form_token(&self.world.key)
    }
}
