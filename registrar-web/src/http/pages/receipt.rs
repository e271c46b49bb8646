//! The page of a registration for its own person, by a private link.

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};

use super::csrf::OurForm;
use super::layout::{Page, render_with};
use super::status::{Phase, REFRESH, Step, clock, steps};
use super::visitor::Visitor;
use crate::domain::SshKeysField;
use crate::http::api::verify::RESEND_WORDS;
use crate::http::client_address::Client;
use crate::http::extract::{Form, PathText, QueryText};
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
    steps: Vec<Step>,
    verify_until: Option<String>,
    notice: Option<&'static str>,
    /// What a form of the page was answered with.
    wrong: Option<Wrong<'a>>,
}

/// A form that has to be filled in again.
struct Wrong<'a> {
    form: Part,
    error: String,
    typed: &'a str,
}

/// The forms of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Code,
    Address,
    Keys,
    Answer,
}

impl Part {
    fn field(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Address => "personalEmail",
            Self::Keys => "sshKeys",
            Self::Answer => "text",
        }
    }

    /// What is said once it is done; also the word in the address.
    fn done(self) -> (&'static str, &'static str) {
        match self {
            Self::Code => ("verified", "Thank you. Your address is verified."),
            Self::Address => (
                "address",
                "Your address is changed. If a mail may be sent now, it is on its way there; what was sent to the old address is of no use any more.",
            ),
            Self::Keys => ("keys", "Your SSH keys are changed."),
            Self::Answer => ("answered", "Thank you. The reviewers have your answer."),
        }
    }

    /// What is said at an address that ends with that word.
    fn notice(word: &str) -> Option<&'static str> {
        if word == "resent" {
            return Some(RESEND_WORDS);
        }
        [Self::Code, Self::Address, Self::Keys, Self::Answer]
            .into_iter()
            .map(Self::done)
            .find_map(|(known, words)| (known == word).then_some(words))
    }
}

impl ReceiptPage<'_> {
    fn error(&self, field: &str) -> Option<&str> {
        let wrong = self.wrong.as_ref().filter(|w| w.form.field() == field);
        wrong.map(|w| w.error.as_str())
    }

    /// What was typed, for a form that is shown again.
    fn typed(&self, field: &str) -> &str {
        let wrong = self.wrong.as_ref().filter(|w| w.form.field() == field);
        wrong.map_or("", |w| w.typed)
    }
}

fn write(
    visitor: &Visitor,
    token: &str,
    view: &ReceiptView,
    notice: Option<&'static str>,
    wrong: Option<Wrong<'_>>,
    problem: Option<&Problem>,
) -> Response {
    let phase = Phase::of(&view.public);
    let name = &view.public.username;
    let mut page = visitor.page(format!("Your registration of {name}"));
    // Never while someone may be typing.
    page.refresh = matches!(phase, Phase::Working).then_some(REFRESH);
    let receipt = ReceiptPage {
        page,
        token,
        view,
        phase,
        steps: steps(&view.public),
        verify_until: view.public.details.verify_until.map(clock),
        notice,
        wrong,
    };
    render_with(&receipt, problem)
}

/// `GET /receipt/{token}`
pub(super) async fn show(
    State(state): State<AppState>,
    PathText(token): PathText,
    QueryText(query): QueryText,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let view = state.registrar.receipt(&token).await?;
    let notice = query.get("done").and_then(|word| Part::notice(word));
    Ok(write(&visitor, &token, &view, notice, None, None))
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
    after(&state, &visitor, &token, Part::Code, &form, done).await
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
    after(&state, &visitor, &token, Part::Address, &form, done).await
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
    after(&state, &visitor, &token, Part::Keys, &form, done).await
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
    after(&state, &visitor, &token, Part::Answer, &form, done).await
}

/// `POST /receipt/{token}/resend`
pub(super) async fn resend(
    State(state): State<AppState>,
    PathText(token): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    state.registrar.resend_receipt(&token).await?;
    Ok(Redirect::to(&format!("/receipt/{token}?done=resent")).into_response())
}

/// Back to the page when it is done; the page with what is wrong when it is not.
async fn after(
    state: &AppState,
    visitor: &Visitor,
    token: &str,
    form: Part,
    sent: &Form,
    done: Result<(), ReceiptError>,
) -> Result<Response, Problem> {
    let problem = match done {
        Ok(()) => {
            let (word, _) = form.done();
            return Ok(Redirect::to(&format!("/receipt/{token}?done={word}")).into_response());
        }
        Err(error) => Problem::from(error),
    };
    if matches!(
        problem.kind,
        Kind::NotFound | Kind::StoreUnavailable | Kind::Internal
    ) {
        return Err(problem);
    }
    let view = state.registrar.receipt(token).await?;
    let errors = problem.errors.first().map(|e| format!("{}.", e.message));
    let typed = sent.text(form.field());
    // A private key is never sent back.
    let is_private = typed.contains("PRIVATE KEY") || typed.contains("PuTTY-User-Key-File");
    let wrong = Wrong {
        form,
        error: match form {
            Part::Code => problem.detail.clone(),
            _ => errors.unwrap_or_else(|| problem.detail.clone()),
        },
        typed: if is_private { "" } else { typed },
    };
    let problem = Some(&problem);
    Ok(write(visitor, token, &view, None, Some(wrong), problem))
}
