//! What is taken for a username is what the rule says, told in another way, and stays the same
//! through JSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::{Username, is_reserved};

/// DNS label, local part and useradd's default rule at once.
fn is_good(text: &str) -> bool {
    let labels = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    };
    (2..=32).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.split('-').all(labels)
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let parsed = Username::parse(text);
    assert_eq!(parsed.is_ok(), is_good(text), "{text:?}");
    let json = serde_json::to_string(text).expect("a text");
    match parsed {
        Ok(name) => {
            assert_eq!(name.as_str(), text);
            let again: Username = serde_json::from_str(&json).expect("the same rule");
            assert_eq!(again, name);
            let _ = is_reserved(&name);
        }
        Err(rule) => {
            assert!(serde_json::from_str::<Username>(&json).is_err());
            assert!(!rule.code().is_empty());
        }
    }
});
