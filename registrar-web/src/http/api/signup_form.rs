use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::openapi::FormProblems;
use super::super::state::AppState;
use super::wire::form::SignUpFormAnswer;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(form))
}

/// The sign-up form
///
/// What `POST /api/auth/register` takes here and now, for programs that ask people for it: the fields
/// in the order of the page, with the words of the page.
#[utoipa::path(
    get,
    path = "/api/auth/register/form",
    tag = "registration",
    responses((status = 200, description = "The form.", body = SignUpFormAnswer), FormProblems)
)]
async fn form(State(state): State<AppState>) -> Json<SignUpFormAnswer> {
    Json(SignUpFormAnswer::of(&state.site, state.places().await))
}
