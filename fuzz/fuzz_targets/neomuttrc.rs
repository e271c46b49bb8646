//! NeoMutt reads back exactly the name that a member typed, and nothing of it is a command: the
//! rendered text is read by NeoMutt's rules of quoting, written down here a second time.
#![no_main]

use libfuzzer_sys::fuzz_target;
use provision_api::{DisplayName, Username};
use provisiond::home::{MailDomain, MailIdentity, Template};

/// The value of one word (NeoMutt guide, "Syntax of Initialization Files"), and what follows it.
fn word(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => value.push(c),
            (None, ' ' | '\t' | '\n' | ';' | '#') => return (value, &text[at..]),
            (_, '`' | '$' | '\\' | '^') => panic!("{c:?} has a meaning in {text:?}"),
            (_, c) => value.push(c),
        }
    }
    assert_eq!(quote, None, "an open quote in {text:?}");
    (value, "")
}

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let username = Username::parse("ada").expect("a name");
    let domain = MailDomain::parse("tilde.example").expect("a domain");
    let (name, template) = text.split_once('\u{1}').unwrap_or((text, ""));
    let Ok(display_name) = DisplayName::parse(name) else {
        return;
    };
    let identity = MailIdentity {
        username: &username,
        domain: &domain,
        display_name: &display_name,
    };
    let own = Template::parse("set realname = {{realname}}; set from = {{address}}\n")
        .expect("a template");
    let rendered = own.render(&identity);
    assert_eq!(rendered.lines().count(), 1, "{rendered:?}");
    let rest = rendered.strip_prefix("set realname = ").expect("the text");
    let (value, rest) = word(rest);
    assert_eq!(value, display_name.as_str());
    let rest = rest.strip_prefix("; set from = ").expect("the text");
    assert_eq!(word(rest), ("ada@tilde.example".to_owned(), "\n"));

    // An admin's template, in which anything may stand.
    if let Ok(template) = Template::parse(template) {
        let _ = template.render(&identity);
    }
});
