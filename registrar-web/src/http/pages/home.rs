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

/// Who may register, in words.
pub(super) fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Closed => "Registration is closed at the moment.",
        Mode::Invite => {
            "Registration is by invite: open the link of the invite that you were sent."
        }
        Mode::Approval => {
            "Everyone may apply. A person looks at each registration; you get a mail when it is decided."
        }
        Mode::Open => "Registration is open to everyone.",
    }
}

/// `/`
pub(super) async fn show(State(state): State<AppState>) -> Response {
    let mode = state.site.mode;
    render(&Home {
        page: Page::new(&state.site, state.site.name.clone()),
        mode_words: mode_words(mode),
        open: mode != Mode::Closed,
    })
}
