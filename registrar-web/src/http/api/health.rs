use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::state::AppState;
use super::wire::{Alive, Ready, ReadyCheck};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(alive))
        .routes(routes!(ready))
        // The same under the names that siblings and proxies ask for.
        .route("/health", axum::routing::get(alive))
        .route("/api/auth/health", axum::routing::get(alive))
}

/// The service runs
///
/// Also at `/health` and `/api/auth/health`. Asks nothing but the service itself.
#[utoipa::path(
    get,
    path = "/api/health",
    tag = "health",
    responses((status = 200, description = "It does.", body = Alive))
)]
async fn alive() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// The service can do its work
///
/// Asks store, outbox and provisiond, at most once a second. Why a check fails is in the log, not in the answer.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "It can.", body = Ready),
        (status = 503, description = "It can't; the checks say what is missing.", body = Ready),
    )
)]
async fn ready(State(state): State<AppState>) -> (StatusCode, Json<Ready>) {
    let found = state.readiness().await;
    found.warn();
    let status = if found.ready {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    let checks = found.checks.into_iter().map(|c| ReadyCheck {
        name: c.name,
        ok: c.ok,
    });
    (
        status,
        Json(Ready {
            ready: found.ready,
            checks: checks.collect(),
        }),
    )
}
