use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::StrictJson;
use super::super::openapi_auth::MemberProblems;
use super::super::openapi_people::ProfileProblems;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire_auth::SessionAnswer;
use super::wire_invites::InviteAnswer;
use super::wire_people::{
    EventData, MemberDetail, ProfileAnswer, ProfileBody, RegistrationData, UserData,
};
use crate::auth::Caller;
use crate::domain::{Actor, ProfileForm};
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
    let (user, now) = (&data.user, state.now());
    let sponsor = state.people.sponsor(user).await?;
    let own = user.username.as_str();
    let is_by = |actor: &Actor| matches!(actor, Actor::Member { id, .. } if *id == user.id);
    let body = UserData {
        exported_at: now,
        account: MemberDetail::of(user, sponsor.as_ref(), state.people.grace()),
        has_password: user.password_hash.is_some(),
        ssh_keys: user
            .ssh_keys
            .iter()
            .map(|k| k.key.as_line().to_owned())
            .collect(),
        registration: data.registration.as_ref().map(|r| RegistrationData {
            created_at: r.created_at,
            status: r.status().as_str(),
            reason: r.profile.reason.clone(),
            history: r.history.clone(),
        }),
        sessions: data
            .sessions
            .iter()
            .map(|s| SessionAnswer::of(s, &caller.session))
            .collect(),
        invites: data.invites.iter().map(InviteAnswer::from).collect(),
        events: data
            .audit
            .into_iter()
            .map(|e| EventData {
                at: e.at,
                action: e.action.as_str(),
                by: e.actor.name().to_owned(),
                // Where an admin sits is not the member's own data.
                address: e.address.filter(|_| is_by(&e.actor)),
                details: e.details,
            })
            .collect(),
    };
    let file = format!("attachment; filename=\"{own}-data.json\"");
    let headers = [
        (header::CONTENT_DISPOSITION, file.as_str()),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, Json(body)).into_response())
}
