use askama::Template;
use axum::response::{Html, IntoResponse, Response};

use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::Site;
use crate::http::static_files::{ASSETS, Assets};

/// What every page has.
pub(super) struct Page<'a> {
    /// What the community calls itself.
    pub site: &'a Site,
    /// Stylesheet, script, icon.
    pub assets: &'static Assets,
    /// Of the window.
    pub title: String,
    /// Seconds after which a browser without scripts looks again.
    pub refresh: Option<u32>,
}

impl<'a> Page<'a> {
    /// A page of that title.
    pub(super) fn new(site: &'a Site, title: impl Into<String>) -> Self {
        Self {
            site,
            assets: &ASSETS,
            title: title.into(),
            refresh: None,
        }
    }
}

/// Writes a page out.
pub(super) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page can't be written");
            Problem::new(Kind::Internal).into_response()
        }
    }
}
