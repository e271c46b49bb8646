use axum::response::{IntoResponse, Redirect, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{FactorNews, FactorNotice};
use crate::text::{Language, Text, is_known};

/// The longest cookie that is looked at.
const LONGEST: usize = 1024;

/// What the page after a redirect says, once. It travels in a cookie: a key of the catalogue and what
/// is put into the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::http) struct Flash {
    key: String,
    values: Vec<(String, String)>,
}

impl Flash {
    /// The message of that key.
    pub(in crate::http) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            values: Vec::new(),
        }
    }

    /// What is new of the second factor since the last login.
    pub(in crate::http) fn of_news(notice: &FactorNotice) -> Self {
        let flash = match notice.what {
            FactorNews::Authenticator => Self::new("login-news-authenticator"),
            FactorNews::NoAuthenticatorYet => Self::new("login-news-no-authenticator"),
            FactorNews::ByMail => Self::new("login-news-by-mail"),
            FactorNews::OwnChoice => Self::new("login-news-own-choice"),
        };
        flash.with("name", &notice.organisation)
    }

    /// Puts a text into it.
    pub(in crate::http) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sends the browser to a page of ours, which says it.
    pub(in crate::http) fn on(self, path: &str) -> Response {
        let mut response = Redirect::to(path).into_response();
        response.extensions_mut().insert(self);
        response
    }

    /// Its words.
    pub(super) fn words(&self, language: Language) -> String {
        let text = Text::new(language, &self.key);
        let text = self
            .values
            .iter()
            .fold(text, |text, (name, value)| text.with(name, value));
        text.to_string()
    }

    /// For the cookie.
    pub(super) fn encode(&self) -> String {
        let mut pairs = form_urlencoded::Serializer::new(String::new());
        pairs.append_pair("", &self.key).extend_pairs(&self.values);
        URL_SAFE_NO_PAD.encode(pairs.finish())
    }

    /// Reads the cookie; `None` for what names no message.
    pub(super) fn decode(text: &str) -> Option<Self> {
        if text.len() > LONGEST {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let mut pairs = form_urlencoded::parse(&bytes).into_owned();
        let (_, key) = pairs.next()?;
        is_known(&key).then(|| Self {
            key,
            values: pairs.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flash_survives_its_cookie_and_nothing_else_is_taken_for_one() {
        let flash = Flash::new("site-signed-in").with("name", "a; b=\u{e9}&c");
        let cookie = flash.encode();
        assert!(
            cookie
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
        );
        assert_eq!(Flash::decode(&cookie), Some(flash));
        let unknown = Flash::new("no-such-key").encode();
        for text in ["", "!", "AAAA", &unknown, &"A".repeat(2000)] {
            assert_eq!(Flash::decode(text), None, "{text}");
        }
    }
}
