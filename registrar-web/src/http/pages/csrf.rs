use axum::extract::{FromRequest, Request};
use http::header::{self, HeaderMap, HeaderValue};
use subtle::ConstantTimeEq;

use super::visitor::Visitor;
use crate::http::extract::Form;
use crate::http::problem::{Kind, Problem};
use crate::http::state::{AppState, Site};

/// The name of the hidden field.
const FIELD: &str = "csrf";

/// A form that was sent from a page of ours; any other is refused before the handler runs.
pub(in crate::http) struct OurForm(pub Form);

impl FromRequest<AppState> for OurForm {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        let visitor = request.extensions().get::<Visitor>().cloned();
        let visitor = visitor.ok_or_else(|| Problem::new(Kind::Internal))?;
        let headers = request.headers().clone();
        let form = Form::from_request(request, state).await?;
        check(&visitor, &headers, &form)?;
        Ok(Self(form))
    }
}

/// Judges a form's origin: what the browser itself says of it, then the token. Who is signed in has
/// one that is derived from the session; everyone else has a random one in a cookie, which no other
/// site can write.
pub(super) fn check(visitor: &Visitor, headers: &HeaderMap, form: &Form) -> Result<(), Problem> {
    let sent = form.text(FIELD).as_bytes();
    let is_it: bool = visitor.known_form_token().as_bytes().ct_eq(sent).into();
    if is_it && !sent.is_empty() && is_same_origin(visitor.site(), headers) {
        Ok(())
    } else {
        Err(Problem::new(Kind::CrossSite))
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
