//! The page of a registration for its own person, by a private link.

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;

use super::csrf::OurForm;
use super::flash::Flash;
use super::form::Field;
use super::layout::{Page, render_with};
use super::status::{Phase, REFRESH, Step, steps};
use super::visitor::Visitor;
use crate::domain::{Remark, SshKeysField};
use crate::http::client_address::Client;
use crate::http::extract::{Form, PathText};
use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::AppState;
use crate::registration::{ReceiptError, ReceiptView};

#[derive(Template)]
#[template(path = "pages/receipt.html")]
struct ReceiptPage<'a> {
    page: Page<'a>,
    token: &'a str,
    view: &'a ReceiptView,
    phase: Phase,
    says: String,
    steps: Vec<Step>,
    alert: Option<String>,
    /// Where the code goes.
    code_action: String,
    code_error: Option<String>,
    address: Field,
    keys: Field,
    answer: Field,
}

/// The forms of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Address,
    Keys,
    Answer,
}

/// A form that has to be filled in again.
struct Wrong<'a> {
    part: Part,
    problem: &'a Problem,
    sent: &'a Form,
}

impl Part {
    /// What is said once it is done.
    fn done(self) -> Flash {
        match self {
            Self::Code => Flash::new("receipt-verified"),
            Self::Address => Flash::new("receipt-address-changed"),
            Self::Keys => Flash::new("receipt-keys-changed"),
            Self::Answer => Flash::new("receipt-answered"),
        }
    }
}

fn path_of(token: &str) -> String {
    format!("/receipt/{token}")
}

/// The field of a form, filled in again and judged if that form was sent.
fn again(field: Field, part: Part, visitor: &Visitor, wrong: Option<&Wrong<'_>>) -> Field {
    let Some(wrong) = wrong.filter(|w| w.part == part) else {
        return field;
    };
    let typed = wrong.sent.text(field.name);
    // A private key is never sent back.
    let is_private = typed.contains("PRIVATE KEY") || typed.contains("PuTTY-User-Key-File");
    let field = field.with(if is_private { "" } else { typed });
    field.judged(visitor, Some(wrong.problem))
}

fn write(
    visitor: &Visitor,
    token: &str,
    view: &ReceiptView,
    wrong: Option<&Wrong<'_>>,
) -> Response {
    let phase = Phase::of(&view.public);
    let title = visitor.t("receipt-title");
    let mut page = visitor.page(title.with("name", &view.public.username));
    // Never while someone may be typing.
    page.refresh = matches!(phase, Phase::Working).then_some(REFRESH);
    let address = Field::new("personalEmail", "email", visitor.t("receipt-address"), "")
        .required()
        .completed_by("email");
    let keys = Field::new(
        "sshKeys",
        "textarea",
        visitor.t("receipt-keys"),
        visitor.t("receipt-keys-hint"),
    )
    .at_most(16_384);
    let answer = Field::new(
        "text",
        "textarea",
        visitor.t("receipt-answer"),
        visitor.t("receipt-answer-hint"),
    )
    .required()
    .at_most(u16::try_from(Remark::MOST).unwrap_or(u16::MAX));
    let words = |w: &Wrong<'_>| visitor.problem_words(w.problem);
    let receipt = ReceiptPage {
        page,
        token,
        view,
        phase,
        says: visitor.says(&view.public),
        steps: steps(&view.public),
        alert: wrong.map(words),
        code_action: format!("{}/code", path_of(token)),
        code_error: wrong.filter(|w| w.part == Part::Code).map(words),
        address: again(address, Part::Address, visitor, wrong),
        keys: again(keys, Part::Keys, visitor, wrong),
        answer: again(answer, Part::Answer, visitor, wrong),
    };
    render_with(&receipt, wrong.map(|w| w.problem))
}

/// `GET /receipt/{token}`
pub(super) async fn show(
    State(state): State<AppState>,
    PathText(token): PathText,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let view = state.registrar.receipt(&token).await?;
    Ok(write(&visitor, &token, &view, None))
}

/// `POST /receipt/{token}/code`
pub(super) async fn code(
    State(state): State<AppState>,
    PathText(token): PathText,
    visitor: Visitor,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let done = state.registrar.verify_receipt(&token, form.text("code"));
    let done = done.await.map(|_| ());
    after(&state, &visitor, &token, (Part::Code, &form), done).await
}

/// `POST /receipt/{token}/address`
pub(super) async fn address(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(token): PathText,
    visitor: Visitor,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let email = form.text("personalEmail");
    let done = state.registrar.change_address(&token, email, &client.0);
    let done = done.await.map(|_| ());
    after(&state, &visitor, &token, (Part::Address, &form), done).await
}

/// `POST /receipt/{token}/keys`
pub(super) async fn keys(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(token): PathText,
    visitor: Visitor,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let keys = SshKeysField::Paste(form.text("sshKeys").to_owned());
    let done = state.registrar.change_keys(&token, &keys, &client.0);
    let done = done.await.map(|_| ());
    after(&state, &visitor, &token, (Part::Keys, &form), done).await
}

/// `POST /receipt/{token}/answer`
pub(super) async fn answer(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(token): PathText,
    visitor: Visitor,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let text = form.text("text");
    let done = state.registrar.answer(&token, text, &client.0);
    let done = done.await.map(|_| ());
    after(&state, &visitor, &token, (Part::Answer, &form), done).await
}

/// `POST /receipt/{token}/resend`
pub(super) async fn resend(
    State(state): State<AppState>,
    PathText(token): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    state.registrar.resend_receipt(&token).await?;
    Ok(Flash::new("status-resent").on(&path_of(&token)))
}

/// Back to the page when it is done; the page with what is wrong when it is not.
async fn after(
    state: &AppState,
    visitor: &Visitor,
    token: &str,
    form: (Part, &Form),
    done: Result<(), ReceiptError>,
) -> Result<Response, Problem> {
    let (part, sent) = form;
    let problem = match done {
        Ok(()) => return Ok(part.done().on(&path_of(token))),
        Err(error) => Problem::from(error),
    };
    let is_ours = matches!(
        problem.kind,
        Kind::NotFound | Kind::StoreUnavailable | Kind::Internal
    );
    if is_ours {
        return Err(problem);
    }
    let view = state.registrar.receipt(token).await?;
    let wrong = Wrong {
        part,
        problem: &problem,
        sent,
    };
    Ok(write(visitor, token, &view, Some(&wrong)))
}
