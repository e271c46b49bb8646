//! A mail as bytes, and the addresses on its envelope.

use std::sync::Arc;
use std::time::SystemTime;

use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, address::Envelope};

use super::Community;
use crate::config::MailSettings;
use crate::domain::{Email, MailId};
use crate::ports::{Clock, Message};

/// RFC 5321, 4.5.3.1.1: the most bytes before the `@`.
const LONGEST_LOCAL_PART: usize = 64;

/// Why mail can't be sent in this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SenderError {
    /// It would end a header line, or show something else than it is.
    #[error("community.name: has a control character")]
    Name,
    /// The default sender can't be made.
    #[error("mail.from: {0} is no mail address")]
    Address(String),
    /// With a mail's id the bounce address is longer than RFC 5321 allows.
    #[error("mail.from: with bounce_maildir the part before the @ has at most 27 characters")]
    TooLongForBounces,
    /// The mail can't be built.
    #[error("the mail can't be built: {0}")]
    Unbuildable(String),
}

/// Writes mails out in the community's name.
#[derive(Clone)]
pub struct Sender {
    from: Mailbox,
    reply_to: Option<Mailbox>,
    collects_bounces: bool,
    domain: String,
    clock: Arc<dyn Clock>,
}

/// A mail ready for the wire.
pub(super) struct Written {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

impl Sender {
    /// Takes the sender out of the configuration.
    ///
    /// # Errors
    /// Name or address can't be used.
    pub fn new(
        settings: &MailSettings,
        community: &Community,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, SenderError> {
        // lettre panics on a line break or NUL in a mailbox name.
        if community.name.chars().any(char::is_control) {
            return Err(SenderError::Name);
        }
        let domain = community.domain.as_str().to_owned();
        let from = match &settings.from {
            Some(email) => address(email)?,
            None => parse(&format!("registrar@{domain}"))?,
        };
        let collects_bounces = settings.bounce_maildir.is_some();
        let tag = 1 + uuid::fmt::Hyphenated::LENGTH;
        if collects_bounces && from.user().len() + tag > LONGEST_LOCAL_PART {
            return Err(SenderError::TooLongForBounces);
        }
        let reply_to = settings.reply_to.as_ref().map(address).transpose()?;
        Ok(Self {
            from: Mailbox::new(Some(community.name.clone()), from),
            reply_to: reply_to.map(|a| Mailbox::new(None, a)),
            collects_bounces,
            domain,
            clock,
        })
    }

    pub(super) fn write(&self, message: &Message) -> Result<Written, SenderError> {
        let unbuildable = |e: &dyn std::fmt::Display| SenderError::Unbuildable(e.to_string());
        let to = address(&message.to)?;
        let name = message.to_name.as_ref().map(|n| n.as_str().to_owned());
        if message.subject.chars().any(char::is_control) {
            return Err(SenderError::Unbuildable("a subject is one line".into()));
        }
        let mut builder = lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(name, to.clone()))
            .subject(message.subject.clone())
            .date(SystemTime::from(self.clock.now()))
            .message_id(Some(format!("<{}@{}>", message.id, self.domain)))
            // RFC 3834: no vacation message answers it.
            .raw_header(header("Auto-Submitted", "auto-generated"))
            // The same for Exchange.
            .raw_header(header("X-Auto-Response-Suppress", "All"));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let body = MultiPart::alternative_plain_html(message.text.clone(), message.html.clone());
        let built = builder.multipart(body).map_err(|e| unbuildable(&e))?;
        let envelope = Envelope::new(Some(self.return_path(message.id)?), vec![to])
            .map_err(|e| unbuildable(&e))?;
        Ok(Written {
            envelope,
            bytes: built.formatted(),
        })
    }

    /// Where a bounce of that mail goes (RFC 5233 subaddress).
    fn return_path(&self, id: MailId) -> Result<Address, SenderError> {
        let from = &self.from.email;
        if !self.collects_bounces {
            return Ok(from.clone());
        }
        parse(&format!("{}+{id}@{}", from.user(), from.domain()))
    }
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn address(email: &Email) -> Result<Address, SenderError> {
    parse(&email.to_string())
}

fn parse(text: &str) -> Result<Address, SenderError> {
    text.parse()
        .map_err(|_| SenderError::Address(text.to_owned()))
}
