use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::PathText;
use super::super::openapi::{NotFoundProblems, StoreProblems};
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::wire::{NameCheck, RegistrationStatus};
use crate::domain::Username;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(check_username))
        .routes(routes!(registration))
}

/// Whether a name can be had
///
/// Judges any text: a malformed name is answered with the rule that it breaks.
#[utoipa::path(
    get,
    path = "/api/auth/status/check-username/{username}",
    tag = "registration",
    params(("username" = String, Path, description = "The name to judge")),
    responses(
        (status = 200, description = "The judgement.", body = NameCheck),
        StoreProblems,
    )
)]
async fn check_username(
    State(state): State<AppState>,
    PathText(name): PathText,
) -> Result<Json<NameCheck>, Problem> {
    let answer = state.registrar.check_username(&name).await?;
    Ok(Json(NameCheck {
        available: answer.available,
        message: answer.message,
    }))
}

/// Where a registration stands
#[utoipa::path(
    get,
    path = "/api/auth/status/registration/{username}",
    tag = "registration",
    params(("username" = String, Path, description = "The name asked for")),
    responses(
        (status = 200, description = "Its status.", body = RegistrationStatus),
        NotFoundProblems,
        StoreProblems,
    )
)]
async fn registration(
    State(state): State<AppState>,
    PathText(name): PathText,
) -> Result<Json<RegistrationStatus>, Problem> {
    let none = || Problem::with_detail(Kind::NotFound, "There is no registration of this name.");
    let name = Username::parse(&name).map_err(|_| none())?;
    let found = state.registrar.registration(&name).await?;
    Ok(Json(found.ok_or_else(none)?.into()))
}
