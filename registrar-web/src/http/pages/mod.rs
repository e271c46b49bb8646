//! The pages. Complete without scripts; the one script only saves people a click.

mod csrf;
pub(super) mod docs;
mod home;
mod layout;
mod live;
mod problems;
mod recover;
mod signup;
mod status;
mod verify;

use axum::Router;
use axum::routing::{get, post};

pub(super) use problems::problem_page;

use super::state::AppState;

/// All pages but the API's own.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route("/signup", get(signup::show).post(signup::submit))
        .route("/signup/status/{username}", get(status::show))
        .route("/signup/status/{username}/code", post(status::code))
        .route("/signup/status/{username}/resend", post(status::resend))
        .route("/signup/status/{username}/events", get(live::events))
        .route("/verify-email", get(verify::show).post(verify::submit))
        .route("/recover", get(recover::show).post(recover::submit))
        .route("/problems/{code}", get(problems::explain))
}
