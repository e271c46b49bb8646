//! A message is a call that comes back the same when it is written again, or an error that is
//! short, printable, and never repeats a value: that may be a secret in the wrong place.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::frame::{Body, Refused, encode, parse_call};
use provision_api::{INTERFACE, Method};

const ID: &str = "0193a1b2-0000-7000-8000-00000000abcd";
const SECRET: &str = "correct-horse";
const FIELDS: [(&str, &str); 13] = [
    ("SetPassword", "passwordHash"),
    ("SetPassword", "username"),
    ("SetPassword", "requestId"),
    ("SetSshKeys", "sshKeys"),
    ("SetDisplayName", "displayName"),
    ("ActivateAccount", "passwordHash"),
    ("ActivateAccount", "sshKeys"),
    ("CreateAccount", "displayName"),
    ("CreateAccount", "registrationId"),
    ("ListAccounts", "limit"),
    ("CreateGroup", "name"),
    ("SetGroupMembers", "name"),
    ("SetGroupMembers", "members"),
];

fn text_of(refused: &Refused) -> String {
    match refused {
        Refused::Error(error) => {
            let wire = encode(error).expect("an error can be written");
            assert!(wire.len() < 4096, "a long error: {}", wire.len());
            error.to_string()
        }
        Refused::MethodNotFound(name) | Refused::InterfaceNotFound(name) => name.clone(),
    }
}

fn any_message(data: &[u8]) {
    match parse_call(data) {
        Ok(call) => {
            let Body::Provision(method) = call.body else {
                return;
            };
            let written = serde_json::to_vec(&method).expect("a call can be written");
            let again = parse_call(&written).expect("what was written can be read");
            let Body::Provision(again) = again.body else {
                panic!("another interface");
            };
            assert_eq!(written, serde_json::to_vec(&again).expect("as before"));
            let derived: Method = serde_json::from_slice(&written).expect("the derived reader");
            assert_eq!(derived.request_id(), method.request_id());
            assert_eq!(derived.name(), method.name());
        }
        Err(refused) => {
            let text = text_of(&refused);
            assert!(!text.chars().any(char::is_control), "{text:?}");
        }
    }
}

/// One field holds the secret, with anything around it, as a text, a list, a key or bare.
fn a_secret_in_the_wrong_place(choice: u8, rest: &[u8]) {
    let (method, field) = FIELDS[usize::from(choice) % FIELDS.len()];
    let rest = String::from_utf8_lossy(rest);
    let middle = rest.chars().count() / 2;
    let before: String = rest.chars().take(middle).collect();
    let after: String = rest.chars().skip(middle).collect();
    let text = serde_json::to_string(&format!("{before}{SECRET}{after}")).expect("a text");
    let value = match choice / 64 {
        0 => text,
        1 => format!("[{text}]"),
        2 => format!("{{\"a\":{text}}}"),
        _ => format!("[[{text}], {text}]"),
    };
    let id = match field {
        "requestId" => String::new(),
        _ => format!("\"requestId\":\"{ID}\","),
    };
    let message =
        format!(r#"{{"method":"{INTERFACE}.{method}","parameters":{{{id}"{field}":{value}}}}}"#);
    if let Err(refused) = parse_call(message.as_bytes()) {
        let text = text_of(&refused);
        assert!(!text.contains(SECRET), "{message} is answered by {text}");
    }
}

fuzz_target!(|data: &[u8]| {
    match data {
        [0x01, choice, rest @ ..] => a_secret_in_the_wrong_place(*choice, rest),
        data => any_message(data),
    }
});
