use std::path::PathBuf;

use serde::Deserialize;

use super::SettingError;
use crate::domain::Email;

/// How mail leaves.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailSettings {
    /// `smtp` or `sendmail`.
    pub transport: MailTransport,
    /// SMTP: the server.
    pub host: String,
    /// SMTP: its port.
    pub port: u16,
    /// SMTP: `none`, `starttls` or `implicit` (RFC 8314).
    pub tls: SmtpTls,
    /// SMTP: a PEM file of the authorities that may have signed the server's certificate, in place
    /// of those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// SMTP: the name to log in with.
    pub username: Option<String>,
    /// SMTP: a file that holds the password.
    pub password_file: Option<PathBuf>,
    /// sendmail: the program.
    pub sendmail: PathBuf,
    /// Header From; empty is `registrar@` and the community's domain.
    pub from: Option<Email>,
    /// Header Reply-To.
    pub reply_to: Option<Email>,
    /// A Maildir into which bounces of the mails are delivered; `None` when nobody collects them.
    /// The envelope sender is then `<local part of from>+<mail id>@<domain>` (RFC 5233), so a
    /// bounce names its mail.
    pub bounce_maildir: Option<PathBuf>,
}

/// How mail leaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MailTransport {
    /// To a server.
    #[default]
    Smtp,
    /// To the local mail system's program.
    Sendmail,
}

/// How an SMTP connection is secured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SmtpTls {
    /// Not; for a server on this machine.
    #[default]
    None,
    /// By STARTTLS, required (RFC 3207).
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
}

impl Default for MailSettings {
    fn default() -> Self {
        Self {
            transport: MailTransport::Smtp,
            host: "127.0.0.1".into(),
            port: 25,
            tls: SmtpTls::None,
            ca_file: None,
            username: None,
            password_file: None,
            sendmail: "/usr/sbin/sendmail".into(),
            from: None,
            reply_to: None,
            bounce_maildir: None,
        }
    }
}

impl MailSettings {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        if self.username.is_some() != self.password_file.is_some() {
            return Err(SettingError {
                key: "mail.username",
                message: "username and password_file go together".into(),
            });
        }
        if self.username.is_some() && self.tls == SmtpTls::None {
            return Err(SettingError {
                key: "mail.tls",
                message: "a password is sent over TLS alone: write \"starttls\" or \"implicit\""
                    .into(),
            });
        }
        if self.ca_file.is_some() && self.tls == SmtpTls::None {
            return Err(SettingError {
                key: "mail.ca_file",
                message: "a certificate is looked at over TLS alone: write tls = \"starttls\" or \"implicit\"".into(),
            });
        }
        Ok(())
    }
}
