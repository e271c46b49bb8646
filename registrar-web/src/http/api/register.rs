use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::{Json, http::StatusCode};
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::client_address::Client;
use super::super::extract::StrictJson;
use super::super::openapi::RegisterProblems;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::{SignUp, TakenIn};
use crate::domain::SignupForm;
use crate::registration::RegistrationView;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(register))
}

/// Sign up
///
/// Reserves the name, takes the registration in and answers; the account is made afterwards. The
/// status tells how it goes on.
#[utoipa::path(
    post,
    path = "/api/auth/register",
    tag = "registration",
    request_body = SignUp,
    responses(
        (status = 201, description = "Taken in. `Location` is the route of its status.", body = TakenIn,
            headers(("Location" = String, description = "The route of its status"))),
        RegisterProblems,
    )
)]
async fn register(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    StrictJson(form): StrictJson<SignupForm>,
) -> Result<Response, Problem> {
    let view = state.registrar.register(form, &client.0).await?;
    Ok(taken_in(&state, &view))
}

/// What a registration that was taken in is answered with.
pub(super) fn taken_in(state: &AppState, view: &RegistrationView) -> Response {
    let location = format!("/api/auth/status/registration/{}", view.username);
    let body = TakenIn::of(
        view,
        &state.registrar.receipt_token(view.id),
        &state.site.public_url,
    );
    let location = [(header::LOCATION, location)];
    (StatusCode::CREATED, location, Json(body)).into_response()
}
