use async_trait::async_trait;

use crate::domain::{DisplayName, Email, MailId};

/// A mail, ready to be written out.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    /// Names it; becomes Message-ID and bounce address.
    pub id: MailId,
    /// The one recipient.
    pub to: Email,
    /// The name shown with the address, where one is to be shown.
    pub to_name: Option<DisplayName>,
    /// Without line breaks.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Why a mail was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailError {
    /// Try again later.
    #[error("the mail system can't take it now: {0}")]
    Transient(String),
    /// It will never be taken.
    #[error("the mail system refuses it: {0}")]
    Refused(String),
}

/// Hands mails to the mail system.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands over one mail; `Ok` means that the mail system is now responsible for it.
    async fn send(&self, message: &Message) -> Result<(), MailError>;
}
