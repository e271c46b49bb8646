//! The pages of one's own account.

mod data;
mod invites;
mod keys;
mod organization;
mod overview;
mod password;
mod profile;
mod second_factor;
mod sessions;

use askama::Template;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};

use super::form::Field;
use super::layout::{Page, render_with};
use super::visitor::Visitor;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/account", get(overview::show))
        .route("/account/profile", get(profile::show).post(profile::submit))
        .route(
            "/account/password",
            get(password::show).post(password::submit),
        )
        .route("/account/keys", get(keys::show).post(keys::add))
        .route("/account/keys/{id}/remove", post(keys::remove))
        .route("/account/second-factor", get(second_factor::show))
        .route("/account/second-factor/totp", post(second_factor::set_up))
        .route(
            "/account/second-factor/confirm",
            post(second_factor::confirm),
        )
        .route(
            "/account/second-factor/totp/off",
            post(second_factor::disable),
        )
        .route("/account/second-factor/mail", post(second_factor::by_mail))
        .route("/account/second-factor/codes", post(second_factor::codes))
        .route("/account/sessions", get(sessions::show))
        .route("/account/sessions/end", post(sessions::end_all))
        .route("/account/sessions/{id}/end", post(sessions::end))
        .route("/account/invites", get(invites::show).post(invites::make))
        .route("/account/invites/{id}/revoke", post(invites::revoke))
        .route(
            "/account/organization",
            get(organization::show).post(organization::change),
        )
        .route(
            "/account/organization/members/{id}/remove",
            post(organization::take_out),
        )
        .route("/account/data", get(data::show))
        .route("/account/data/export", post(data::export))
        .route("/account/data/delete", post(data::delete))
        .route("/invites", get(invites::elsewhere))
}

/// A page that is one form.
#[derive(Template)]
#[template(path = "pages/account/form.html")]
struct FormPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    lead: String,
    action: &'static str,
    fields: Vec<Field>,
    button: String,
}

impl FormPage<'_> {
    fn write(&self, problem: Option<&Problem>) -> Response {
        render_with(self, problem)
    }
}

/// What stands above a form that was not taken.
fn alert(visitor: &Visitor, problem: Option<&Problem>) -> Option<String> {
    let problem = problem?;
    Some(match problem.kind {
        Kind::InvalidFields => visitor.t("account-mend").to_string(),
        _ => visitor.problem_words(problem),
    })
}

/// The field for the password that a change needs.
fn own_password(visitor: &Visitor, problem: Option<&Problem>) -> Field {
    let label = visitor.t("account-own-password");
    let field = Field::new("password", "password", label, "").required();
    field
        .completed_by("current-password")
        .judged(visitor, problem)
}
