use askama::Template;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::header::HeaderMap;

use super::csrf::OurForm;
use super::layout::{Page, render};
use super::visitor::Visitor;
use crate::domain::Username;
use crate::http::answer::wants_json;
use crate::http::api::verify::token_of;
use crate::http::api::wire::RegistrationStatus;
use crate::http::extract::QueryText;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::registration::TokenState;

#[derive(Template)]
#[template(path = "pages/verify.html")]
struct VerifyPage<'a> {
    page: Page<'a>,
    token: &'a str,
    username: String,
    /// The page that shows how the registration stands.
    status: String,
    stage: Stage,
}

/// What the page is for.
#[derive(PartialEq, Eq)]
enum Stage {
    /// Press the button.
    Ask,
    /// Just done.
    Done,
    /// Done before.
    Before,
}

/// `GET /verify-email?token=`: a page with a button. Programs that fetch the links of mails spend
/// nothing, however often they come; only a client that asks for JSON verifies by GET.
pub(super) async fn show(
    State(state): State<AppState>,
    method: Method,
    QueryText(mut query): QueryText,
    visitor: Visitor,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let text = query.remove("token").unwrap_or_default();
    if method == Method::GET && wants_json("", &headers) {
        verify_for_json(&state, &text).await
    } else {
        ask(&state, &visitor, &text).await
    }
}

async fn verify_for_json(state: &AppState, text: &str) -> Result<Response, Problem> {
    let view = state.registrar.verify_token(&token_of(text)?).await?;
    Ok(Json(RegistrationStatus::from(view)).into_response())
}

async fn ask(state: &AppState, visitor: &Visitor, text: &str) -> Result<Response, Problem> {
    let token = token_of(text)?;
    match state.registrar.look_at_token(&token).await? {
        TokenState::Open { username } => Ok(write(
            visitor,
            token.expose(),
            username.to_string(),
            status_page(&username),
            Stage::Ask,
        )),
        TokenState::Used { username } => Ok(write(
            visitor,
            "",
            username.to_string(),
            status_page(&username),
            Stage::Before,
        )),
        TokenState::Expired => Err(Problem::new(Kind::VerificationExpired)),
        TokenState::Unknown => Err(Problem::new(Kind::VerificationUnknown)),
    }
}

/// `POST /verify-email`: the button.
pub(super) async fn submit(
    State(state): State<AppState>,
    visitor: Visitor,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let token = token_of(form.text("token"))?;
    match state.registrar.verify_token(&token).await {
        Ok(view) => {
            // Who has proven the address may have the receipt.
            let receipt = state.registrar.receipt_token(view.id);
            let status = format!("/receipt/{}", receipt.expose());
            let name = view.username.to_string();
            Ok(write(&visitor, "", name, status, Stage::Done))
        }
        // Pressed twice, or the page was loaded again.
        Err(crate::registration::VerifyError::Used { username }) => Ok(write(
            &visitor,
            "",
            username.to_string(),
            status_page(&username),
            Stage::Before,
        )),
        Err(error) => Err(error.into()),
    }
}

fn status_page(username: &Username) -> String {
    format!("/signup/status/{username}")
}

fn write(
    visitor: &Visitor,
    token: &str,
    username: String,
    status: String,
    stage: Stage,
) -> Response {
    let title = match stage {
        Stage::Ask => visitor.t("verify-title"),
        Stage::Done | Stage::Before => visitor.t("verify-done-title"),
    };
    render(&VerifyPage {
        page: visitor.page(title),
        token,
        username,
        status,
        stage,
    })
}
