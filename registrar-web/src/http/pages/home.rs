use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::layout::{Page, render};
use super::visitor::Visitor;
use crate::domain::Places;
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "pages/home.html")]
struct Home<'a> {
    page: Page<'a>,
    mode_words: String,
    /// How many places are taken, where that counts.
    places: Option<String>,
    is_full: bool,
}

/// `/`
pub(super) async fn show(State(state): State<AppState>, visitor: Visitor) -> Response {
    let places = state.places().await;
    render(&Home {
        page: visitor.page(&visitor.site().name),
        mode_words: visitor.mode_words(visitor.site().mode),
        is_full: places.is_some_and(Places::is_full),
        places: places.map(|places| visitor.places_words(places)),
    })
}
