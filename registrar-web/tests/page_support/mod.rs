//! What every page keeps to.
#![allow(dead_code, reason = "shared by test programs; none uses all of it")]

use std::collections::BTreeSet;

use crate::http_support::{Answer, App};

const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// The tags of that name, each up to its end.
pub(crate) fn tags<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let open = format!("<{name}");
    page.match_indices(&open)
        .map(|(at, _)| &page[at..])
        .filter(|rest| rest[open.len()..].starts_with([' ', '>']))
        .map(|rest| rest.split('>').next().unwrap())
        .collect()
}

pub(crate) fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split('"').next()
}

/// Security headers, one heading, a language, a label for every control, ids that are there once.
pub(crate) fn keeps_to_the_rules(path: &str, answer: &Answer) {
    let page = &answer.text;
    assert_eq!(answer.header("content-security-policy"), CSP, "{path}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    assert_eq!(tags(page, "h1").len(), 1, "{path}: {page}");
    let html = tags(page, "html");
    let lang = attribute(html[0], "lang").unwrap();
    assert!(["en", "de"].contains(&lang), "{path}");
    assert!(!page.contains('⟦'), "{path} lacks a message: {page}");
    for script in tags(page, "script") {
        assert!(attribute(script, "src").is_some(), "{path}: {script}");
    }
    assert!(tags(page, "style").is_empty(), "{path}");
    for inline in [
        " style=\"",
        " onclick=",
        " onsubmit=",
        "javascript:",
        "data:image",
    ] {
        assert!(!page.contains(inline), "{path}: {inline}");
    }
    for link in ["href", "src", "action"] {
        for value in page.split(&format!(" {link}=\"")).skip(1) {
            let value = value.split('"').next().unwrap();
            assert!(value.starts_with(['/', '#']), "{path}: {link}={value}");
        }
    }
    let mut ids = BTreeSet::new();
    for value in page.split(" id=\"").skip(1) {
        let id = value.split('"').next().unwrap();
        assert!(ids.insert(id), "{path}: {id} is there twice");
    }
    for name in ["input", "textarea", "select"] {
        for tag in tags(page, name) {
            if matches!(attribute(tag, "type"), Some("hidden" | "submit")) {
                continue;
            }
            let id = attribute(tag, "id").unwrap_or_else(|| panic!("{path}: {tag}"));
            let label = format!("<label for=\"{id}\"");
            assert!(page.contains(&label), "{path}: no label for {id}");
            for described in attribute(tag, "aria-describedby")
                .unwrap_or_default()
                .split(' ')
            {
                assert!(
                    described.is_empty() || ids.contains(described),
                    "{path}: {described}"
                );
            }
        }
    }
    for form in tags(page, "form") {
        assert_eq!(attribute(form, "method"), Some("post"), "{path}: {form}");
    }
    marks_its_times(path, page);
    let forms = tags(page, "form").len();
    assert_eq!(
        page.matches("name=\"csrf\"").count(),
        forms,
        "{path}: a form without its token"
    );
}

/// Every time that a page shows is marked as one, so that a script can tell it in the reader's zone.
pub(crate) fn marks_its_times(path: &str, page: &str) {
    let mut rest = page.to_owned();
    while let Some((before, after)) = rest.split_once("<time datetime=\"") {
        let (time, after) = after.split_once("</time>").unwrap();
        let (exact, shown) = time.split_once("\">").unwrap();
        let exact: jiff::Timestamp = exact.parse().unwrap();
        let minute = exact.strftime("%Y-%m-%d %H:%M UTC").to_string();
        assert_eq!(shown, minute, "{path}");
        rest = format!("{before}{after}");
    }
    for (at, _) in rest.match_indices(" UTC") {
        let before: String = rest[..at].chars().rev().take(3).collect();
        assert!(
            !before.contains(':'),
            "{path}: {}",
            &rest[at.saturating_sub(60)..at + 4]
        );
    }
}

/// Opens a page in both languages; it has the same parts in both.
pub(crate) async fn look(app: &App, path: &str, status: u16) -> Answer {
    let and = if path.contains('?') { "&" } else { "?" };
    let german = app.get_with_cookies(&format!("{path}{and}lang=de")).await;
    let english = app.get_with_cookies(&format!("{path}{and}lang=en")).await;
    for answer in [&german, &english] {
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.text);
        keeps_to_the_rules(path, answer);
    }
    assert!(german.text.contains("<html lang=\"de\">"), "{path}");
    for part in ["input", "h2", "form", "label"] {
        let count = |answer: &Answer| tags(&answer.text, part).len();
        assert_eq!(count(&german), count(&english), "{path}: {part}");
    }
    english
}
