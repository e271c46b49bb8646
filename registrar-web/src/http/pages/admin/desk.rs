use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;

use super::super::signed_in::SignedIn;
use super::Operators;
use crate::audit::By;
use crate::domain::RequestId;
use crate::http::extract::PathText;
use crate::http::problem::{Kind, Problem};
use crate::http::request_id::CurrentRequest;
use crate::http::state::AppState;
use crate::people::Acting;
use crate::registration::Registrar;

/// Who works in the console, and what the path names.
pub(super) struct Desk {
    /// Who.
    pub(super) admin: SignedIn<Operators>,
    /// On whose authority.
    pub(super) acting: Acting,
    /// What to work with.
    pub(super) state: AppState,
    /// The request, for the host.
    pub(super) request: RequestId,
    /// What the path names first.
    pub(super) named: String,
}

impl FromRequestParts<AppState> for Desk {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let admin = SignedIn::<Operators>::from_request_parts(parts, state).await?;
        let named = PathText::from_request_parts(parts, state).await;
        let request = parts.extensions.get::<CurrentRequest>();
        Ok(Self {
            acting: admin.acting(),
            admin,
            state: state.clone(),
            request: request
                .ok_or_else(|| Problem::new(Kind::Internal).into_response())?
                .id,
            named: named.map_err(IntoResponse::into_response)?.0,
        })
    }
}

impl Desk {
    /// What decides about registrations, and for whom.
    pub(super) fn parts(&self) -> (&Registrar, &By) {
        (&self.state.registrar, &self.admin.by)
    }
}
