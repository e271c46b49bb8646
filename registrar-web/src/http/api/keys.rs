use axum::Json;
use axum::extract::State;
use jsonwebtoken::jwk::JwkSet;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::openapi::{AdminProblems, StoreProblems};
use super::super::permissions::Admin;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::auth::NewKey;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(jwks))
        .routes(routes!(rotate))
}

/// The keys that access tokens can be checked with
///
/// A JWK Set (RFC 7517), by `kid`. Check the algorithm of the key and not the one that the token
/// names, `typ` (`at+jwt`), `iss`, `aud` and `exp`; look here again when a `kid` is not known. That
/// a session was signed out, only this service can tell. Empty with `auth.algorithm = "HS256"`.
#[utoipa::path(
    get,
    path = "/.well-known/jwks.json",
    tag = "login",
    responses((status = 200, description = "The keys.", body = Object), StoreProblems)
)]
async fn jwks(State(state): State<AppState>) -> Json<JwkSet> {
    Json(state.auth.keys().public(state.now()))
}

/// Sign access tokens with a new key
///
/// Nobody is logged out: the old keys verify until the tokens that they signed have expired.
#[utoipa::path(
    post,
    path = "/api/admin/keys/rotate",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    responses((status = 200, description = "The new key's name.", body = NewKey), AdminProblems)
)]
async fn rotate(admin: Admin, State(state): State<AppState>) -> Result<Json<NewKey>, Problem> {
    let kid = state.auth.rotate_keys(admin.by()).await?;
    tracing::warn!(
        BY = admin.name(),
        kid,
        "the keys of access tokens were rotated"
    );
    Ok(Json(NewKey { kid }))
}
