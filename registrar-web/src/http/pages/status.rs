use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use std::collections::BTreeMap;

use super::csrf::OurForm;
use super::layout::{Page, render_with};
use super::visitor::Visitor;
use crate::domain::{Status, Timestamp, Username};
use crate::http::api::verify::resend as ask_again;
use crate::http::extract::{PathText, QueryText};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::registration::RegistrationView;

/// Seconds after which a browser without scripts looks again; slow enough for the limit.
pub(super) const REFRESH: u32 = 15;

#[derive(Template)]
#[template(path = "pages/status.html")]
struct StatusPage<'a> {
    page: Page<'a>,
    view: &'a RegistrationView,
    phase: Phase,
    says: String,
    steps: Vec<Step>,
    /// Where the code goes.
    code_action: String,
    notice: Option<&'static str>,
    code_error: Option<String>,
}

/// What the person can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Wait; it goes on by itself.
    Working,
    /// Open the mail.
    Verify,
    /// Wait for a reviewer.
    Review,
    /// Log in.
    Done,
    /// Read why.
    Failed,
    /// Nothing: the account that came of it is deleted.
    Closed,
}

/// One line of the list.
pub(super) struct Step {
    pub(super) status: Status,
    /// The key of its words.
    pub(super) words: &'static str,
    /// `done`, `now`, `failed` or `todo`.
    pub(super) state: &'static str,
    pub(super) at: Option<Timestamp>,
}

impl Phase {
    /// The phase of a registration.
    pub(super) fn of(view: &RegistrationView) -> Self {
        let details = &view.details;
        if view.is_closed {
            Self::Closed
        } else if view.status == Status::Failed {
            Self::Failed
        } else if view.status == view.flow.last() {
            Self::Done
        } else if details.verify_until.is_some() && !details.address_verified {
            Self::Verify
        } else if details.in_review && details.address_verified {
            Self::Review
        } else {
            Self::Working
        }
    }

    /// The word for scripts.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Working => "working",
            Self::Verify => "verify",
            Self::Review => "review",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Closed => "closed",
        }
    }
}

impl Step {
    /// The key of the word before it.
    pub(super) fn mark(&self) -> &'static str {
        match self.state {
            "done" => "status-done",
            "now" => "status-next",
            "failed" => "status-failed",
            _ => "status-todo",
        }
    }
}

fn words(status: Status, last: bool) -> &'static str {
    match status {
        Status::Initiated => "status-step-initiated",
        Status::UsernameValidated => "status-step-username-validated",
        Status::UserCreated => "status-step-user-created",
        Status::SystemUserCreated => "status-step-system-user-created",
        Status::MailConfigured if last => "status-step-mail-configured-last",
        Status::MailConfigured => "status-step-mail-configured",
        Status::VerificationSent => "status-step-verification-sent",
        Status::Verified if last => "status-step-verified-last",
        Status::Verified => "status-step-verified",
        Status::Failed => "status-failed",
    }
}

pub(super) fn steps(view: &RegistrationView) -> Vec<Step> {
    let passed: BTreeMap<&str, Timestamp> = view
        .details
        .history
        .iter()
        .map(|p| (p.status.as_str(), p.at))
        .collect();
    let mut current_seen = false;
    view.flow
        .statuses()
        .into_iter()
        .map(|status| {
            let at = passed.get(status.as_str()).copied();
            let state = match (at.is_some(), current_seen) {
                (true, _) => "done",
                (false, true) => "todo",
                (false, false) => {
                    current_seen = true;
                    if view.status == Status::Failed {
                        "failed"
                    } else {
                        "now"
                    }
                }
            };
            Step {
                status,
                words: words(status, status == view.flow.last()),
                state,
                at,
            }
        })
        .collect()
}

/// Reads a registration for its page.
pub(super) async fn find(state: &AppState, name: &str) -> Result<RegistrationView, Problem> {
    let none = || {
        Problem::with_detail(
            Kind::NotFound,
            "There is no registration of this name. It may have expired, or failed some time ago; you can sign up again.",
        )
    };
    let name = Username::parse(name).map_err(|_| none())?;
    state.registrar.registration(&name).await?.ok_or_else(none)
}

fn write(
    visitor: &Visitor,
    view: &RegistrationView,
    notice: Option<&'static str>,
    code_problem: Option<&Problem>,
) -> Response {
    let phase = Phase::of(view);
    let title = visitor.t("status-title").with("name", &view.username);
    let mut page = visitor.page(title);
    // Never while someone types a code.
    page.refresh = matches!(phase, Phase::Working).then_some(REFRESH);
    let page = StatusPage {
        page,
        view,
        phase,
        says: visitor.says(view),
        code_action: format!("/signup/status/{}/code", view.username),
        steps: steps(view),
        notice,
        code_error: code_problem.map(|p| visitor.problem_words(p)),
    };
    render_with(&page, code_problem)
}

/// `GET /signup/status/{username}`
pub(super) async fn show(
    State(state): State<AppState>,
    PathText(name): PathText,
    QueryText(query): QueryText,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let view = find(&state, &name).await?;
    let asked = query.contains_key("asked");
    Ok(write(
        &visitor,
        &view,
        asked.then_some("status-resent"),
        None,
    ))
}

/// `POST /signup/status/{username}/code`
pub(super) async fn code(
    State(state): State<AppState>,
    PathText(name): PathText,
    visitor: Visitor,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let view = find(&state, &name).await?;
    let verified = state
        .registrar
        .verify_code(&view.username, form.text("code"))
        .await;
    match verified.map_err(Problem::from) {
        Ok(view) => Ok(Redirect::to(&format!("/signup/status/{}", view.username)).into_response()),
        Err(problem) if problem.kind == Kind::StoreUnavailable => Err(problem),
        Err(problem) => {
            let view = find(&state, &name).await?;
            Ok(write(&visitor, &view, None, Some(&problem)))
        }
    }
}

/// `POST /signup/status/{username}/resend`
pub(super) async fn resend(
    State(state): State<AppState>,
    PathText(name): PathText,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let name = Username::parse(&name).map_err(|_| Problem::new(Kind::NotFound))?;
    ask_again(&state, name.as_str(), form.text("personalEmail")).await?;
    Ok(Redirect::to(&format!("/signup/status/{name}?asked=1")).into_response())
}
