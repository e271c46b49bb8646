use askama::Template;
use axum::response::Response;

use super::super::csrf::OurForm;
use super::super::flash::Flash;
use super::super::layout::{Page, render_with};
use super::super::status::{Step, steps};
use super::desk::Desk;
use super::words::{Fact, facts, said, since, text};
use crate::domain::{Email, Remark, Timestamp};
use crate::http::api::admin::known;
use crate::http::api::admin_review::remark;
use crate::http::problem::{Kind, Problem};
use crate::registration::AdminView;

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
    at: Timestamp,
    text: String,
}

struct Asked {
    question: Said,
    answer: Option<Said>,
}

struct Claimed {
    by: String,
    until: Timestamp,
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

/// A form without a field.
const NO_FIELD: (&str, &str) = ("", "");

async fn write(desk: &Desk, wrong: Option<&Wrong<'_>>) -> Result<Response, Problem> {
    let (admin, state) = (&desk.admin, &desk.state);
    let id = known(&desk.named)?;
    let view = state.registrar.show(id).await?;
    let now = state.now();
    let case = &view.case;
    let own = admin.by.actor.name();
    let quoted = |by: &str, at, text: &Remark| Said {
        by: by.to_owned(),
        at,
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
            ("Name to show", said(&view.display_name)),
            ("Address", said(format!("{} ({proven})", view.email))),
            ("Signed up", Some(since(view.created_at, now))),
            (
                "Status",
                said(format!("{} ({} %)", public.status, public.progress)),
            ),
            ("The applicant reads", said(&public.message)),
            ("Review", said(view.review.words())),
            ("Invited", text(view.invited.as_ref().map(|i| i.words()))),
            ("Mail", text(details.mail_trouble.as_ref())),
            ("Last error", text(view.last_error.as_ref())),
        ]),
        steps: steps(public),
        notes: case
            .notes
            .iter()
            .map(|n| quoted(&n.by, n.at, &n.text))
            .collect(),
        questions: case
            .questions
            .iter()
            .map(|q| Asked {
                question: quoted(&q.by, q.at, &q.text),
                answer: q.answer.as_ref().map(|a| quoted("", a.at, &a.text)),
            })
            .collect(),
        claim: case.claim.as_ref().map(|c| Claimed {
            is_own: c.by == own,
            by: c.by.clone(),
            until: c.until,
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
pub(super) async fn show(desk: Desk) -> Result<Response, Problem> {
    write(&desk, None).await
}

/// Back to the page with a word of what was done; or the page with why it was not.
async fn after<T, E>(
    desk: &Desk,
    (field, typed): (&'static str, &str),
    words: &'static str,
    done: Result<T, E>,
) -> Result<Response, Problem>
where
    Problem: From<E>,
{
    match done.map_err(Problem::from) {
        Ok(_) => Ok(Flash::new(words).on(&format!("/admin/queue/{}", known(&desk.named)?))),
        Err(problem) if problem.kind == Kind::NotFound => Err(problem),
        Err(problem) => {
            let wrong = Wrong {
                problem,
                field,
                typed,
            };
            write(desk, Some(&wrong)).await
        }
    }
}

/// `POST /admin/queue/{id}/claim`, with `takeOver` for one that someone else has.
pub(super) async fn claim(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let take_over = !form.text("takeOver").is_empty();
    let done = registrar.claim(known(&desk.named)?, take_over, by).await;
    after(&desk, NO_FIELD, "admin-claimed", done).await
}

/// `POST /admin/queue/{id}/release`
pub(super) async fn release(desk: Desk, _: OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let done = registrar.release_claim(known(&desk.named)?, by).await;
    after(&desk, NO_FIELD, "admin-released", done).await
}

/// `POST /admin/queue/{id}/note`
pub(super) async fn note(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let (id, typed) = (known(&desk.named)?, form.text("note"));
    let done = match remark("note", typed) {
        Ok(text) => registrar.note(id, &text, by).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    after(&desk, ("note", typed), "admin-noted", done).await
}

/// `POST /admin/queue/{id}/question`
pub(super) async fn question(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let (id, typed) = (known(&desk.named)?, form.text("question"));
    let done = match remark("question", typed) {
        Ok(text) => registrar.ask(id, &text, by).await.map_err(Problem::from),
        Err(problem) => Err(problem),
    };
    after(&desk, ("question", typed), "admin-asked", done).await
}

/// `POST /admin/queue/{id}/approve`
pub(super) async fn approve(desk: Desk, _: OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let done = registrar.approve(known(&desk.named)?, by).await;
    after(&desk, NO_FIELD, "admin-approved", done).await
}

/// `POST /admin/queue/{id}/reject`: with one's own reason, or one of those to choose from.
pub(super) async fn reject(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let (id, typed) = (known(&desk.named)?, form.text("reason"));
    let chosen = form.text("canned").parse::<usize>().ok();
    let chosen = chosen.and_then(|n| registrar.policy().reject_reasons.get(n));
    let words = match chosen {
        Some(canned) if typed.trim().is_empty() => canned,
        _ => typed,
    };
    let done = match remark("reason", words) {
        Ok(reason) => {
            let rejected = registrar.reject(id, by, reason.as_str()).await;
            rejected.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    after(&desk, ("reason", typed), "admin-rejected", done).await
}

/// `POST /admin/queue/{id}/retry`
pub(super) async fn retry(desk: Desk, _: OurForm) -> Result<Response, Problem> {
    let (registrar, by) = desk.parts();
    let done = registrar.retry(known(&desk.named)?, by).await;
    after(&desk, NO_FIELD, "admin-retried", done).await
}

/// `POST /admin/queue/{id}/resend`: the verification mail, as often as the applicant may ask for it.
pub(super) async fn resend(desk: Desk, _: OurForm) -> Result<Response, Problem> {
    let (registrar, _) = desk.parts();
    let view = registrar.show(known(&desk.named)?).await?;
    let done = match Email::parse(&view.email) {
        Ok(email) => registrar.resend(&view.public.username, &email).await,
        Err(_) => Ok(()),
    };
    after(&desk, NO_FIELD, "admin-resent", done).await
}
