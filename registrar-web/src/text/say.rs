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
    /// The values that are markup.
    markup: Vec<&'a str>,
    instead: Option<String>,
}

/// Markup of ours: messages that have some, times; what was put into it is escaped.
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
            markup: Vec::new(),
            instead: None,
        }
    }

    /// Puts a text into it.
    #[must_use]
    pub fn with(mut self, name: &'a str, value: impl fmt::Display) -> Self {
        self.values.push((name, value.to_string().into()));
        self
    }

    /// Puts markup into it, such as a time, for [`Self::html`].
    #[must_use]
    pub fn with_html(mut self, name: &'a str, value: Html) -> Self {
        self.markup.push(name);
        self.with(name, value)
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
        for (name, value) in &mut self.values {
            if let FluentValue::String(text) = value
                && !self.markup.contains(name)
            {
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
    /// A text without markup.
    #[must_use]
    pub fn text(text: impl fmt::Display) -> Self {
        Self(escape(&text.to_string()))
    }

    /// Both, one after the other.
    #[must_use]
    pub fn then(self, other: &Self) -> Self {
        Self(self.0 + &other.0)
    }

    /// Whether there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

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
