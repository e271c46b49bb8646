//! Mail over SMTP (RFC 5321), to a server on this machine or elsewhere.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
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

/// How long a connection is kept for the next mail. A server process for each mail costs more than
/// the mail; and Postfix starts a new one for the next connection whenever a map has changed, as the
/// map of refused recipients does with every account.
const KEEP_CONNECTION: Duration = Duration::from_secs(5);
/// What a certificate in PEM form begins with (RFC 7468).
const PEM_START: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// Why a server can't be spoken to.
#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    /// The password can't be read.
    #[error("mail.password_file: {0}")]
    Password(#[from] SecretError),
    /// The authorities' certificates can't be read.
    #[error("mail.ca_file: {}: {reason}", path.display())]
    Authorities {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// TLS can't be set up for this host.
    #[error("mail.host: {0}")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Hands mails to a server. Mails in a row share a connection; an idle service holds none.
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
        let parameters = || parameters(settings);
        let tls = match settings.tls {
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters()?),
            SmtpTls::Implicit => Tls::Wrapper(parameters()?),
        };
        let mut builder =
            AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(settings.host.clone())
                .port(settings.port)
                .tls(tls)
                .timeout(Some(CONNECT_TIMEOUT))
                .pool_config(PoolConfig::new().max_size(2).idle_timeout(KEEP_CONNECTION));
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

fn parameters(settings: &MailSettings) -> Result<TlsParameters, SmtpError> {
    let mut parameters = TlsParameters::builder(settings.host.clone());
    if let Some(path) = &settings.ca_file {
        let wrong = |reason: String| SmtpError::Authorities {
            path: path.clone(),
            reason,
        };
        let pem = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
        if !pem.windows(PEM_START.len()).any(|text| text == PEM_START) {
            return Err(wrong("no certificate in PEM form is in it".into()));
        }
        let authorities = Certificate::from_pem(&pem).map_err(|e| wrong(e.to_string()))?;
        parameters = parameters
            .certificate_store(CertificateStore::None)
            .add_root_certificate(authorities);
    }
    parameters.build().map_err(SmtpError::Tls)
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
