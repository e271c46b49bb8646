use axum::extract::FromRequestParts;
use http::{header, request::Parts};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::problem::Problem;
use super::problem_kind::Kind;
use super::state::AppState;

/// The bearer token of the admin routes. Only its SHA-256 is kept, which also makes all
/// comparisons equally long.
#[derive(Clone)]
pub struct AdminToken([u8; 32]);

/// Proof that a request carries the token.
pub(super) struct Admin;

impl AdminToken {
    /// Takes the content of the token's file; `None` when it has fewer than 16 characters, which
    /// could be guessed.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= 16).then(|| Self(Sha256::digest(text.as_bytes()).into()))
    }

    fn is(&self, typed: &str) -> bool {
        let digest: [u8; 32] = Sha256::digest(typed.as_bytes()).into();
        self.0.ct_eq(&digest).into()
    }
}

impl std::fmt::Debug for AdminToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AdminToken(redacted)")
    }
}

impl Admin {
    /// What decisions are signed with, until admins have accounts.
    pub(super) const NAME: &'static str = "admin token";
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let typed = parts
            .headers
            .get(header::AUTHORIZATION)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
            .map_or("", |(_, token)| token.trim());
        match &state.admin_token {
            Some(token) if token.is(typed) => Ok(Self),
            _ => Err(Problem::new(Kind::Unauthorized)),
        }
    }
}
