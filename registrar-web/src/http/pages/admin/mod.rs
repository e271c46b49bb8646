//! The console: pages for operators and higher roles. Each does what a route of the API does, by the
//! same call; the roles are those of [`crate::http::permissions`].

mod application;
mod audit;
mod dashboard;
mod desk;
mod health;
mod invites;
mod member;
mod organization;
mod organizations;
mod people;
mod queue;
mod words;

use axum::Router;
use axum::routing::{get, post};

use super::signed_in::{Operators, SiteAdmins};
use crate::http::state::AppState;

/// The pages of the console.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/admin", get(dashboard::show))
        .route("/admin/queue", get(queue::show))
        .route("/admin/queue/{id}", get(application::show))
        .route("/admin/queue/{id}/claim", post(application::claim))
        .route("/admin/queue/{id}/release", post(application::release))
        .route("/admin/queue/{id}/note", post(application::note))
        .route("/admin/queue/{id}/question", post(application::question))
        .route("/admin/queue/{id}/approve", post(application::approve))
        .route("/admin/queue/{id}/reject", post(application::reject))
        .route("/admin/queue/{id}/retry", post(application::retry))
        .route("/admin/queue/{id}/resend", post(application::resend))
        .route("/admin/people", get(people::show))
        .route("/admin/people/{id}", get(member::show))
        .route("/admin/people/{id}/suspend", post(member::suspend))
        .route("/admin/people/{id}/resume", post(member::resume))
        .route("/admin/people/{id}/role", post(member::role))
        .route(
            "/admin/organizations",
            get(organizations::show).post(organizations::create),
        )
        .route("/admin/organizations/{id}", get(organization::show))
        .route(
            "/admin/organizations/{id}/change",
            post(organization::change),
        )
        .route(
            "/admin/organizations/{id}/members",
            post(organization::take_in),
        )
        .route(
            "/admin/organizations/{id}/members/{member}/remove",
            post(organization::take_out),
        )
        .route("/admin/organizations/{id}/retry", post(organization::retry))
        .route("/admin/invites", get(invites::show).post(invites::create))
        .route("/admin/invites/{id}/revoke", post(invites::revoke))
        .route("/admin/audit", get(audit::show))
        .route("/admin/health", get(health::show))
}
