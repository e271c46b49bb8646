use super::error::TokenError;
use super::world::{Auth, Client, Tokens};
use crate::domain::{
    Action, Actor, AuditEvent, MailJob, MailKind, MailState, Presented, RefreshToken, Session,
    SessionEnd, Subject, Timestamp, User, UserState, Work,
};
use crate::ports::{EntropyExt, StoreError};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

impl Auth {
    /// Spends a refresh token for the next tokens.
    ///
    /// Of many who spend the same one at once, one does; the others, and who asks again within ten
    /// seconds because the reply was lost, are given the same next token. One that comes back later
    /// has been in two hands: the session ends, and the owner is told.
    ///
    /// # Errors
    /// See [`TokenError`].
    pub async fn refresh(&self, text: &str, client: &Client) -> Result<Tokens, TokenError> {
        let token = RefreshToken::parse(text).ok_or(TokenError::Invalid)?;
        for _ in 0..TRIES {
            let now = self.world.now();
            let session = self.world.store.session(token.session()).await?;
            let mut session = session.ok_or(TokenError::Invalid)?;
            let presented = session.judge(&self.refresh_key, &token, now);
            if presented == Presented::Unknown {
                return Err(TokenError::Invalid);
            }
            let user = self.member_of(&session, now).await?;
            match presented {
                Presented::Present => {
                    let from = client.origin(now);
                    let ttl = self.policy.refresh_ttl;
                    let next = session.rotate(&self.refresh_key, from, ttl);
                    match self.world.store.update_session(session).await {
                        Ok(session) => return self.tokens(user, session, next, now),
                        // Someone else has spent it: see what is there now.
                        Err(StoreError::Conflict) => {}
                        Err(e) => return Err(e.into()),
                    }
                }
                Presented::Replay => {
                    let same = session.present_token(&self.refresh_key);
                    let same = same.ok_or(TokenError::Invalid)?;
                    return self.tokens(user, session, same, now);
                }
                Presented::Reused | Presented::Unknown => {
                    if self.revoke(session, &user, client, now).await? {
                        return Err(TokenError::Ended(SessionEnd::Reused));
                    }
                }
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// The member of a session that lives.
    pub(super) async fn member_of(
        &self,
        session: &Session,
        now: Timestamp,
    ) -> Result<User, TokenError> {
        let user = self.world.store.user(session.user).await?;
        let user = user.ok_or(TokenError::Invalid)?;
        match user.state {
            UserState::Active => {}
            UserState::Suspended => return Err(TokenError::Suspended),
            UserState::Deleted => return Err(TokenError::Deleted),
            UserState::Pending => return Err(TokenError::Invalid),
        }
        if session.is_live(&user, now) {
            return Ok(user);
        }
        Err(match session.ended {
            Some(ended) => TokenError::Ended(ended.why),
            None if session.epoch != user.access.epoch => TokenError::Ended(SessionEnd::SignedOut),
            None => TokenError::Invalid,
        })
    }

    /// Ends a session of which a spent token came back; `false` when someone else wrote meanwhile.
    async fn revoke(
        &self,
        mut session: Session,
        user: &User,
        client: &Client,
        now: Timestamp,
    ) -> Result<bool, TokenError> {
        // First, so that a crash in between tells it once more rather than never.
        self.tell_of_reuse(&session, user, client, now).await?;
        session.end(SessionEnd::Reused, now);
        match self.world.store.update_session(session).await {
            Ok(session) => {
                tracing::warn!(
                    USERNAME = %user.username,
                    SESSION_ID = %session.id,
                    CLIENT = client.address.0,
                    BEGAN_FROM = session.began.address,
                    "a spent refresh token came back; its session is ended"
                );
                let event = AuditEvent {
                    action: Action::RefreshTokenReused,
                    actor: Actor::Visitor,
                    subject: Some(Subject::member(user)),
                    address: Some(client.address.0.clone()),
                    request_id: None,
                    details: vec![("session", session.id.to_string())],
                };
                self.world.audit.record(event).await?;
                self.tell_of_end(user.id, Some(session.id), SessionEnd::Reused, false)
                    .await;
                Ok(true)
            }
            Err(StoreError::Conflict) => Ok(false),
            Err(e) => Err(e.into()),
        }
    }

    async fn tell_of_reuse(
        &self,
        session: &Session,
        user: &User,
        client: &Client,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kind = MailKind::SessionRevoked {
            began: session.began.clone(),
            reused: client.origin(now),
        };
        let job = MailJob {
            id: self.world.entropy.uuid_v7(now),
            version: 1,
            dedupe_key: format!("{}:{}", kind.name(), session.id),
            kind,
            to: user.email.clone(),
            registration: user.id,
            state: MailState::Queued,
            work: Work::due(now),
            created_at: now,
        };
        match self.world.store.enqueue_mail(&job).await {
            Ok(()) | Err(StoreError::Duplicate(_)) => {
                self.world.mails_due.notify_one();
                Ok(())
            }
            Err(e) => Err(e),
        }
    }
}
