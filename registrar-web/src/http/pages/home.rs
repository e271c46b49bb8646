use askama::Template;
use axum::response::Response;

use super::layout::{Page, render};
use super::visitor::Visitor;
use crate::domain::Mode;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home<'a> {
    page: Page<'a>,
    mode_words: &'static str,
    open: bool,
}

/// `/`
pub(super) async fn show(visitor: Visitor) -> Response {
    let mode = visitor.site().mode;
    render(&Home {
        page: visitor.page(&visitor.site().name),
        mode_words: mode.words(),
        open: mode != Mode::Closed,
    })
}
