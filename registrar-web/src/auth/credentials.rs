//! What every change of a password or key has in common.

use super::error::LoginError;
use super::world::{Auth, Client};
use crate::domain::{
    Action, Actor, AuditEvent, CredentialChange, FieldErrors, MailJob, MailKind, MailState, News,
    Subject, User, Work,
};
use crate::ports::{EntropyExt, StoreError};

/// Why a password or key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// What is wrong with what was typed.
    #[error("some fields have to be mended")]
    Fields(FieldErrors),
    /// Link or code is not known, used, expired or wrong: the one answer for all of it.
    #[error("the link or code is not good, or not any more; ask for another mail")]
    NoRecovery,
    /// The key is there already.
    #[error("this key is kept already")]
    KeyKept,
    /// Without it nobody could log in.
    #[error(
        "this is the only key, and accounts here are entered by key alone; add another one first"
    )]
    LastKey,
    /// The member has no such key.
    #[error("you have no such key")]
    NoSuchKey,
    /// The password could not be judged or hashed.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl CredentialError {
    pub(super) fn field(field: &'static str, code: &str, message: impl ToString) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(field, code, message);
        Self::Fields(errors)
    }
}

/// See [`Auth::notice`].
pub(super) struct Notice {
    key: String,
    kind: MailKind,
}

impl Auth {
    /// Does it to its end, even if who asked goes away.
    pub(super) async fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, CredentialError>> + Send + 'static,
    ) -> Result<T, CredentialError> {
        let span = tracing::Span::current();
        tokio::spawn(tracing::Instrument::instrument(work, span))
            .await
            .unwrap_or_else(|e| Err(LoginError::Internal(e.to_string()).into()))
    }

    /// Waits for what was begun in the background: mails that were asked for, hashes made anew.
    pub async fn finish_background(&self) {
        self.background.close();
        self.background.wait().await;
    }

    /// What the owner is told of a change. It is made once for each request, before the change is
    /// tried: of two requests that meet, each has a mail of its own, also when one has to try again.
    pub(super) fn notice(&self, what: CredentialChange, client: &Client) -> Notice {
        let now = self.world.now();
        let from = client.origin(now);
        let kind = MailKind::CredentialChanged { what, from };
        let id = self.world.entropy.uuid_v7(now);
        Notice {
            key: format!("{}:{id}", kind.name()),
            kind,
        }
    }

    /// Tells the owner where the owner is logged in.
    pub(super) async fn tell_live(&self, user: &User, what: CredentialChange) {
        let news = News::CredentialChanged { what };
        self.world.events.publish(user.id, news).await;
    }

    /// Tells the owner by mail, once for each notice.
    pub(super) async fn tell_owner(&self, user: &User, notice: &Notice) -> Result<(), StoreError> {
        self.mail(user, notice.kind.clone(), notice.key.clone())
            .await
    }

    pub(super) async fn mail(
        &self,
        user: &User,
        kind: MailKind,
        dedupe_key: String,
    ) -> Result<(), StoreError> {
        let now = self.world.now();
        let job = MailJob {
            id: self.world.entropy.uuid_v7(now),
            version: 1,
            dedupe_key,
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

    pub(super) async fn audit_change(
        &self,
        action: Action,
        actor: Actor,
        user: &User,
        client: &Client,
        details: Vec<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let event = AuditEvent {
            action,
            actor,
            subject: Some(Subject::member(user)),
            address: Some(client.address.0.clone()),
            request_id: None,
            details,
        };
        self.world.audit.record(event).await
    }
}
