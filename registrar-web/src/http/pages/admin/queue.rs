use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::layout::{Page, render};
use super::super::signed_in::SignedIn;
use super::Operators;
use super::words::{ago, link};
use crate::domain::{RegistrationId, Timestamp};
use crate::http::extract::QueryText;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::ports::{PageRequest, RegistrationFilter};
use crate::registration::AdminView;

#[derive(Template)]
#[template(path = "pages/admin/queue.html")]
struct QueuePage<'a> {
    page: Page<'a>,
    place: &'static str,
    filter: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
}

/// An application in a list.
struct Row {
    id: String,
    name: String,
    email: String,
    waits: String,
    status: &'static str,
    proven: bool,
    warnings: Vec<String>,
    claimed: Option<String>,
    /// What became of the last question.
    question: Option<&'static str>,
    review: &'static str,
}

impl Row {
    fn of(view: AdminView, now: Timestamp) -> Self {
        let case = &view.case;
        Self {
            id: view.public.id.to_string(),
            name: view.public.username.to_string(),
            waits: ago(view.created_at, now),
            status: view.public.status.as_str(),
            proven: view.public.details.address_verified,
            warnings: case.warnings.iter().map(|w| w.message()).collect(),
            claimed: case.claim.as_ref().map(|c| c.by.clone()),
            question: case.questions.last().map(|q| match q.answer {
                Some(_) => "answered",
                None => "asked",
            }),
            review: view.review.word(),
            email: view.email,
        }
    }
}

/// `GET /admin/queue`: those who wait for a review, oldest first; with `?filter=` others.
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    let (filter, word) = match query.get("filter").map(String::as_str) {
        Some("all") => (RegistrationFilter::All, "all"),
        Some("failed") => (RegistrationFilter::Failed, "failed"),
        _ => (RegistrationFilter::InReview, "in-review"),
    };
    let after = query.get("cursor");
    let after = after.and_then(|id| RegistrationId::parse(id).ok());
    let page = PageRequest {
        limit: 50,
        after: after.map(|id| id.uuid()),
    };
    let found = state.registrar.list(filter, &page).await?;
    let now = state.now();
    let next = found.next.map(|id| {
        let id = id.to_string();
        link("/admin/queue", &[("filter", word), ("cursor", &id)])
    });
    Ok(render(&QueuePage {
        page: admin.visitor.page("Review queue"),
        place: "queue",
        filter: word,
        rows: found.items.into_iter().map(|v| Row::of(v, now)).collect(),
        next,
    }))
}
