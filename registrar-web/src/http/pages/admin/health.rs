use askama::Template;
use axum::extract::{Extension, State};
use axum::response::Response;

use super::super::layout::{Page, render};
use super::super::signed_in::SignedIn;
use super::Operators;
use super::words::{Fact, facts, said};
use crate::http::problem::Problem;
use crate::http::request_id::CurrentRequest;
use crate::http::state::AppState;
use crate::registration::Readiness;

#[derive(Template)]
#[template(path = "pages/admin/health.html")]
struct HealthPage<'a> {
    page: Page<'a>,
    place: &'static str,
    readiness: Readiness,
    counts: Vec<Fact>,
    host: Option<Vec<Fact>>,
    version: &'static str,
}

/// `GET /admin/health`: every check of `/health/ready` with its reason, and the numbers of the site.
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    Extension(request): Extension<CurrentRequest>,
) -> Result<Response, Problem> {
    let world = state.registrar.world();
    let (counts, readiness, host) = tokio::join!(
        world.store.counts(),
        state.readiness(),
        world.provisioner.health(request.id)
    );
    let counts = counts?;
    let number = |n: u64| said(n);
    let counts = facts([
        (
            "Registrations under way",
            number(counts.registrations_running),
        ),
        (
            "Registrations in review",
            number(counts.registrations_in_review),
        ),
        (
            "Registrations that failed",
            number(counts.registrations_failed),
        ),
        (
            "Registrations that are complete",
            number(counts.registrations_complete),
        ),
        ("Members", number(counts.members)),
        ("Mails that wait", number(counts.mails_waiting)),
    ]);
    let host = host.ok().map(|h| {
        let (made, most) = (h.created_this_hour, h.create_limit_per_hour);
        facts([
            ("Version", said(h.version)),
            ("Accounts", number(h.accounts.into())),
            ("Made this hour", said(format!("{made} of {most} at most"))),
            ("Mail domain", said(h.mail_domain)),
            ("Problems", said(h.problems.join("; "))),
        ])
    });
    Ok(render(&HealthPage {
        page: admin.visitor.page("Health"),
        place: "health",
        readiness,
        counts,
        host,
        version: env!("CARGO_PKG_VERSION"),
    }))
}
