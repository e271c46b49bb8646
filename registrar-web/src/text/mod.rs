//! What pages say, in the languages that there are: Project Fluent files in `locales/`, one folder a
//! language. English is complete; what another language lacks is said in English.

mod language;
mod say;

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

pub use language::Language;
pub use say::{Html, Text};

/// The files, of every language.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        &[$((
            include_str!(concat!("../../locales/en/", $name)),
            include_str!(concat!("../../locales/de/", $name)),
        )),+]
    };
}

/// Each in English and in German. A new file gets a line here.
const FILES: &[(&str, &str)] = files![
    "site.ftl",
    "login.ftl",
    "public.ftl",
    "account.ftl",
    "admin.ftl",
    "events.ftl",
    "status.ftl",
];

/// What the program says of itself, such as the words of its errors: the English ones stand beside
/// the rules, as the API and `ssh join@host` say them, too.
const GERMAN_WORDS: &str = include_str!("../../locales/de/words.ftl");

static ENGLISH: LazyLock<FluentBundle<FluentResource>> =
    LazyLock::new(|| bundle(Language::English));
static GERMAN: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| bundle(Language::German));

fn bundle(language: Language) -> FluentBundle<FluentResource> {
    let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
    // Marks around each value are for texts of mixed direction; they would end up in what people
    // copy, such as commands.
    bundle.set_use_isolating(false);
    let sources: Vec<&str> = match language {
        Language::English => FILES.iter().map(|(english, _)| *english).collect(),
        Language::German => {
            let german = FILES.iter().map(|(_, german)| *german);
            german.chain([GERMAN_WORDS]).collect()
        }
    };
    for source in sources {
        // What is wrong in a file, a test tells; the rest of it is there all the same.
        let resource = FluentResource::try_new(source.to_owned());
        let resource = resource.unwrap_or_else(|(rest, _)| rest);
        bundle.add_resource_overriding(resource);
    }
    bundle
}

fn bundle_of(language: Language) -> &'static FluentBundle<FluentResource> {
    match language {
        Language::English => &ENGLISH,
        Language::German => &GERMAN,
    }
}

/// The message of that key; `None` when the language has none.
fn find(language: Language, key: &str, values: &FluentArgs<'_>) -> Option<String> {
    let bundle = bundle_of(language);
    let pattern = bundle.get_message(key)?.value()?;
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(values), &mut errors);
    for error in errors {
        tracing::error!(%error, key, "a message lacks a value");
    }
    Some(text.into_owned())
}

/// Whether there is an English message of that key.
#[must_use]
pub fn is_known(key: &str) -> bool {
    ENGLISH.has_message(key)
}

#[cfg(test)]
mod tests;
