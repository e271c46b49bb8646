//! What a login ends with: a session, opened by tokens for programs or by a cookie for pages.

use super::error::{LoginError, TokenError};
use super::world::{Auth, Client, Tokens};
use crate::domain::{FactorNotice, News, PageToken, Session, SessionEnd, Timestamp, User};
use crate::ports::{EntropyExt, PageRequest, StoreError};
use crate::tally::{Tallied, tally};

/// Sessions of one account at once; one more ends the oldest.
const MOST_SESSIONS: usize = 100;

/// What a login can end with.
pub trait Opened: Sized + Send + 'static {
    /// Begins the session; all that is asked for was shown.
    #[doc(hidden)]
    fn begin(
        auth: &Auth,
        user: User,
        client: &Client,
        now: Timestamp,
    ) -> impl Future<Output = Result<Self, LoginError>> + Send;

    /// The session that was begun.
    #[doc(hidden)]
    fn session(&self) -> &Session;

    /// With what is new since the last login.
    #[doc(hidden)]
    #[must_use]
    fn telling(self, notice: Option<FactorNotice>) -> Self;
}

/// A session of pages.
#[derive(Debug)]
pub struct PageLogin {
    /// For the browser's cookie.
    pub token: PageToken,
    /// Whose.
    pub user: User,
    /// The session.
    pub session: Session,
    /// What is new since the last login.
    pub notice: Option<FactorNotice>,
}

impl Opened for Tokens {
    async fn begin(
        auth: &Auth,
        user: User,
        client: &Client,
        now: Timestamp,
    ) -> Result<Self, LoginError> {
        let entropy = &auth.world.entropy;
        let (session, refresh) = Session::begin(
            &auth.refresh_key,
            entropy.uuid_v7(now),
            entropy.bytes(),
            &user,
            client.origin(now),
            auth.policy.refresh_ttl,
        );
        auth.keep(&user, &session, now).await?;
        auth.tokens(user, session, refresh, now)
            .map_err(|e| match e {
                TokenError::Store(e) => LoginError::Store(e),
                other => LoginError::Internal(other.to_string()),
            })
    }

    fn session(&self) -> &Session {
        &self.session
    }

    fn telling(self, notice: Option<FactorNotice>) -> Self {
        Self { notice, ..self }
    }
}

impl Opened for PageLogin {
    async fn begin(
        auth: &Auth,
        user: User,
        client: &Client,
        now: Timestamp,
    ) -> Result<Self, LoginError> {
        let entropy = &auth.world.entropy;
        let (session, token) = Session::begin_pages(
            entropy.uuid_v7(now),
            &entropy.bytes(),
            &user,
            client.origin(now),
            auth.policy.refresh_ttl,
        );
        auth.keep(&user, &session, now).await?;
        Ok(Self {
            token,
            user,
            session,
            notice: None,
        })
    }

    fn session(&self) -> &Session {
        &self.session
    }

    fn telling(self, notice: Option<FactorNotice>) -> Self {
        Self { notice, ..self }
    }
}

impl Auth {
    /// Writes a new session down.
    async fn keep(&self, user: &User, session: &Session, now: Timestamp) -> Result<(), StoreError> {
        self.displace(user, now).await?;
        self.world.store.insert_session(session).await?;
        tally(self.world.store.as_ref(), Tallied::Login, now).await;
        tracing::info!(USERNAME = %user.username, SESSION_ID = %session.id, "logged in");
        Ok(())
    }

    /// Tells a member of a session that was begun by a program that the member did not use before.
    pub(super) async fn tell_of_login(&self, session: &Session) {
        let news = News::NewLogin {
            session: session.id,
            address: session.began.address.clone(),
            device: session.began.device.clone(),
        };
        self.world.events.publish(session.user, news).await;
    }

    /// Ends the oldest session of who has too many.
    async fn displace(&self, user: &User, now: Timestamp) -> Result<(), StoreError> {
        let page = PageRequest {
            limit: MOST_SESSIONS,
            after: None,
        };
        let page = self.world.store.list_sessions(user.id, &page).await?;
        let is_full = page.items.len() >= MOST_SESSIONS;
        if let Some(mut oldest) = page.items.into_iter().next().filter(|_| is_full) {
            oldest.end(SessionEnd::Displaced, now);
            match self.world.store.update_session(oldest).await {
                Ok(ended) => {
                    let why = SessionEnd::Displaced;
                    self.tell_of_end(user.id, Some(ended.id), why, false).await;
                }
                // It is in use after all; the next login looks again.
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}
