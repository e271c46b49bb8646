//! Pages and API over HTTP. Handlers translate; what a registration may do is decided in
//! [`crate::registration`], and JSON and forms go through the same call of it.

mod acting;
mod admin_token;
mod answer;
mod api;
mod bearer;
mod client_address;
mod cors;
mod current;
mod extract;
mod headers;
mod limits;
mod live;
mod local;
mod metrics;
mod openapi;
mod pages;
mod patience;
mod permissions;
mod problem;
mod request_id;
mod serve;
mod state;
mod static_files;
mod whole_body;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

pub use admin_token::AdminToken;
pub use client_address::{Peer, client_address, client_key};
pub use current::CurrentRoutes;
pub use local::{AdminDoor, Door, JoinDoor, LocalPeer};
pub use metrics::metrics_router;
pub use openapi::document;
pub use permissions::{PERMISSIONS, Permission, Who};
pub use problem::Kind;
pub use problem::Problem;
pub use serve::{serve, serve_local};
pub use state::AppState;

/// How long a handler may take; a hash that waits in a full queue takes the longest.
const HANDLER_TIME: std::time::Duration = std::time::Duration::from_secs(90);
/// How long a body may make no progress.
const BODY_SILENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// All routes with everything around them. Every request needs a [`Peer`] or [`LocalPeer`] among its
/// extensions ([`serve`] and [`serve_local`] put it there); without one it counts as coming from
/// nowhere.
pub fn router(state: AppState) -> Router {
    let (api, document) = openapi::routes();
    let api = api.route_layer(from_fn_with_state(state.clone(), permissions::check));
    Router::new()
        .merge(api)
        .merge(live::socket_io::routes(&state))
        .merge(openapi::documentation(document))
        .merge(pages::routes())
        .merge(static_files::routes())
        .merge(metrics::routes())
        .fallback(|| async { Problem::new(Kind::NotFound) })
        .method_not_allowed_fallback(|| async { Problem::new(Kind::MethodNotAllowed) })
        // The last one is the outermost.
        .layer(from_fn_with_state(state.clone(), pages::attach))
        .layer(from_fn(whole_body::await_it))
        .layer(from_fn_with_state(state.clone(), limits::count))
        .layer(RequestBodyTimeoutLayer::new(BODY_SILENCE))
        .layer(TimeoutLayer::with_status_code(
            http::StatusCode::REQUEST_TIMEOUT,
            HANDLER_TIME,
        ))
        .layer(CatchPanicLayer::custom(answer::after_panic))
        .layer(from_fn_with_state(state.clone(), cors::apply))
        .layer(from_fn_with_state(state.clone(), answer::finish))
        .with_state(state)
}
