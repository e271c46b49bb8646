use axum::Json;
use axum::extract::{Extension, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::StrictJson;
use super::super::openapi::{AdminProblems, FieldsProblems};
use super::super::permissions::Admin;
use super::super::problem::Problem;
use super::super::problem_kind::Kind;
use super::super::request_id::CurrentRequest;
use super::super::state::AppState;
use super::wire::NameBody;
use super::wire_admin::{HostStats, Stats, StatsCheck};
use super::wire_auth::UserAnswer;
use crate::domain::Username;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(stats))
        .routes(routes!(bootstrap))
}

/// How the site is
///
/// Numbers, and every check of `/health/ready` with its reason.
#[utoipa::path(
    get,
    path = "/api/admin/stats",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    responses((status = 200, description = "As of now.", body = Stats), AdminProblems)
)]
async fn stats(
    _: Admin,
    State(state): State<AppState>,
    Extension(request): Extension<CurrentRequest>,
) -> Result<Json<Stats>, Problem> {
    let world = state.registrar.world();
    let (counts, readiness, host) = tokio::join!(
        world.store.counts(),
        state.readiness(),
        world.provisioner.health(request.id)
    );
    let checks = readiness.checks.into_iter().map(|check| StatsCheck {
        name: check.name,
        ok: check.ok,
        message: check.message,
    });
    Ok(Json(Stats {
        version: env!("CARGO_PKG_VERSION"),
        ready: readiness.ready,
        checks: checks.collect(),
        counts: counts?.into(),
        host: host.ok().map(HostStats::from),
    }))
}

/// Make a member the first admin
///
/// Gives an existing member the role `super_admin`.
#[utoipa::path(
    post,
    path = "/api/admin/bootstrap",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    request_body = NameBody,
    responses((status = 200, description = "The member; also when it had the role before.", body = UserAnswer), AdminProblems, FieldsProblems)
)]
async fn bootstrap(
    admin: Admin,
    State(state): State<AppState>,
    StrictJson(body): StrictJson<NameBody>,
) -> Result<Json<UserAnswer>, Problem> {
    let name = Username::parse(&body.username)
        .map_err(|e| Problem::field("username", e.code(), e.to_string()))?;
    let made = state.auth.make_super_admin(&name, admin.by()).await?;
    let user = made.ok_or_else(|| {
        Problem::with_detail(Kind::NotFound, "There is no active member of that name.")
    })?;
    Ok(Json((&user).into()))
}
