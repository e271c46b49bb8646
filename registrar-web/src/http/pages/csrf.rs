use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{self, HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

use crate::http::extract::Form;
use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::{AppState, Site};
use crate::ports::EntropyExt;

/// The name of the hidden field.
const FIELD: &str = "csrf";

/// Shows that a form was sent from a page of ours: the same random text in a cookie and in the
/// form, which no other site can write.
pub(super) struct Csrf {
    /// For the hidden field.
    pub token: String,
    is_new: bool,
}

impl Csrf {
    /// The browser's token, or a new one.
    pub(super) fn of(state: &AppState, headers: &HeaderMap) -> Self {
        match sent(&state.site, headers) {
            Some(token) => Self {
                token: token.to_owned(),
                is_new: false,
            },
            None => Self {
                token: URL_SAFE_NO_PAD.encode(state.registrar.world().entropy.bytes::<24>()),
                is_new: true,
            },
        }
    }

    /// Gives the browser its cookie, once.
    pub(super) fn attach(&self, site: &Site, headers: &mut HeaderMap) {
        if !self.is_new {
            return;
        }
        let secure = if site.https { "; Secure" } else { "" };
        let cookie = format!(
            "{}={}; Path=/; HttpOnly; SameSite=Lax{secure}",
            cookie_name(site),
            self.token
        );
        if let Ok(cookie) = HeaderValue::from_str(&cookie) {
            headers.append(header::SET_COOKIE, cookie);
        }
    }
}

/// Judges a form's origin: what the browser itself says of it, then the token.
pub(super) fn check(state: &AppState, headers: &HeaderMap, form: &Form) -> Result<(), Problem> {
    let refused = || Err(Problem::new(Kind::CrossSite));
    if !is_same_origin(&state.site, headers) {
        return refused();
    }
    let Some(cookie) = sent(&state.site, headers) else {
        return refused();
    };
    if bool::from(cookie.as_bytes().ct_eq(form.text(FIELD).as_bytes())) {
        Ok(())
    } else {
        refused()
    }
}

/// `Sec-Fetch-Site` where the browser sends it, otherwise `Origin`. `null` is what pages with
/// `Referrer-Policy: no-referrer` send; browsers without either header exist, and the token
/// decides for them.
fn is_same_origin(site: &Site, headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    if let Some(fetch_site) = text(header::HeaderName::from_static("sec-fetch-site")) {
        return matches!(fetch_site, "same-origin" | "none");
    }
    match text(header::ORIGIN) {
        None | Some("null") => true,
        Some(origin) => {
            origin == site.public_url
                || origin
                    .split_once("://")
                    .is_some_and(|(_, host)| text(header::HOST) == Some(host))
        }
    }
}

fn cookie_name(site: &Site) -> &'static str {
    if site.https {
        "__Host-registrar-form"
    } else {
        "registrar-form"
    }
}

fn sent<'a>(site: &Site, headers: &'a HeaderMap) -> Option<&'a str> {
    let name = cookie_name(site);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(n, token)| {
            *n == name
                && token.len() == 32
                && token
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        })
        .map(|(_, token)| token)
}
