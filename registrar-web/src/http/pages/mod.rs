//! The pages. Complete without scripts; the one script only saves people a click.

mod account;
mod admin;
mod check;
mod cookies;
mod csrf;
pub(super) mod docs;
mod flash;
mod form;
mod home;
mod layout;
mod live;
mod login;
mod notifications;
mod own_path;
mod problems;
mod receipt;
mod recover;
mod second_step;
mod signed_in;
mod signup;
mod status;
mod times;
mod verify;
mod visitor;
mod words;

use axum::Router;
use axum::routing::{get, post};

pub(super) use problems::problem_page;
pub(super) use visitor::{Visitor, attach, language_of, session_of};

use super::state::AppState;

/// All pages but the API's own.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/", get(home::show))
        .route("/signup", get(signup::show).post(signup::submit))
        .route("/signup/check", post(check::judge))
        .route("/invites/{token}", get(signup::by_invite))
        .route("/signup/status/{username}", get(status::show))
        .route("/signup/status/{username}/code", post(status::code))
        .route("/signup/status/{username}/resend", post(status::resend))
        .route("/signup/status/{username}/events", get(live::events))
        .route("/receipt/{token}", get(receipt::show))
        .route("/receipt/{token}/code", post(receipt::code))
        .route("/receipt/{token}/resend", post(receipt::resend))
        .route("/receipt/{token}/address", post(receipt::address))
        .route("/receipt/{token}/keys", post(receipt::keys))
        .route("/receipt/{token}/answer", post(receipt::answer))
        .route("/verify-email", get(verify::show).post(verify::submit))
        .route("/login", get(login::show).post(login::submit))
        .route("/login/second-step", post(second_step::submit))
        .route("/logout", post(login::out))
        .merge(account::routes())
        .merge(notifications::routes())
        .route("/recover", get(recover::show).post(recover::submit))
        .route("/problems/{code}", get(problems::explain))
        .merge(admin::routes())
}
