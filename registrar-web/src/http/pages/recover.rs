use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::HeaderMap;

use super::csrf;
use super::layout::{Page, render_with};
use super::visitor::Visitor;
use crate::auth::RecoveryProof;
use crate::http::api::password::FORGOT_WORDS;
use crate::http::bearer::From;
use crate::http::extract::{Form, QueryText};
use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "pages/recover.html")]
struct RecoverPage<'a> {
    page: Page<'a>,
    stage: Stage,
    sent_words: &'static str,
    alert: Option<String>,
    who: &'a str,
    token: &'a str,
    username: &'a str,
    wrong_password: Option<String>,
}

/// What the page is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Name the account.
    Ask,
    /// The mail is on its way: type its code.
    Code,
    /// The link was opened.
    Link,
    /// Done.
    Done,
}

/// What a visitor has typed or brought.
#[derive(Default)]
struct Typed<'a> {
    who: &'a str,
    token: &'a str,
    username: &'a str,
}

/// `GET /recover`: asks for the account; with `?token=`, the link of the mail, for the new
/// password. Looking spends nothing.
pub(super) async fn show(
    State(state): State<AppState>,
    QueryText(query): QueryText,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let Some(token) = query.get("token") else {
        return Ok(write(&visitor, Stage::Ask, &Typed::default(), None));
    };
    let found = state.auth.look_at_recovery(token).await?;
    let username = found.ok_or_else(|| Problem::new(Kind::RecoveryUnknown))?;
    let typed = Typed {
        token,
        username: username.as_str(),
        ..Typed::default()
    };
    Ok(write(&visitor, Stage::Link, &typed, None))
}

/// `POST /recover`: the name of the account; or a new password with the link's token or the code.
pub(super) async fn submit(
    State(state): State<AppState>,
    From(client): From,
    visitor: Visitor,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let typed = Typed {
        who: form.text("emailOrUsername"),
        token: form.text("token"),
        username: form.text("username"),
    };
    let (stage, proof) = match (form.optional("token"), form.optional("code")) {
        (Some(token), _) => (Stage::Link, Some(RecoveryProof::Token(token))),
        (None, Some(code)) => {
            let who = typed.who.to_owned();
            (Stage::Code, Some(RecoveryProof::Code { who, code }))
        }
        (None, None) => (Stage::Ask, None),
    };
    if let Err(problem) = csrf::check(&visitor, &headers, &form) {
        return write(&visitor, stage, &typed, Some(&problem));
    }
    let done = match proof {
        Some(proof) => {
            let new = form.text("newPassword").to_owned();
            let reset = state.auth.reset_password(proof, new, &client).await;
            reset.map(|()| Stage::Done)
        }
        None if typed.who.trim().is_empty() => {
            return write(&visitor, Stage::Ask, &typed, None);
        }
        None => {
            let asked = state.auth.forgot_password(typed.who, &client).await;
            asked.map(|()| Stage::Code)
        }
    };
    match done.map_err(Problem::from) {
        Ok(stage) => write(&visitor, stage, &typed, None),
        // A link that is of no use leaves nothing to type.
        Err(problem) if stage == Stage::Link && problem.kind == Kind::RecoveryUnknown => {
            problem.into_response()
        }
        Err(problem) => write(&visitor, stage, &typed, Some(&problem)),
    }
}

fn write(
    visitor: &Visitor,
    stage: Stage,
    typed: &Typed<'_>,
    problem: Option<&Problem>,
) -> Response {
    let errors: BTreeMap<&str, &str> = problem
        .map(|p| p.errors.iter())
        .into_iter()
        .flatten()
        .map(|e| (e.field.as_str(), e.message.as_str()))
        .collect();
    let title = match stage {
        Stage::Ask | Stage::Code => "Forgot your password?",
        Stage::Link => "Choose a new password",
        Stage::Done => "Your password is changed",
    };
    let page = RecoverPage {
        page: visitor.page(title),
        stage,
        sent_words: FORGOT_WORDS,
        alert: problem.map(|p| match p.kind {
            Kind::InvalidFields => "This password is not taken; see the words beside it.".to_owned(),
            Kind::RecoveryUnknown => {
                "This is not the code, or it is of no use any more. Five codes are tried in an hour; the link of the mail works all the same.".to_owned()
            }
            _ => p.detail.clone(),
        }),
        who: typed.who,
        token: typed.token,
        username: typed.username,
        wrong_password: errors.get("newPassword").map(|m| (*m).to_owned()),
    };
    render_with(&page, problem)
}
