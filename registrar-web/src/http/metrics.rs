//! `/metrics`: for a Prometheus on this host, or by a listener of its own.

use axum::Router;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderMap, header};

use super::client_address::Peer;
use super::local::LocalPeer;
use super::problem::{Kind, Problem};
use super::state::AppState;
use crate::hash::HashPool;
use crate::registration::World;

const PATH: &str = "/metrics";
/// OpenMetrics 1.0.
const TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// What a proxy on this host puts on the requests that it passes on.
const PROXIED: [&str; 4] = ["x-forwarded-for", "forwarded", "via", "x-real-ip"];

/// The route on the public listener and the admin socket. For anyone but this host itself there is
/// nothing here.
pub(super) fn routes() -> Router<AppState> {
    Router::new().route(PATH, get(show))
}

/// The route alone, for the listener that `server.metrics_listen` names: whoever reaches it may read.
pub fn metrics_router(world: &World, hashes: &HashPool) -> Router {
    let (world, hashes) = (world.clone(), hashes.clone());
    Router::new().route(PATH, get(async move || written(&world, &hashes).await))
}

async fn show(
    State(state): State<AppState>,
    peer: Option<Extension<Peer>>,
    local: Option<Extension<LocalPeer>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    // Behind a proxy all the world comes from loopback.
    let is_proxied = PROXIED.iter().any(|name| headers.contains_key(*name));
    let is_here = peer.is_some_and(|p| p.0.0.is_loopback()) && !is_proxied;
    let is_admin =
        local.is_some_and(|l| matches!(l.0, LocalPeer::Admin(_) | LocalPeer::UnseenAdmin));
    if !(is_here || is_admin) {
        return Err(Problem::new(Kind::NotFound));
    }
    let registrar = &state.registrar;
    Ok(written(registrar.world(), registrar.hashes()).await)
}

async fn written(world: &World, hashes: &HashPool) -> Response {
    let counts = world.store.counts().await;
    if let Err(error) = &counts {
        tracing::warn!(%error, "the store can't be counted");
    }
    let text = world.metrics.text(counts.ok(), hashes);
    ([(header::CONTENT_TYPE, TYPE)], text).into_response()
}
