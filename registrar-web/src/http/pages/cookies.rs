use http::HeaderValue;
use http::header::{self, HeaderMap};

use crate::http::state::Site;

/// The cookies of the pages. Over TLS their names begin with `__Host-`, so that no other host of the
/// same domain can set them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cookie {
    /// The token of a session.
    Session,
    /// What the forms of who is not signed in carry.
    Form,
    /// What the next page says once.
    Flash,
    /// The language.
    Language,
}

impl Cookie {
    fn name(self, site: &Site) -> String {
        let prefix = if site.https { "__Host-" } else { "" };
        let name = match self {
            Self::Session => "session",
            Self::Form => "form",
            Self::Flash => "flash",
            Self::Language => "language",
        };
        format!("{prefix}registrar-{name}")
    }

    /// The value that a browser sent, unjudged; `None` when it is empty.
    pub(super) fn of<'a>(self, site: &Site, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.name(site);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(n, _)| *n == name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_empty())
    }

    /// Gives it to a browser; `seconds` says for how long, `None` until it is closed.
    pub(super) fn set(
        self,
        site: &Site,
        headers: &mut HeaderMap,
        value: &str,
        seconds: Option<i64>,
    ) {
        let secure = if site.https { "; Secure" } else { "" };
        let age = seconds.map_or_else(String::new, |s| format!("; Max-Age={s}"));
        let name = self.name(site);
        let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }

    /// Takes it back.
    pub(super) fn clear(self, site: &Site, headers: &mut HeaderMap) {
        self.set(site, headers, "", Some(0));
    }
}
