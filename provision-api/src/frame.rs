//! Frames and calls as the daemon reads them: what `zlink` does not enforce.
//!
//! A Varlink message is JSON, ended by one NUL byte. [`Decoder`] cuts a byte stream into messages
//! and gives up as soon as one is too large; [`parse_call`] reads a message into a [`Call`] and
//! says which field is wrong without repeating its value. Both are pure, and fuzzed.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{INTERFACE, Method, ProvisionError};

/// The most bytes of a message, without its NUL.
pub const MAX_MESSAGE: usize = 64 * 1024;

/// A message is larger than [`MAX_MESSAGE`]. The stream is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a message has at most {MAX_MESSAGE} bytes")]
pub struct TooLarge;

/// Cuts a byte stream into messages; holds at most one message and one read.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    searched: usize,
}

impl Decoder {
    /// Adds what was read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Takes the next whole message, without its NUL.
    ///
    /// # Errors
    /// [`TooLarge`] when the message under way can no longer fit.
    pub fn next_message(&mut self) -> Result<Option<Vec<u8>>, TooLarge> {
        let fresh = self.buffer.get(self.searched..).unwrap_or_default();
        match fresh.iter().position(|b| *b == 0) {
            Some(at) => {
                let end = self.searched + at;
                if end > MAX_MESSAGE {
                    return Err(TooLarge);
                }
                let rest = self.buffer.split_off(end + 1);
                let mut message = std::mem::replace(&mut self.buffer, rest);
                message.pop();
                self.searched = 0;
                Ok(Some(message))
            }
            None if self.buffer.len() > MAX_MESSAGE => Err(TooLarge),
            None => {
                self.searched = self.buffer.len();
                Ok(None)
            }
        }
    }

    /// Whether a message has begun and not ended.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        !self.buffer.is_empty()
    }
}

/// Writes a value as one message, NUL included.
///
/// # Errors
/// The value can't be written as JSON.
pub fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut bytes = serde_json::to_vec(value)?;
    bytes.push(0);
    Ok(bytes)
}

/// A call as it came in.
#[derive(Clone, Debug)]
pub struct Call {
    /// What is asked.
    pub body: Body,
    /// One reply a step is wanted.
    pub more: bool,
    /// No reply is wanted.
    pub oneway: bool,
}

/// What a call asks.
#[derive(Clone, Debug)]
pub enum Body {
    /// A method of [`INTERFACE`].
    Provision(Method),
    /// `org.varlink.service.GetInfo`.
    GetInfo,
    /// `org.varlink.service.GetInterfaceDescription` of the interface named.
    GetInterfaceDescription(String),
}

/// Why a message is no call that can be answered with a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Answer with this error.
    Error(ProvisionError),
    /// Answer with `org.varlink.service.MethodNotFound`.
    MethodNotFound(String),
    /// Answer with `org.varlink.service.InterfaceNotFound`.
    InterfaceNotFound(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    method: String,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    #[serde(default)]
    oneway: bool,
    #[serde(default)]
    more: bool,
    #[serde(default)]
    upgrade: bool,
}

/// Reads one message as a call.
///
/// # Errors
/// What to answer instead of a result. Texts name fields and rules and never repeat a value.
pub fn parse_call(message: &[u8]) -> Result<Call, Refused> {
    let envelope: Envelope<'_> =
        serde_json::from_slice(message).map_err(|e| bad_message(None, &describe(&e)))?;
    if envelope.upgrade {
        return Err(bad_message(None, "upgrade is not offered"));
    }
    let body = parse_body(&envelope)?;
    Ok(Call {
        body,
        more: envelope.more,
        oneway: envelope.oneway,
    })
}

fn parse_body(envelope: &Envelope<'_>) -> Result<Body, Refused> {
    let text = envelope.parameters.map_or("{}", RawValue::get);
    let Some((interface, method)) = envelope.method.rsplit_once('.') else {
        return Err(Refused::MethodNotFound(clip(&envelope.method)));
    };
    if interface == "org.varlink.service" {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Described {
            interface: String,
        }
        return match method {
            "GetInfo" => Ok(Body::GetInfo),
            "GetInterfaceDescription" => Ok(Body::GetInterfaceDescription(
                parameters::<Described>(text)?.interface,
            )),
            _ => Err(Refused::MethodNotFound(clip(&envelope.method))),
        };
    }
    if interface != INTERFACE {
        return Err(Refused::InterfaceNotFound(clip(interface)));
    }
    // One arm a method, so that an error can name the field: an enum that serde picks by its tag
    // would lose the path.
    let method = match method {
        "CheckUsername" => Method::CheckUsername(parameters(text)?),
        "CreateAccount" => Method::CreateAccount(parameters(text)?),
        "ConfigureMail" => Method::ConfigureMail(parameters(text)?),
        "ActivateAccount" => Method::ActivateAccount(parameters(text)?),
        "DiscardAccount" => Method::DiscardAccount(parameters(text)?),
        "SetPassword" => Method::SetPassword(parameters(text)?),
        "SetSshKeys" => Method::SetSshKeys(parameters(text)?),
        "SetDisplayName" => Method::SetDisplayName(parameters(text)?),
        "ProveAccount" => Method::ProveAccount(parameters(text)?),
        "GetAccount" => Method::GetAccount(parameters(text)?),
        "CreateGroup" => Method::CreateGroup(parameters(text)?),
        "SetGroupMembers" => Method::SetGroupMembers(parameters(text)?),
        "GetGroup" => Method::GetGroup(parameters(text)?),
        "Health" => Method::Health(parameters(text)?),
        "SuspendAccount" => Method::SuspendAccount(parameters(text)?),
        "ResumeAccount" => Method::ResumeAccount(parameters(text)?),
        "ArchiveAccount" => Method::ArchiveAccount(parameters(text)?),
        "RestoreAccount" => Method::RestoreAccount(parameters(text)?),
        "RemoveAccount" => Method::RemoveAccount(parameters(text)?),
        "ListAccounts" => Method::ListAccounts(parameters(text)?),
        "ArchiveGroup" => Method::ArchiveGroup(parameters(text)?),
        "RestoreGroup" => Method::RestoreGroup(parameters(text)?),
        "RemoveGroup" => Method::RemoveGroup(parameters(text)?),
        _ => return Err(Refused::MethodNotFound(clip(&envelope.method))),
    };
    Ok(Body::Provision(method))
}

fn parameters<T: DeserializeOwned>(text: &str) -> Result<T, Refused> {
    let mut reader = serde_json::Deserializer::from_str(text);
    serde_path_to_error::deserialize(&mut reader).map_err(|e| {
        let field = e.path().to_string();
        let message = describe(e.inner());
        let request_id = request_id_of(text);
        match request_id {
            Some(request_id) if field != "." => Refused::Error(ProvisionError::InvalidArgument {
                request_id,
                field: clip(&field),
                message,
            }),
            other => bad_message(other, &message),
        }
    })
}

/// The request id of a call whose other parameters are wrong, so that the answer can name it.
fn request_id_of(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Only {
        request_id: crate::RequestId,
    }
    serde_json::from_str::<Only>(text)
        .ok()
        .map(|only| only.request_id.to_string())
}

fn bad_message(request_id: Option<String>, message: &str) -> Refused {
    Refused::Error(ProvisionError::BadMessage {
        request_id,
        message: message.to_owned(),
    })
}

/// What serde says, without the value that it found: that may be a secret in the wrong place.
fn describe(error: &serde_json::Error) -> String {
    let text = error.to_string();
    // The last one: a value that is quoted before may hold the same words.
    let text = text
        .rsplit_once(" at line ")
        .map_or(&*text, |(what, _)| what);
    match text.strip_prefix("invalid ") {
        Some(_) => match text.rsplit_once(", expected ") {
            Some((_, expected)) => format!("wrong type or value, expected {}", clip(expected)),
            None => "wrong type or value".to_owned(),
        },
        None => clip(text),
    }
}

/// Keeps an echoed name short and printable.
fn clip(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(json: &str) -> ProvisionError {
        match parse_call(json.as_bytes()) {
            Err(Refused::Error(e)) => e,
            other => panic!("{other:?}"),
        }
    }

    const ID: &str = "0193a1b2-0000-7000-8000-00000000abcd";

    #[test]
    fn a_wrong_field_is_named_with_the_request_id_and_without_its_value() {
        let json = format!(
            r#"{{"method":"{INTERFACE}.SetPassword","parameters":{{"requestId":"{ID}","username":"bob","passwordHash":"hunter2hunter2"}}}}"#
        );
        let ProvisionError::InvalidArgument {
            request_id,
            field,
            message,
        } = refused(&json)
        else {
            panic!()
        };
        assert_eq!((request_id.as_str(), field.as_str()), (ID, "passwordHash"));
        assert!(
            message.contains("$2b$") && !message.contains("hunter2"),
            "{message}"
        );

        let json = json.replace("\"hunter2hunter2\"", "[\"hunter2hunter2\"]");
        let text = refused(&json).to_string();
        assert!(
            text.contains("passwordHash") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[test]
    fn a_value_that_reads_like_an_error_is_not_repeated() {
        let json = format!(
            r#"{{"method":"{INTERFACE}.ListAccounts","parameters":{{"requestId":"{ID}","limit":", expected hunter2 at line 3"}}}}"#
        );
        let text = refused(&json).to_string();
        assert!(
            text.contains("expected u32") && !text.contains("hunter2"),
            "{text}"
        );
    }

    #[test]
    fn unknown_fields_are_refused_everywhere() {
        let json = format!(
            r#"{{"method":"{INTERFACE}.Health","parameters":{{"requestId":"{ID}","uid":0}}}}"#
        );
        assert!(refused(&json).to_string().contains("unknown field `uid`"));
        let json = format!(r#"{{"method":"{INTERFACE}.Health","root":true}}"#);
        assert!(refused(&json).to_string().contains("unknown field `root`"));
    }

    #[test]
    fn unknown_methods_and_interfaces_are_told_apart() {
        let method = format!(r#"{{"method":"{INTERFACE}.Reboot"}}"#);
        assert!(matches!(
            parse_call(method.as_bytes()),
            Err(Refused::MethodNotFound(_))
        ));
        assert!(matches!(
            parse_call(br#"{"method":"org.example.X"}"#),
            Err(Refused::InterfaceNotFound(_))
        ));
    }

    #[test]
    fn a_message_over_the_cap_is_refused_before_it_ends() {
        let mut decoder = Decoder::default();
        decoder.push(&vec![b'a'; MAX_MESSAGE]);
        assert_eq!(decoder.next_message(), Ok(None));
        decoder.push(b"a");
        assert_eq!(decoder.next_message(), Err(TooLarge));
    }

    #[test]
    fn a_message_of_just_the_cap_is_taken() {
        let mut decoder = Decoder::default();
        decoder.push(&vec![b'a'; MAX_MESSAGE]);
        decoder.push(b"\0b");
        assert_eq!(decoder.next_message().unwrap().unwrap().len(), MAX_MESSAGE);
        assert!(decoder.is_partial());
    }

    proptest! {
        #[test]
        fn messages_come_out_as_they_went_in_however_they_were_cut(
            messages in prop::collection::vec("[a-z{}]{0,20}", 0..6), cut in 1usize..7,
        ) {
            let stream: Vec<u8> = messages.iter().flat_map(|m| m.bytes().chain([0])).collect();
            let mut decoder = Decoder::default();
            let mut out = Vec::new();
            for chunk in stream.chunks(cut) {
                decoder.push(chunk);
                while let Some(message) = decoder.next_message().unwrap() {
                    out.push(String::from_utf8(message).unwrap());
                }
            }
            prop_assert_eq!(out, messages);
            prop_assert!(!decoder.is_partial());
        }

        #[test]
        fn no_bytes_make_the_parser_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse_call(&bytes);
        }
    }
}
