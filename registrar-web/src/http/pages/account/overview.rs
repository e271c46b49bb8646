use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::domain::{Kept, OnHost, User};
use crate::http::pages::layout::{Page, render};
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::Visitor;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::way_in::HostKey;

#[derive(Template)]
#[template(path = "pages/account/overview.html")]
struct OverviewPage<'a> {
    page: Page<'a>,
    user: &'a User,
    ssh: String,
    host_keys: &'a [HostKey],
    web: Option<String>,
    /// What the host lacks of what was changed here.
    behind: Vec<String>,
    has_second_factor: bool,
}

/// `GET /account`: how to get in, and what to see to.
pub(super) async fn show(
    State(state): State<AppState>,
    who: SignedIn,
) -> Result<Response, Problem> {
    let (visitor, user) = (&who.visitor, &who.caller.user);
    let way_in = &visitor.site().way_in;
    let credentials = &user.credentials;
    let page = OverviewPage {
        page: visitor.page(visitor.t("site-account")).of("overview"),
        user,
        ssh: way_in.ssh_line(user.username.as_str()),
        host_keys: &way_in.host_keys,
        web: way_in.web_address(user.username.as_str()),
        behind: [
            behind(visitor, "account-host-password", &credentials.password),
            behind(visitor, "account-host-keys", &credentials.ssh_keys),
        ]
        .into_iter()
        .flatten()
        .collect(),
        has_second_factor: state.auth.factor_status(user).await?.method.is_some(),
    };
    Ok(render(&page))
}

/// What the host has not taken yet, or refuses.
pub(super) fn behind(visitor: &Visitor, what: &str, kept: &Kept) -> Option<String> {
    let what = visitor.t(what);
    match &kept.host {
        OnHost::InStep => None,
        OnHost::Due => Some(visitor.t("account-host-due").with("what", what).to_string()),
        OnHost::Refused { reason, .. } => {
            let text = visitor.t("account-host-refused").with("what", what);
            Some(text.with("reason", reason).to_string())
        }
    }
}
