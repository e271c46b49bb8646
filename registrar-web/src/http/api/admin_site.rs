use axum::Json;
use axum::extract::{Extension, State};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::openapi::AdminProblems;
use super::super::permissions::Admin;
use super::super::problem::Problem;
use super::super::request_id::CurrentRequest;
use super::super::state::AppState;
use super::wire::admin::{HostStats, Stats, StatsCheck};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(stats))
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
