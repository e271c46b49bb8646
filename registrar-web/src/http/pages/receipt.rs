//! The page of a registration for its own person, by a private link.

use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::Response;
use http::request::Parts;

use super::csrf::OurForm;
use super::flash::Flash;
use super::form::Field;
use super::layout::{Page, render_with};
use super::status::{Phase, REFRESH, Step, steps};
use super::visitor::Visitor;
use crate::domain::{Remark, SshKeysField};
use crate::http::client_address::Client;
use crate::http::extract::{Form, PathText};
use crate::http::problem::{Kind, Problem};
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

/// Who holds a receipt.
pub(super) struct Holder {
    visitor: Visitor,
    state: AppState,
    client: Client,
    token: String,
}

impl FromRequestParts<AppState> for Holder {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let client = parts.extensions.get::<Client>().cloned();
        Ok(Self {
            visitor: Visitor::from_request_parts(parts, state).await?,
            state: state.clone(),
            client: client.ok_or_else(|| Problem::new(Kind::Internal))?,
            token: PathText::from_request_parts(parts, state).await?.0,
        })
    }
}

/// `GET /receipt/{token}`
pub(super) async fn show(holder: Holder) -> Result<Response, Problem> {
    let view = holder.state.registrar.receipt(&holder.token).await?;
    Ok(write(&holder.visitor, &holder.token, &view, None))
}

/// `POST /receipt/{token}/code`
pub(super) async fn code(holder: Holder, OurForm(form): OurForm) -> Result<Response, Problem> {
    let registrar = &holder.state.registrar;
    let done = registrar.verify_receipt(&holder.token, form.text("code"));
    holder.after(Part::Code, &form, done.await).await
}

/// `POST /receipt/{token}/address`
pub(super) async fn address(holder: Holder, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, from) = (&holder.state.registrar, &holder.client.0);
    let done = registrar.change_address(&holder.token, form.text("personalEmail"), from);
    holder.after(Part::Address, &form, done.await).await
}

/// `POST /receipt/{token}/keys`
pub(super) async fn keys(holder: Holder, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, from) = (&holder.state.registrar, &holder.client.0);
    let keys = SshKeysField::Paste(form.text("sshKeys").to_owned());
    let done = registrar.change_keys(&holder.token, &keys, from);
    holder.after(Part::Keys, &form, done.await).await
}

/// `POST /receipt/{token}/answer`
pub(super) async fn answer(holder: Holder, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, from) = (&holder.state.registrar, &holder.client.0);
    let done = registrar.answer(&holder.token, form.text("text"), from);
    holder.after(Part::Answer, &form, done.await).await
}

/// `POST /receipt/{token}/resend`
pub(super) async fn resend(holder: Holder, _: OurForm) -> Result<Response, Problem> {
    let token = &holder.token;
    holder.state.registrar.resend_receipt(token).await?;
    Ok(Flash::new("status-resent").on(&path_of(token)))
}

impl Holder {
    /// Back to the page when it is done; the page with what is wrong when it is not.
    async fn after<T>(
        &self,
        part: Part,
        sent: &Form,
        done: Result<T, ReceiptError>,
    ) -> Result<Response, Problem> {
        let problem = match done {
            Ok(_) => return Ok(part.done().on(&path_of(&self.token))),
            Err(error) => Problem::from(error),
        };
        let is_ours = matches!(
            problem.kind,
            Kind::NotFound | Kind::StoreUnavailable | Kind::Internal
        );
        if is_ours {
            return Err(problem);
        }
        let view = self.state.registrar.receipt(&self.token).await?;
        let wrong = Wrong {
            part,
            problem: &problem,
            sent,
        };
        Ok(write(&self.visitor, &self.token, &view, Some(&wrong)))
    }
}
