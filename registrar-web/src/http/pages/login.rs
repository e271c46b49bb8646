use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use http::header::HeaderMap;
use zeroize::Zeroizing;

use super::csrf;
use super::csrf::OurForm;
use super::flash::Flash;
use super::layout::{Page, render_with};
use super::own_path::OwnPath;
use super::second_step;
use super::visitor::{SessionBegun, SignedOut, Visitor};
use crate::auth::{Entered, PageLogin};
use crate::http::bearer::From;
use crate::http::extract::{Form, QueryText};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;

/// Where a login leads that leads nowhere else.
const HOME: &str = "/account";

#[derive(Template)]
#[template(path = "pages/login.html")]
struct LoginPage<'a> {
    page: Page<'a>,
    next: Option<&'a OwnPath>,
    who: &'a str,
    alert: Option<String>,
    /// The name of a registration that is not complete.
    unfinished: Option<String>,
}

/// `GET /login`, with `?next=` from a page that asks for it. Who is signed in goes on.
pub(super) async fn show(visitor: Visitor, QueryText(query): QueryText) -> Response {
    let next = query.get("next").and_then(|next| OwnPath::parse(next));
    if visitor.caller().is_some() {
        return Redirect::to(next.as_ref().map_or(HOME, OwnPath::as_str)).into_response();
    }
    write(&visitor, next.as_ref(), "", None)
}

/// `POST /login`: the same call as the API's.
pub(super) async fn submit(
    State(state): State<AppState>,
    visitor: Visitor,
    From(client): From,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let next = OwnPath::parse(form.text("next"));
    let who = form.text("emailOrUsername");
    if let Err(problem) = csrf::check(&visitor, &headers, &form) {
        return write(&visitor, next.as_ref(), who, Some(&problem));
    }
    let password = Zeroizing::new(form.text("password").to_owned());
    match state.auth.login::<PageLogin>(who, password, &client).await {
        Ok(Entered::In(login)) => go_on(*login, next.as_ref()),
        Ok(Entered::Asked(asked)) => second_step::ask(&visitor, &asked, next.as_ref()),
        Err(error) => write(&visitor, next.as_ref(), who, Some(&error.into())),
    }
}

/// `POST /logout`: ends the session of this browser.
pub(super) async fn out(
    State(state): State<AppState>,
    visitor: Visitor,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    if let Some(problem) = visitor.trouble() {
        return Err(problem.clone());
    }
    if let Some(caller) = visitor.caller() {
        state.auth.sign_out(&caller.user, caller.session.id).await?;
    }
    let mut response = Flash::new("login-out").on("/");
    response.extensions_mut().insert(SignedOut);
    Ok(response)
}

/// Gives the browser its session, and sends it where it wanted to go; what is new is said there.
pub(super) fn go_on(login: PageLogin, next: Option<&OwnPath>) -> Response {
    let to = next.map_or(HOME, OwnPath::as_str);
    let mut response = match &login.notice {
        Some(notice) => Flash::of_news(notice).on(to),
        None => Redirect::to(to).into_response(),
    };
    response.extensions_mut().insert(SessionBegun(login.token));
    response
}

/// The form, with what was wrong.
pub(super) fn write(
    visitor: &Visitor,
    next: Option<&OwnPath>,
    who: &str,
    problem: Option<&Problem>,
) -> Response {
    let unfinished = problem.and_then(|p| p.registration.as_ref());
    let page = LoginPage {
        page: visitor.page(visitor.t("login-title")),
        next,
        who,
        alert: problem.map(|problem| words(visitor, problem)),
        unfinished: unfinished.map(|r| r.username.clone()),
    };
    render_with(&page, problem)
}

fn words(visitor: &Visitor, problem: &Problem) -> String {
    let text = match problem.kind {
        Kind::WrongCredentials => visitor.t("login-wrong"),
        Kind::TooManyRequests => {
            let seconds = problem.retry_after.unwrap_or(60);
            visitor
                .t("login-limited")
                .count("minutes", seconds.div_ceil(60))
        }
        Kind::AccountSuspended => visitor.t("login-suspended"),
        Kind::AccountDeleted => visitor.t("login-deleted"),
        Kind::RegistrationUnfinished => visitor.t("login-unfinished"),
        Kind::ChallengeUnknown => visitor.t("login-factor-lapsed"),
        _ => return problem.detail.clone(),
    };
    text.to_string()
}
