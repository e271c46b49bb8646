//! Mails that come back (RFC 3464), delivered into a Maildir.

mod maildir;
mod report;

use std::path::Path;

pub use maildir::MaildirError;
pub use report::{Bounce, Fate, parse};

use super::Outbox;
use crate::ports::StoreError;

/// Why bounces were not read.
#[derive(Debug, thiserror::Error)]
pub enum BounceError {
    /// The Maildir.
    #[error(transparent)]
    Maildir(#[from] MaildirError),
    /// The store; the bounce stays in `new`.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Outbox {
    /// Reads what is in the Maildir's `new`, records what came back, and moves it to `cur`. Says
    /// how many messages were moved.
    ///
    /// # Errors
    /// Maildir or store can't be used; what was not recorded stays in `new`.
    pub async fn read_bounces(&self, maildir: &Path) -> Result<usize, BounceError> {
        let mut moved = 0;
        for message in maildir::list(maildir).await? {
            let bytes = maildir::read(&message).await?;
            match bytes.as_deref().and_then(parse) {
                Some(bounce) if bounce.fate == Fate::Failed => {
                    tracing::warn!(MAIL_ID = %bounce.mail, reason = bounce.reason, "a mail came back: {}", bounce.reason);
                    self.came_back(bounce.mail, &bounce.reason).await?;
                }
                Some(bounce) => {
                    tracing::info!(MAIL_ID = %bounce.mail, reason = bounce.reason, "a mail is delayed: {}", bounce.reason);
                }
                None => {
                    tracing::warn!(file = %message.display(), "no delivery report of a mail of ours; left in cur");
                }
            }
            maildir::put_away(maildir, &message).await?;
            moved += 1;
        }
        Ok(moved)
    }
}
