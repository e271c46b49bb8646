use std::collections::{BTreeMap, BTreeSet};

use super::*;

/// The messages of a file: key, and the values that it names.
fn messages(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = FluentResource::try_new(source.to_owned())
        .unwrap_or_else(|(_, errors)| panic!("{errors:?}"));
    let mut all = BTreeMap::new();
    let mut key = String::new();
    assert!(resource.entries().count() > 0);
    for line in source.lines().filter(|l| !l.starts_with('#')) {
        if let Some((name, _)) = line.split_once(" =")
            && !name.starts_with([' ', '[', '*', '.', '}'])
        {
            key = name.to_owned();
            assert!(
                all.insert(key.clone(), BTreeSet::new()).is_none(),
                "{key} is there twice"
            );
        }
        for part in line.split("{ $").skip(1) {
            let name: String = part
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
                .collect();
            let names = all.get_mut(&key).expect("a value before the first message");
            names.insert(name);
        }
    }
    all
}

#[test]
fn every_message_is_there_in_every_language_with_the_same_values() {
    let mut seen = BTreeSet::new();
    for (english, german) in FILES {
        let (english, german) = (messages(english), messages(german));
        for (key, values) in &english {
            assert!(seen.insert(key.clone()), "{key} is in two files");
            let other = german.get(key);
            assert!(other.is_some(), "{key} is missing in German");
            assert_eq!(other, Some(values), "{key}");
        }
        for key in german.keys() {
            assert!(english.contains_key(key), "{key} is German alone");
        }
    }
}

#[test]
fn what_a_language_lacks_is_said_in_english_and_what_all_lack_shows() {
    let text = Text::new(Language::German, "no-such-key");
    assert_eq!(text.to_string(), "⟦no-such-key⟧");
    assert_eq!(text.or("instead").to_string(), "instead");
}

#[test]
fn values_are_put_in_as_they_are_and_escaped_in_markup() {
    let text = Text::new(Language::English, "site-signed-in").with("name", "<b>\u{202e}&");
    assert!(text.to_string().contains("<b>\u{202e}&"), "{text}");
    let html = text.html().to_string();
    assert!(html.contains("&#60;b&#62;\u{202e}&#38;"), "{html}");
    let time = Html::time("<exact>", "shown");
    let text = Text::new(Language::English, "site-signed-in").with_html("name", time);
    let html = text.clone().html().to_string();
    assert!(
        html.contains("<time datetime=\"&#60;exact&#62;\">shown</time>"),
        "{html}"
    );
}

/// What keys the templates and the program name.
#[test]
fn every_key_that_is_used_is_there() {
    let mut files = Vec::new();
    for root in ["templates/pages", "src/http"] {
        collect(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root),
            &mut files,
        );
    }
    assert!(files.len() > 20);
    let mut used = 0;
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        // `.t("key")` wherever something is said, `Flash::new("key")` where it is said later.
        for mark in [".t(\"", "Flash::new(\""] {
            for rest in text.split(mark).skip(1) {
                let key = rest.split('"').next().unwrap();
                assert!(is_known(key), "{key} of {}", file.display());
                used += 1;
            }
        }
    }
    assert!(used > 10, "the marks have changed");
}

/// Pages whose words are not of the catalogue: those that tell programmers of the API. The console is
/// for staff, and in English, as registrarctl and the guides are; its pages say so (`lang`).
const IN_ENGLISH: [&str; 2] = ["docs.html", "explain.html"];

#[test]
fn templates_hold_no_words_of_their_own() {
    let mut files = Vec::new();
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("templates/pages");
    collect(&root, &mut files);
    files.retain(|f| !IN_ENGLISH.iter().any(|name| f.ends_with(name)));
    files.retain(|f| !f.parent().is_some_and(|folder| folder.ends_with("admin")));
    for file in &files {
        let text = std::fs::read_to_string(file).unwrap();
        let mut rest = text;
        for (open, close) in [("{%", "%}"), ("{{", "}}"), ("{#", "#}")] {
            rest = without(&rest, open, close);
        }
        // Commands are the same in every language; so are names.
        rest = without(&rest, "<code>", "</code>");
        for name in ["aria-label", "value", "placeholder", "title", "alt"] {
            for value in rest.split(&format!(" {name}=\"")).skip(1) {
                let value = value.split('"').next().unwrap();
                assert!(!has_words(value), "{name}={value} in {}", file.display());
            }
        }
        let shown = without(&rest, "<", ">").replace("API", "");
        assert!(!has_words(&shown), "{} in {}", shown.trim(), file.display());
    }
}

fn has_words(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
}

fn without(text: &str, open: &str, close: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(open) {
        kept.push_str(before);
        rest = after.split_once(close).map_or("", |(_, after)| after);
    }
    kept + rest
}

/// The words that the program says itself: each kind of problem, each mode, each field and rule of the
/// sign-up form.
#[test]
fn german_has_words_for_what_the_program_says_itself() {
    use crate::domain::{FormRules, Mode, ProfileField};
    use crate::http::Kind;
    let words = messages(GERMAN_WORDS);
    let mut known = BTreeSet::new();
    let mut must = |key: String| {
        assert!(words.contains_key(&key), "{key} is missing in German");
        known.insert(key);
    };
    for kind in Kind::ALL {
        must(format!("problem-{}", kind.code()));
        must(format!("problem-{}-title", kind.code()));
    }
    for key in crate::registration::MESSAGE_KEYS {
        must(format!("says-{key}"));
    }
    for mode in Mode::ALL {
        must(format!("mode-{}", mode.as_str()));
        let rules = FormRules {
            domain: "tilde.example",
            mode,
            password: true,
            require_reason: true,
            require: &[ProfileField::Country],
        };
        for field in rules.fields() {
            must(format!("field-{}", field.name));
            if !field.hint.is_empty() {
                must(format!("field-{}-hint", field.name));
            }
        }
    }
    for key in words.keys().filter(|k| !k.starts_with("rule-")) {
        assert!(known.contains(key), "{key} is the word for nothing");
    }
}

/// No message that nobody says.
#[test]
fn every_message_is_used() {
    let mut files = Vec::new();
    for root in ["templates/pages", "src/http"] {
        collect(
            &std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(root),
            &mut files,
        );
    }
    let texts = files.iter().map(|f| std::fs::read_to_string(f).unwrap());
    let all: String = texts.collect();
    for (english, _) in FILES {
        for key in messages(english).keys() {
            assert!(all.contains(&format!("\"{key}\"")), "{key} is never said");
        }
    }
}

fn collect(folder: &std::path::Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
