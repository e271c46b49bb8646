use super::error::TokenError;
use super::world::{Auth, Client};
use crate::domain::{
    Action, Actor, AuditEvent, News, Presented, RefreshToken, Session, SessionEnd, SessionId,
    Subject, Timestamp, User, UserId, UserState,
};
use crate::ports::{Page, PageRequest, StoreError};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

/// Who asks: a member, in a session.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Who, as the store has it now; the token may be older than the role.
    pub user: User,
    /// In which session.
    pub session: Session,
}

impl Auth {
    /// Who holds an access token. Session and member are read each time, so that one that was
    /// signed out or suspended a moment ago, on whatever instance, is out.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn authenticate(&self, token: &str) -> Result<Caller, TokenError> {
        let (caller, _) = self.authenticate_until(token).await?;
        Ok(caller)
    }

    /// The same, with the time at which the token runs out.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn authenticate_until(&self, token: &str) -> Result<(Caller, Timestamp), TokenError> {
        let now = self.world.now();
        let claims = self.issuer.verify(&self.keys, token, now)?;
        let session = self.world.store.session(claims.sid).await?;
        let session = session.filter(|s| s.user == claims.sub);
        let session = session.ok_or(TokenError::Invalid)?;
        let user = self.member_of(&session, now).await?;
        let until = Timestamp::from_second(claims.exp).map_err(|_| TokenError::Invalid)?;
        Ok((Caller { user, session }, until))
    }

    /// A member's sessions that live, in the order in which they began. A page may have fewer than
    /// asked for before the last.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn sessions(
        &self,
        user: &User,
        page: &PageRequest,
    ) -> Result<Page<Session>, StoreError> {
        let now = self.world.now();
        let mut page = self.world.store.list_sessions(user.id, page).await?;
        page.items.retain(|s| s.is_live(user, now));
        Ok(page)
    }

    /// One of a member's own sessions, if it lives.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn session(&self, user: &User, id: SessionId) -> Result<Option<Session>, StoreError> {
        let now = self.world.now();
        let found = self.world.store.session(id).await?;
        Ok(found.filter(|s| s.is_live(user, now)))
    }

    /// Signs out one of a member's own sessions; `false` when there is none such that lives.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn sign_out(&self, user: &User, id: SessionId) -> Result<bool, StoreError> {
        self.sign_out_quietly(user, id, true).await
    }

    /// The same, asked for in a session. The member is told when it is another one.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn sign_out_elsewhere(
        &self,
        caller: &Caller,
        id: SessionId,
    ) -> Result<bool, StoreError> {
        let is_own = caller.session.id == id;
        self.sign_out_quietly(&caller.user, id, is_own).await
    }

    async fn sign_out_quietly(
        &self,
        user: &User,
        id: SessionId,
        quiet: bool,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let Some(mut session) = self.session(user, id).await? else {
                return Ok(false);
            };
            session.end(SessionEnd::SignedOut, self.world.now());
            match self.world.store.update_session(session).await {
                Ok(_) => {
                    tracing::info!(USERNAME = %user.username, SESSION_ID = %id, "signed out");
                    self.tell_of_end(user.id, Some(id), SessionEnd::SignedOut, quiet)
                        .await;
                    return Ok(true);
                }
                // It was just refreshed.
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Signs out the session of a refresh token, spent ones included. What is no token of ours
    /// changes nothing and is no error (RFC 7009, 2.2).
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn sign_out_by_token(&self, text: &str) -> Result<(), StoreError> {
        let Some(token) = RefreshToken::parse(text) else {
            return Ok(());
        };
        let Some(session) = self.world.store.session(token.session()).await? else {
            return Ok(());
        };
        let presented = session.judge(&self.refresh_key, &token, self.world.now());
        if presented == Presented::Unknown {
            return Ok(());
        }
        if let Some(user) = self.world.store.user(session.user).await? {
            self.sign_out(&user, session.id).await?;
        }
        Ok(())
    }

    /// Signs out every session of a member at once.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn sign_out_everywhere(
        &self,
        user: &User,
        client: &Client,
    ) -> Result<(), StoreError> {
        self.change(user.id, User::end_sessions).await?;
        self.mark_ended(user.id, SessionEnd::SignedOut).await?;
        let news = News::SessionEnded {
            session: None,
            why: SessionEnd::SignedOut,
            quiet: false,
        };
        self.world.events.publish_read(user.id, news).await;
        let event = AuditEvent {
            action: Action::SignedOutEverywhere,
            actor: Actor::member(user),
            subject: Some(Subject::member(user)),
            address: Some(client.address.0.clone()),
            request_id: None,
            details: Vec::new(),
        };
        self.world.audit.record(event).await
    }

    /// Lets a member in or not. One that is not let in any more is out of every session at once,
    /// and stays out of them when let in again. `None` when there is no such member.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn set_state(
        &self,
        user: UserId,
        state: UserState,
    ) -> Result<Option<User>, StoreError> {
        let changed = self.change(user, |u| u.set_state(state)).await?;
        if changed.is_some() && state != UserState::Active {
            self.mark_ended(user, SessionEnd::AccountClosed).await?;
        }
        Ok(changed)
    }

    pub(super) async fn change(
        &self,
        id: UserId,
        change: impl Fn(&mut User) + Send + Sync,
    ) -> Result<Option<User>, StoreError> {
        for _ in 0..TRIES {
            let Some(mut user) = self.world.store.user(id).await? else {
                return Ok(None);
            };
            change(&mut user);
            match self.world.store.update_user(user).await {
                Ok(user) => return Ok(Some(user)),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Tells a member that a session was ended; whoever listens in it is let go. A quiet end is for
    /// the latter alone.
    pub(super) async fn tell_of_end(
        &self,
        user: UserId,
        session: Option<SessionId>,
        why: SessionEnd,
        quiet: bool,
    ) {
        let news = News::SessionEnded {
            session,
            why,
            quiet,
        };
        self.world.events.publish(user, news).await;
    }

    /// Writes into the sessions what the member's record has decided already, and lets those go who
    /// listen in them.
    pub(super) async fn mark_ended(&self, user: UserId, why: SessionEnd) -> Result<(), StoreError> {
        let now: Timestamp = self.world.now();
        let mut after = None;
        let current = self.world.store.user(user).await?;
        loop {
            let page = PageRequest { limit: 100, after };
            let page = self.world.store.list_sessions(user, &page).await?;
            let over = page.items.into_iter().filter(|s| {
                // Not one that began since.
                current.as_ref().is_none_or(|u| s.epoch != u.access.epoch)
            });
            for mut session in over {
                session.end(why, now);
                match self.world.store.update_session(session).await {
                    Ok(_) | Err(StoreError::Conflict) => {}
                    Err(e) => return Err(e),
                }
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.tell_of_end(user, None, why, true).await;
        Ok(())
    }
}
