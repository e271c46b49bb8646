//! Mail: what is said ([`compose`]) and how it leaves ([`mailer`]).

mod clean;
mod compose;
mod credentials;
mod envelope;
mod invitations;
mod letters;
mod reviews;
mod sendmail;
mod smtp;
mod welcome;

use std::sync::Arc;

pub use clean::clean;
pub use compose::{ComposeError, compose, compose_invite};
pub use envelope::{Sender, SenderError};
pub use sendmail::Sendmail;
pub use smtp::{Smtp, SmtpError};

use crate::config::{CommunitySettings, MailSettings, MailTransport};
use crate::domain::MailDomain;
use crate::ports::{Clock, Mailer};
use crate::way_in::WayIn;

/// What the community calls itself and where it is found.
#[derive(Clone, Debug)]
pub struct Community {
    /// Shown in mails and as the sender's name.
    pub name: String,
    /// The host's mail domain and ssh name.
    pub domain: MailDomain,
    /// The pages' address, without a slash at the end.
    pub public_url: String,
    /// How members get in.
    pub way_in: WayIn,
}

impl Community {
    /// Takes it out of the configuration.
    #[must_use]
    pub fn new(settings: &CommunitySettings, public_url: &str) -> Self {
        Self {
            name: settings.name.clone(),
            domain: settings.domain.clone(),
            public_url: public_url.to_owned(),
            way_in: WayIn::of(settings),
        }
    }
}

/// Why mail can't leave with these settings.
#[derive(Debug, thiserror::Error)]
pub enum MailSetupError {
    /// The sender's address or name can't be used.
    #[error(transparent)]
    Sender(#[from] SenderError),
    /// The server can't be spoken to as configured.
    #[error(transparent)]
    Smtp(#[from] SmtpError),
}

/// The mailer that the settings name. Opens no connection yet.
///
/// # Errors
/// The sender can't be used, the password can't be read, or the host's name is none.
pub fn mailer(
    settings: &MailSettings,
    community: &Community,
    clock: Arc<dyn Clock>,
) -> Result<Arc<dyn Mailer>, MailSetupError> {
    let sender = Sender::new(settings, community, clock)?;
    Ok(match settings.transport {
        MailTransport::Smtp => Arc::new(Smtp::new(settings, sender)?),
        MailTransport::Sendmail => Arc::new(Sendmail::new(settings.sendmail.clone(), sender)),
    })
}
