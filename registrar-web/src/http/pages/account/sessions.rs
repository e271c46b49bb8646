use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use crate::domain::Session;
use crate::http::bearer::From;
use crate::http::extract::PathText;
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::layout::{Page, render};
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::SignedOut;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::ports::PageRequest;

#[derive(Template)]
#[template(path = "pages/account/sessions.html")]
struct SessionsPage<'a> {
    page: Page<'a>,
    own: Uuid,
    sessions: Vec<Session>,
}

/// `GET /account/sessions`: an account has 100 at most, which is one page.
pub(super) async fn show(
    State(state): State<AppState>,
    who: SignedIn,
) -> Result<Response, Problem> {
    let all = PageRequest {
        limit: 100,
        after: None,
    };
    let found = state.auth.sessions(&who.caller.user, &all).await?;
    let visitor = &who.visitor;
    Ok(render(&SessionsPage {
        page: visitor.page(visitor.t("sessions-title")).of("sessions"),
        own: who.caller.session.id,
        sessions: found.items,
    }))
}

/// `POST /account/sessions/{id}/end`
pub(super) async fn end(
    State(state): State<AppState>,
    who: SignedIn,
    PathText(id): PathText,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    let none = || Problem::new(Kind::NotFound);
    let id = Uuid::parse_str(&id).map_err(|_| none())?;
    if !state.auth.sign_out_elsewhere(&who.caller, id).await? {
        return Err(none());
    }
    if id == who.caller.session.id {
        return Ok(left());
    }
    Ok(Flash::new("sessions-ended").on("/account/sessions"))
}

/// `POST /account/sessions/end`: all of them, this one too.
pub(super) async fn end_all(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    let user = &who.caller.user;
    state.auth.sign_out_everywhere(user, &client).await?;
    Ok(left())
}

fn left() -> Response {
    let mut response = Flash::new("login-out").on("/").into_response();
    response.extensions_mut().insert(SignedOut);
    response
}
