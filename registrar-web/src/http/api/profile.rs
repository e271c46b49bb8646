use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::StrictJson;
use super::super::openapi::auth::MemberProblems;
use super::super::openapi::people::ProfileProblems;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::export::UserData;
use super::wire::people::{ProfileAnswer, ProfileBody};
use crate::auth::Caller;
use crate::domain::ProfileForm;
use crate::people::Acting;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, change))
        .routes(routes!(export))
}

/// One's own profile
#[utoipa::path(
    get,
    path = "/api/auth/profile",
    tag = "people",
    security(("accessToken" = [])),
    responses((status = 200, description = "What one told.", body = ProfileAnswer), MemberProblems)
)]
async fn show(Caller { user, .. }: Caller) -> Json<ProfileAnswer> {
    Json((&user).into())
}

/// Replace one's own profile
///
/// A field that is left out is emptied, but for `displayName`.
#[utoipa::path(
    put,
    path = "/api/auth/profile",
    tag = "people",
    security(("accessToken" = [])),
    request_body = ProfileBody,
    responses((status = 200, description = "As it is now.", body = ProfileAnswer), ProfileProblems)
)]
async fn change(
    Caller { user, .. }: Caller,
    acting: Acting,
    State(state): State<AppState>,
    StrictJson(form): StrictJson<ProfileForm>,
) -> Result<Json<ProfileAnswer>, Problem> {
    let user = state.people.edit(&acting, user.id, form).await?;
    Ok(Json((&user).into()))
}

/// All that the service knows of oneself
///
/// One JSON file, without secrets: neither the password's hash nor tokens.
#[utoipa::path(
    get,
    path = "/api/auth/user-data",
    tag = "people",
    security(("accessToken" = [])),
    responses((status = 200, description = "A file.", body = UserData), MemberProblems)
)]
async fn export(
    caller: Caller,
    acting: Acting,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    user_data(&state, &acting, &caller).await
}

/// The file.
pub(crate) async fn user_data(
    state: &AppState,
    acting: &Acting,
    caller: &Caller,
) -> Result<Response, Problem> {
    let data = state.people.export(acting, &caller.user).await?;
    let grace = state.people.grace();
    let body = UserData::of(data, &caller.session, grace, state.now());
    let own = &caller.user.username;
    let file = format!("attachment; filename=\"{own}-data.json\"");
    let headers = [
        (header::CONTENT_DISPOSITION, file.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Json(body)).into_response())
}
