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
