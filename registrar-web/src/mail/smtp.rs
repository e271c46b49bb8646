//! Mail over SMTP (RFC 5321), to a server on this machine or elsewhere.

use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use strict_config::{Secret, SecretError, read_secret};

use super::clean;
use super::envelope::Sender;
use crate::config::{MailSettings, SmtpTls};
use crate::ports::{MailError, Mailer, Message};

/// How long connecting may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one mail may take in all: lettre bounds connecting alone, a server that falls silent
/// later would hold the worker for ever.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Why a server can't be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The password can't be read.
    #[error("mail.password_file: {0}")]
    Password(#[from] SecretError),
    /// TLS can't be set up for this host.
    #[error("mail.host: {0}")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Hands mails to a server. Each mail has a connection of its own, so an idle service holds none.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    password: Option<Secret>,
    sender: Sender,
}

impl Smtp {
    /// Prepares it; connects to nothing.
    ///
    /// # Errors
    /// Password or host name can't be used.
    pub fn new(settings: &MailSettings, sender: Sender) -> Result<Self, SmtpError> {
        let parameters = || TlsParameters::new(settings.host.clone()).map_err(SmtpError::Tls);
        let tls = match settings.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
                .port(settings.port)
                .tls(tls)
                .timeout(Some(CONNECT_TIMEOUT));
        let mut password = None;
        if let (Some(name), Some(file)) = (&settings.username, &settings.password_file) {
            let secret = read_secret(file)?;
            builder =
                builder.credentials(Credentials::new(name.clone(), secret.expose().to_owned()));
            password = Some(secret);
        }
        Ok(Self {
            transport: builder.build(),
            password,
            sender,
        })
    }

    fn judge(&self, error: &lettre::transport::smtp::Error) -> MailError {
        let mut said = error.to_string();
        if let Some(password) = &self.password {
            said = said.replace(password.expose(), "…");
        }
        let said = clean(&said);
        // A refused log-in says something of our settings, not of this mail (RFC 4954, section 6);
        // 521 is about the server as a whole (RFC 7504).
        let ours = error
            .status()
            .is_some_and(|code| matches!(u16::from(code), 521 | 530 | 534 | 535 | 538));
        if error.is_permanent() && !ours {
            MailError::Refused(said)
        } else {
            MailError::Transient(said)
        }
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mail = self
            .sender
            .write(message)
            .map_err(|e| MailError::Refused(clean(&e.to_string())))?;
        let sending = self.transport.send_raw(&mail.envelope, &mail.bytes);
        match tokio::time::timeout(SEND_TIMEOUT, sending).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(e)) => Err(self.judge(&e)),
            Err(_) => Err(MailError::Transient(
                "the server did not answer in time".into(),
            )),
        }
    }
}
