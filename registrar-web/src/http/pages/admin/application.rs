use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::csrf::OurForm;
use super::super::flash::Flash;
use super::super::layout::{Page, render_with};
use super::super::signed_in::SignedIn;
use super::super::status::{Step, steps};
use super::super::times::utc;
use super::Operators;
use super::words::{Fact, facts, since, text};
use crate::domain::{Email, RegistrationId, Remark};
use crate::http::extract::PathText;
use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::AppState;
use crate::registration::{AdminError, AdminView};

#[derive(Template)]
#[template(path = "pages/admin/application.html")]
struct ApplicationPage<'a> {
    page: Page<'a>,
    place: &'static str,
    view: &'a AdminView,
    facts: Vec<Fact>,
    steps: Vec<Step>,
    notes: Vec<Said>,
    questions: Vec<Asked>,
    claim: Option<Claimed>,
    reasons: &'a [String],
    /// It waits for a decision.
    waits: bool,
    /// It is under way, so it can be ended.
    runs: bool,
    wrong: Option<&'a Wrong<'a>>,
}

struct Said {
    by: String,
    at: String,
    text: String,
}

struct Asked {
    question: Said,
    answer: Option<Said>,
}

struct Claimed {
    by: String,
    until: String,
    taken_from: Option<String>,
    is_own: bool,
}

/// What was wrong with a form, and what was typed.
struct Wrong<'a> {
    problem: Problem,
    field: &'static str,
    typed: &'a str,
}

impl ApplicationPage<'_> {
    fn error(&self, field: &str) -> Option<String> {
        let wrong = self.wrong.filter(|w| w.field == field)?;
        let error = wrong.problem.errors.first()?;
        Some(format!("{}.", error.message))
    }

    fn typed(&self, field: &str) -> &str {
        self.wrong
            .filter(|w| w.field == field)
            .map_or("", |w| w.typed)
    }

    fn alert(&self) -> Option<&str> {
        self.wrong.map(|w| w.problem.detail.as_str())
    }
}

fn path_of(id: RegistrationId) -> String {
    format!("/admin/queue/{id}")
}

fn known(id: &str) -> Result<RegistrationId, Problem> {
    RegistrationId::parse(id).map_err(|_| AdminError::NotFound.into())
}

async fn write(
    admin: &SignedIn<Operators>,
    state: &AppState,
    id: RegistrationId,
    wrong: Option<&Wrong<'_>>,
) -> Result<Response, Problem> {
    let view = state.registrar.show(id).await?;
    let now = state.now();
    let case = &view.case;
    let own = admin.by.actor.name();
    let said = |by: &str, at, text: &Remark| Said {
        by: by.to_owned(),
        at: utc(at),
        text: text.as_str().to_owned(),
    };
    let public = &view.public;
    let details = &public.details;
    let proven = if details.address_verified {
        "verified"
    } else {
        "not verified yet"
    };
    let page = ApplicationPage {
        page: admin
            .visitor
            .page(format!("Application of {}", public.username)),
        place: "queue",
        facts: facts([
            ("Name to show", Some(view.display_name.clone())),
            ("Address", Some(format!("{} ({proven})", view.email))),
            ("Signed up", Some(since(view.created_at, now))),
            (
                "Status",
                Some(format!("{} ({} %)", public.status, public.progress)),
            ),
            ("The applicant reads", Some(public.message.clone())),
            ("Review", Some(view.review.words())),
            ("Mail", details.mail_trouble.clone()),
            ("Last error", text(view.last_error.as_ref())),
        ]),
        steps: steps(public),
        notes: case
            .notes
            .iter()
            .map(|n| said(&n.by, n.at, &n.text))
            .collect(),
        questions: case
            .questions
            .iter()
            .map(|q| Asked {
                question: said(&q.by, q.at, &q.text),
                answer: q.answer.as_ref().map(|a| said("", a.at, &a.text)),
            })
            .collect(),
        claim: case.claim.as_ref().map(|c| Claimed {
            is_own: c.by == own,
            by: c.by.clone(),
            until: utc(c.until),
            taken_from: c.taken_from.clone(),
        }),
        reasons: &state.registrar.policy().reject_reasons,
        waits: view.is_in_review,
        runs: view.is_running,
        view: &view,
        wrong,
    };
    Ok(render_with(&page, wrong.map(|w| &w.problem)))
}

/// `GET /admin/queue/{id}`
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Response, Problem> {
    write(&admin, &state, known(&id)?, None).await
}

/// Back to the page with a word of what was done; or the page with why it was not.
async fn after(
    admin: &SignedIn<Operators>,
    state: &AppState,
    id: RegistrationId,
    form: (&'static str, &str),
    done: Result<&'static str, Problem>,
) -> Result<Response, Problem> {
    let (field, typed) = form;
    match done {
        Ok(words) => Ok(Flash::new(words).on(&path_of(id))),
        Err(problem) if problem.kind == Kind::NotFound => Err(problem),
        Err(problem) => {
            let wrong = Wrong {
                problem,
                field,
                typed,
            };
            write(admin, state, id, Some(&wrong)).await
        }
    }
}

/// Judges what was typed into a field.
fn remark(field: &'static str, typed: &str) -> Result<Remark, Problem> {
    Remark::parse(typed).map_err(|e| Problem::field(field, e.code(), e.to_string()))
}

/// `POST /admin/queue/{id}/claim`, with `takeOver` for one that someone else has.
pub(super) async fn claim(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let id = known(&id)?;
    let take_over = !form.text("takeOver").is_empty();
    let done = state.registrar.claim(id, take_over, &admin.by).await;
    let done = done.map(|_| "admin-claimed").map_err(Problem::from);
    after(&admin, &state, id, ("", ""), done).await
}

/// `POST /admin/queue/{id}/release`
pub(super) async fn release(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    let id = known(&id)?;
    let done = state.registrar.release_claim(id, &admin.by).await;
    let done = done.map(|_| "admin-released").map_err(Problem::from);
    after(&admin, &state, id, ("", ""), done).await
}

/// `POST /admin/queue/{id}/note`
pub(super) async fn note(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let (id, typed) = (known(&id)?, form.text("note"));
    let done = match remark("note", typed) {
        Ok(text) => {
            let noted = state.registrar.note(id, &text, &admin.by).await;
            noted.map(|_| "admin-noted").map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    after(&admin, &state, id, ("note", typed), done).await
}

/// `POST /admin/queue/{id}/question`
pub(super) async fn question(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let (id, typed) = (known(&id)?, form.text("question"));
    let done = match remark("question", typed) {
        Ok(text) => {
            let asked = state.registrar.ask(id, &text, &admin.by).await;
            asked.map(|_| "admin-asked").map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    after(&admin, &state, id, ("question", typed), done).await
}

/// `POST /admin/queue/{id}/approve`
pub(super) async fn approve(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    let id = known(&id)?;
    let done = state.registrar.approve(id, &admin.by).await;
    let done = done.map(|_| "admin-approved").map_err(Problem::from);
    after(&admin, &state, id, ("", ""), done).await
}

/// `POST /admin/queue/{id}/reject`: with one's own reason, or one of those to choose from.
pub(super) async fn reject(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let (id, typed) = (known(&id)?, form.text("reason"));
    let canned = &state.registrar.policy().reject_reasons;
    let chosen = form.text("canned").parse::<usize>().ok();
    let chosen = chosen
        .and_then(|n| canned.get(n))
        .map_or("", String::as_str);
    let words = if typed.trim().is_empty() {
        chosen
    } else {
        typed
    };
    let done = match remark("reason", words) {
        Ok(reason) => {
            let rejected = state.registrar.reject(id, &admin.by, reason.as_str()).await;
            rejected.map(|_| "admin-rejected").map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    after(&admin, &state, id, ("reason", typed), done).await
}

/// `POST /admin/queue/{id}/retry`
pub(super) async fn retry(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    let id = known(&id)?;
    let done = state.registrar.retry(id, &admin.by).await;
    let done = done.map(|_| "admin-retried").map_err(Problem::from);
    after(&admin, &state, id, ("", ""), done).await
}

/// `POST /admin/queue/{id}/resend`: the verification mail, as often as the applicant may ask for it.
pub(super) async fn resend(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    let id = known(&id)?;
    let view = state.registrar.show(id).await?;
    let done = match Email::parse(&view.email) {
        Ok(email) => state.registrar.resend(&view.public.username, &email).await,
        Err(_) => Ok(()),
    };
    let done = done.map(|()| "admin-resent").map_err(Problem::from);
    after(&admin, &state, id, ("", ""), done).await
}
