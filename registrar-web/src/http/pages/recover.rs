use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::HeaderMap;

use super::csrf;
use super::form::Field;
use super::layout::{Page, render_with};
use super::visitor::Visitor;
use crate::auth::RecoveryProof;
use crate::http::bearer::From;
use crate::http::extract::{Form, QueryText};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "pages/recover.html")]
struct RecoverPage<'a> {
    page: Page<'a>,
    stage: Stage,
    alert: Option<String>,
    who: &'a str,
    token: &'a str,
    username: &'a str,
    fields: Vec<Field>,
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
    let title = match stage {
        Stage::Ask | Stage::Code => "recover-title",
        Stage::Link => "recover-link-title",
        Stage::Done => "recover-done-title",
    };
    let fields = fields(visitor, stage, typed);
    let page = RecoverPage {
        page: visitor.page(visitor.t(title)),
        stage,
        alert: problem.map(|p| match p.kind {
            Kind::InvalidFields => visitor.t("recover-not-taken").to_string(),
            Kind::RecoveryUnknown => visitor.t("recover-wrong-code").to_string(),
            _ => visitor.problem_words(p),
        }),
        who: typed.who,
        token: typed.token,
        username: typed.username,
        fields: fields
            .into_iter()
            .map(|field| field.judged(visitor, problem))
            .collect(),
    };
    render_with(&page, problem)
}

fn fields(visitor: &Visitor, stage: Stage, typed: &Typed<'_>) -> Vec<Field> {
    let t = |key| visitor.t(key);
    let who = Field::new(
        "emailOrUsername",
        "text",
        t("recover-who"),
        t("recover-who-hint"),
    );
    let code = Field::new("code", "text", t("recover-code"), "");
    let new = Field::new(
        "newPassword",
        "password",
        t("recover-new"),
        t("recover-new-hint"),
    );
    let new = new.required().completed_by("new-password");
    match stage {
        Stage::Ask => vec![who.required().completed_by("username").with(typed.who)],
        Stage::Code => {
            let code = code.required().completed_by("one-time-code").at_most(12);
            vec![code, new]
        }
        Stage::Link => vec![new],
        Stage::Done => Vec::new(),
    }
}
