use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::layout::{Page, render};
use crate::domain::Mode;
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home<'a> {
    page: Page<'a>,
    mode_words: &'static str,
    open: bool,
}

/// `/`
pub(super) async fn show(State(state): State<AppState>) -> Response {
    let mode = state.site.mode;
    render(&Home {
        page: Page::new(&state.site, state.site.name.clone()),
        mode_words: mode.words(),
        open: mode != Mode::Closed,
    })
}
