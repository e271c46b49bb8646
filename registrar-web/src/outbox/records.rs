//! What a mail's fate means to its registration.

use super::Outbox;
use crate::domain::{MailJob, MailKind, MailState, MailTrouble, Stage, Timestamp};
use crate::ports::StoreError;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 8;
/// How long to leave a registration to the worker that is at it.
const BUSY_PAUSE: std::time::Duration = std::time::Duration::from_millis(25);

impl Outbox {
    /// Writes into the registration why its mail did not arrive.
    pub(super) async fn set_trouble(
        &self,
        job: &MailJob,
        message: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let Some(mut r) = self.store.registration(job.registration).await? else {
                return Ok(());
            };
            // Who has proven the address has got the mail, or has given another one since; and
            // logins are not the registration's business.
            if job.kind == MailKind::VerifyEmail && (r.address_is_proven() || job.to != r.email)
                || matches!(
                    job.kind,
                    MailKind::SessionRevoked { .. }
                        | MailKind::ResetPassword { .. }
                        | MailKind::CredentialChanged { .. }
                        | MailKind::InviteAccepted { .. }
                        | MailKind::LoginCode { .. }
                        | MailKind::SecondFactorChanged { .. }
                )
            {
                return Ok(());
            }
            r.mail_trouble = Some(MailTrouble {
                at: now,
                message: message.clone(),
            });
            r.updated_at = now;
            match self.store.update_registration(r).await {
                Err(StoreError::Conflict) => {}
                other => return other.map(|_| ()),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Makes a registration due that waits for its mail. A missed kick only delays it: the saga
    /// looks by itself.
    pub(super) async fn kick(&self, job: &MailJob, now: Timestamp) -> Result<(), StoreError> {
        if job.kind != MailKind::VerifyEmail || job.state == MailState::Queued {
            return Ok(());
        }
        for _ in 0..TRIES {
            let Some(mut r) = self.store.registration(job.registration).await? else {
                return Ok(());
            };
            let is_busy = r.work.lease.as_ref().is_some_and(|l| l.until > now);
            let is_due = r.work.due_at.is_some_and(|at| at <= now);
            if r.stage != Stage::Running || (is_due && !is_busy) {
                return Ok(());
            }
            if is_busy {
                // Most likely the saga is about to write that it waits for this very mail.
                tokio::time::sleep(BUSY_PAUSE).await;
                continue;
            }
            r.work.due_at = Some(now);
            match self.store.update_registration(r).await {
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e),
                Ok(_) => {
                    self.registrations_due.notify_one();
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Records that a mail that was taken came back.
    pub(super) async fn came_back(
        &self,
        id: crate::domain::MailId,
        reason: &str,
    ) -> Result<(), StoreError> {
        let now = self.clock.now();
        for _ in 0..TRIES {
            let Some(mut job) = self.store.mail(id).await? else {
                return Ok(());
            };
            if matches!(job.state, MailState::Failed { .. }) {
                return Ok(());
            }
            self.set_trouble(&job, reason.to_owned(), now).await?;
            super::fail(&mut job, reason.to_owned(), now);
            match self.store.update_mail(job).await {
                Err(StoreError::Conflict) => {}
                Ok(job) => return self.kick(&job, now).await,
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }
}
