use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;

use super::super::layout::{Page, render};
use super::super::signed_in::SignedIn;
use super::Operators;
use super::words::{Fact, facts, said, text};
use crate::domain::Places;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::plots::{Columns, Plot, Series, Share, Span, Spans};
use crate::stats::{Outcomes, Report, report};
use crate::tally::DAYS;

#[derive(Template)]
#[template(path = "pages/admin/dashboard.html")]
struct Dashboard<'a> {
    page: Page<'a>,
    place: &'static str,
    counts: Vec<Fact>,
    waiting: u64,
    plots: Vec<Plot>,
    is_partial: bool,
}

/// A day, short: all are of the last weeks.
fn short(day: Date) -> String {
    day.strftime("%-d %b").to_string()
}

fn plots(report: &Report) -> Vec<Plot> {
    let days: Vec<String> = report.days.iter().copied().map(short).collect();
    let outcome = |name, of: fn(&Outcomes) -> u64| Series {
        name,
        values: report.outcomes.iter().map(of).collect(),
    };
    let registrations = Columns {
        id: "registrations",
        title: format!("Registrations of the last {DAYS} days, by day and outcome"),
        of: "Day",
        labels: days.clone(),
        series: vec![
            outcome("complete", |o| o.complete),
            outcome("open", |o| o.open),
            outcome("rejected", |o| o.rejected),
            outcome("failed", |o| o.failed),
        ],
    };
    let rows = report.times.iter();
    let rows = rows.filter_map(|(status, all)| Span::of(status.to_string(), all.clone()));
    let times = Spans {
        id: "times",
        title: "Time from the status before to each status".into(),
        of: "Status",
        rows: rows.collect(),
    };
    let ages = [
        "up to 1 h",
        "up to 1 day",
        "up to 3 days",
        "up to 7 days",
        "longer",
    ];
    let queue = Columns {
        id: "queue",
        title: "How long those in the review queue have waited".into(),
        of: "Waits",
        labels: ages.map(str::to_owned).into(),
        series: vec![Series {
            name: "waiting",
            values: report.queue.into(),
        }],
    };
    let logins = Columns {
        id: "logins",
        title: format!("Logins of the last {DAYS} days, by day"),
        of: "Day",
        labels: days,
        series: vec![
            Series {
                name: "logins",
                values: report.logins.clone(),
            },
            Series {
                name: "failed",
                values: report.failed_logins.clone(),
            },
        ],
    };
    vec![
        registrations.draw(),
        times.draw(),
        queue.draw(),
        logins.draw(),
    ]
}

/// The file system of the state directory; nothing where it can't be asked.
fn disk(state: &AppState) -> Option<Plot> {
    let found = nix::sys::statvfs::statvfs(&state.state_directory).ok()?;
    let size = found.fragment_size();
    let bytes = |blocks: u64| blocks.saturating_mul(size);
    let all = bytes(found.blocks());
    let free = bytes(found.blocks_available());
    let share = Share {
        id: "disk",
        title: "The file system of the service's state".into(),
        used: all.saturating_sub(free),
        all,
    };
    Some(share.draw())
}

/// `GET /admin`
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
) -> Result<Response, Problem> {
    let store = &state.registrar.world().store;
    let counts = store.counts().await?;
    let report = report(store.as_ref(), state.now()).await?;
    let mut plots = plots(&report);
    plots.extend(disk(&state));
    let number = |n: u64| said(n);
    Ok(render(&Dashboard {
        page: admin.visitor.page("Console"),
        place: "dashboard",
        waiting: counts.registrations_in_review,
        counts: facts([
            ("Members", number(counts.members)),
            ("Places", text(state.places().await.map(Places::words))),
            (
                "Registrations under way",
                number(counts.registrations_running),
            ),
            ("In review", number(counts.registrations_in_review)),
            ("Failed", number(counts.registrations_failed)),
            ("Mails that wait", number(counts.mails_waiting)),
        ]),
        plots,
        is_partial: report.is_partial,
    }))
}
