use axum::Json;
use axum::extract::State;
use http::header::{self, HeaderValue};
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::bearer::From;
use super::super::extract::{PathText, StrictJson};
use super::super::openapi::NotFoundProblems;
use super::super::openapi::auth::MemberProblems;
use super::super::openapi::credentials::{KeyProblems, LastKeyProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::credentials::{KeyAnswer, KeyBody, KeyList};
use crate::auth::{Caller, CredentialError};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_keys, add_key))
        .routes(routes!(show_key, remove_key))
}

/// One's SSH keys
///
/// Those that the registrar keeps; what stands in `~/.ssh/authorized_keys` is one's own business.
#[utoipa::path(
    get,
    path = "/api/auth/ssh-keys",
    tag = "credentials",
    security(("accessToken" = [])),
    responses((status = 200, description = "All of them.", body = KeyList), MemberProblems)
)]
async fn list_keys(Caller { user, .. }: Caller) -> Json<KeyList> {
    Json(KeyList::of(&user))
}

/// Add an SSH key
///
/// One public key. The host takes it within seconds; the owner is told by mail.
#[utoipa::path(
    post,
    path = "/api/auth/ssh-keys",
    tag = "credentials",
    security(("accessToken" = [])),
    request_body = KeyBody,
    responses(
        (status = 201, description = "The key is kept; `Location` names it.", body = KeyAnswer),
        MemberProblems,
        KeyProblems,
    )
)]
async fn add_key(
    Caller { user, .. }: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<KeyBody>,
) -> Result<(StatusCode, HeaderMap, Json<KeyAnswer>), Problem> {
    let label = body.label.as_deref();
    let (user, key) = state
        .auth
        .add_ssh_key(&user, &body.key, label, &client)
        .await?;
    let mut headers = HeaderMap::new();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/auth/ssh-keys/{}", key.id)) {
        headers.insert(header::LOCATION, place);
    }
    Ok((
        StatusCode::CREATED,
        headers,
        Json(KeyAnswer::of(&key, &user)),
    ))
}

/// One of one's SSH keys
#[utoipa::path(
    get,
    path = "/api/auth/ssh-keys/{id}",
    tag = "credentials",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "The key.", body = KeyAnswer),
        MemberProblems,
        NotFoundProblems,
    )
)]
async fn show_key(
    Caller { user, .. }: Caller,
    PathText(id): PathText,
) -> Result<Json<KeyAnswer>, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| CredentialError::NoSuchKey)?;
    let found = user.ssh_keys.iter().find(|k| k.id == id);
    let key = found.ok_or(CredentialError::NoSuchKey)?;
    Ok(Json(KeyAnswer::of(key, &user)))
}

/// Remove an SSH key
///
/// The host forgets it within seconds; the owner is told by mail.
#[utoipa::path(
    delete,
    path = "/api/auth/ssh-keys/{id}",
    tag = "credentials",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 204, description = "The key is not kept any more."),
        MemberProblems,
        NotFoundProblems,
        LastKeyProblems,
    )
)]
async fn remove_key(
    Caller { user, .. }: Caller,
    State(state): State<AppState>,
    From(client): From,
    PathText(id): PathText,
) -> Result<StatusCode, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| CredentialError::NoSuchKey)?;
    state.auth.remove_ssh_key(&user, id, &client).await?;
    Ok(StatusCode::NO_CONTENT)
}
