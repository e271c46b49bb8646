use std::fmt;

use askama::filters::HtmlSafe;
use fluent_bundle::{FluentArgs, FluentValue};

use super::{Language, find};

/// A message, with what is put into it. It is written out where it is shown.
#[derive(Clone, Debug)]
pub struct Text<'a> {
    language: Language,
    key: &'a str,
    values: Vec<(&'a str, FluentValue<'static>)>,
    instead: Option<String>,
}

/// A message that has markup of its own; what was put into it is escaped.
#[derive(Clone, Debug)]
pub struct Html(String);

impl<'a> Text<'a> {
    /// The message of that key.
    #[must_use]
    pub fn new(language: Language, key: &'a str) -> Self {
        Self {
            language,
            key,
            values: Vec::new(),
            instead: None,
        }
    }

    /// Puts a text into it.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string().into()));
        self
    }

    /// Puts a number into it, which may decide between forms such as "1 key" and "2 keys".
    #[must_use]
    pub fn count(mut self, name: &'a str, value: impl fmt::Display) -> Self {
        let value: u32 = value.to_string().parse().unwrap_or(u32::MAX);
        self.values.push((name, value.into()));
        self
    }

    /// What is said where no language has the message.
    #[must_use]
    pub fn or(mut self, instead: impl Into<String>) -> Self {
        self.instead = Some(instead.into());
        self
    }

    /// The message as markup. Only for messages of the catalogue that have some.
    #[must_use]
    pub fn html(mut self) -> Html {
        for (_, value) in &mut self.values {
            if let FluentValue::String(text) = value {
                *value = escape(text).into();
            }
        }
        Html(self.to_string())
    }

    fn values(&self) -> FluentArgs<'_> {
        self.values.iter().cloned().collect()
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.values();
        let found = find(self.language, self.key, &values)
            .or_else(|| find(Language::English, self.key, &values));
        match (found, &self.instead) {
            (Some(text), _) => f.write_str(&text),
            (None, Some(text)) => f.write_str(text),
            (None, None) => {
                tracing::error!(key = self.key, "no language has this message");
                write!(f, "⟦{}⟧", self.key)
            }
        }
    }
}

impl Html {
    /// A moment, for programs and for people.
    #[must_use]
    pub fn time(exact: &str, shown: &str) -> Self {
        let (exact, shown) = (escape(exact), escape(shown));
        Self(format!("<time datetime=\"{exact}\">{shown}</time>"))
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Html {}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&#38;"),
            '<' => safe.push_str("&#60;"),
            '>' => safe.push_str("&#62;"),
            '"' => safe.push_str("&#34;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(c),
        }
    }
    safe
}
