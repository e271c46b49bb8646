use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request::Parts};
use zeroize::Zeroizing;

use super::client_address::Client;
use super::problem::{Kind, Problem};
use super::state::AppState;
use crate::auth;
use crate::domain::Device;

/// The token of `Authorization: Bearer`, if there is one.
pub(super) fn token_of(headers: &HeaderMap) -> Option<Zeroizing<String>> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let is_there = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    is_there.then(|| Zeroizing::new(token.to_owned()))
}

/// Where a request comes from, with which program.
pub(super) struct From(pub auth::Client);

impl FromRequestParts<AppState> for From {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let client = parts.extensions.get::<Client>();
        let client = client.ok_or_else(|| Problem::new(Kind::Internal))?;
        Ok(Self(client_from(client, &parts.headers)))
    }
}

/// An address, and what the program there calls itself.
pub(super) fn client_from(client: &Client, headers: &HeaderMap) -> auth::Client {
    let agent = headers.get(header::USER_AGENT);
    let agent = agent.and_then(|v| v.to_str().ok()).unwrap_or_default();
    auth::Client {
        address: client.0.clone(),
        device: Device::clean(agent),
    }
}
