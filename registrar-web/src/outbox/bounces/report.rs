use mail_parser::{Message, MessageParser, MimeHeaders, PartType};
use uuid::Uuid;

use crate::domain::MailId;
use crate::mail::clean;

/// What a report says of a mail of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounce {
    /// Which mail.
    pub mail: MailId,
    /// What became of it.
    pub fate: Fate,
    /// Status and diagnostic, cleaned.
    pub reason: String,
}

/// What became of a mail (RFC 3464, 2.3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It will not arrive.
    Failed,
    /// It is still being tried.
    Delayed,
}

/// Reads a delivery report; `None` when it is none, or of no mail of ours. Takes any bytes.
#[must_use]
pub fn parse(bytes: &[u8]) -> Option<Bounce> {
    let message = MessageParser::default().parse(bytes)?;
    let top = message.root_part().content_type()?;
    if !(top.ctype().eq_ignore_ascii_case("multipart")
        && top.subtype()?.eq_ignore_ascii_case("report"))
    {
        return None;
    }
    let mail = ours(&message)?;
    let status = message.parts.iter().find(|part| {
        part.content_type().is_some_and(|t| {
            t.ctype().eq_ignore_ascii_case("message")
                && t.subtype()
                    .is_some_and(|s| s.eq_ignore_ascii_case("delivery-status"))
        })
    })?;
    let text = match &status.body {
        // A parser may take it for a message of headers alone.
        PartType::Message(inner) => String::from_utf8_lossy(&inner.raw_message),
        _ => String::from_utf8_lossy(status.contents()),
    };
    let fields = unfold(&text);
    let of = |name: &str| {
        let found = fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    };
    let fate = match of("Action")?.to_ascii_lowercase().as_str() {
        "failed" => Fate::Failed,
        "delayed" => Fate::Delayed,
        _ => return None,
    };
    let diagnostic = of("Diagnostic-Code").map(|d| d.split_once(';').map_or(d, |(_, said)| said));
    let reason = [of("Status"), diagnostic].into_iter().flatten();
    let reason = clean(&reason.collect::<Vec<_>>().join(" "));
    Some(Bounce {
        mail,
        fate,
        reason: if reason.is_empty() {
            "the mail came back".into()
        } else {
            reason
        },
    })
}

/// The mail's id from the address that the report was sent to.
fn ours(message: &Message<'_>) -> Option<MailId> {
    ["Delivered-To", "X-Original-To", "To"]
        .into_iter()
        .filter_map(|name| message.header_raw(name))
        .find_map(|value| {
            value.split('+').skip(1).find_map(|rest| {
                let (id, _) = rest.split_once('@')?;
                (id.len() == uuid::fmt::Hyphenated::LENGTH)
                    .then(|| Uuid::try_parse(id).ok())
                    .flatten()
            })
        })
}

/// Name and value of each field, continued lines joined.
fn unfold(text: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().take(1000) {
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push(' ');
                value.push_str(line.trim());
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    fields
}
