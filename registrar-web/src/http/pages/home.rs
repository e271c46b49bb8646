use askama::Template;
use axum::response::Response;

use super::layout::{Page, render};
use super::visitor::Visitor;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home<'a> {
    page: Page<'a>,
    mode_words: String,
}

/// `/`
pub(super) async fn show(visitor: Visitor) -> Response {
    render(&Home {
        page: visitor.page(&visitor.site().name),
        mode_words: visitor.mode_words(visitor.site().mode),
    })
}
