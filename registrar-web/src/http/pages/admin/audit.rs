use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::layout::{Page, render_with};
use super::super::signed_in::SignedIn;
use super::SiteAdmins;
use super::words::link;
use crate::audit::Checked;
use crate::domain::{Action, AuditEntry, Timestamp};
use crate::http::extract::QueryText;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::ports::{AuditFilter, PageRequest};

#[derive(Template)]
#[template(path = "pages/admin/audit.html")]
struct AuditPage<'a> {
    page: Page<'a>,
    place: &'static str,
    /// By what is looked for: `actor`, `action` or `subject`.
    by: &'a str,
    what: &'a str,
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
    checked: Option<Result<String, String>>,
    /// Where the check goes on.
    check_on: Option<String>,
}

struct Row {
    number: u64,
    at: Timestamp,
    actor: String,
    action: String,
    subject: Option<String>,
    address: Option<String>,
    details: String,
}

impl From<AuditEntry> for Row {
    fn from(entry: AuditEntry) -> Self {
        let details = entry.details.iter().map(|(k, v)| format!("{k}: {v}"));
        let subject = entry.subject.as_ref();
        Self {
            number: entry.number,
            at: entry.at,
            actor: entry.actor.name().to_owned(),
            action: entry.action.as_str(),
            subject: subject.map(|s| format!("{} {}", s.kind, s.name)),
            address: entry.address.clone(),
            details: details.collect::<Vec<_>>().join("; "),
        }
    }
}

fn filter(by: &str, what: &str) -> Result<AuditFilter, Problem> {
    Ok(match (by, what) {
        (_, "") => AuditFilter::All,
        ("action", word) => {
            let words = "write the action as it stands in the list, such as keys-rotated";
            let action = Action::parse(word);
            AuditFilter::Action(action.ok_or_else(|| Problem::field("what", "unknown", words))?)
        }
        ("actor", name) => AuditFilter::Actor(name.to_owned()),
        (_, name) => AuditFilter::Subject(name.to_owned()),
    })
}

/// What a check has found, in words.
fn words(checked: &Checked) -> Result<String, String> {
    match &checked.broken {
        Some(broken) => Err(format!("The log is not as it was written: {broken}.")),
        None => Ok(format!(
            "{} entries were checked; they are as they were written, and none is missing between them.",
            checked.entries
        )),
    }
}

/// `GET /admin/audit`, with `?by=actor|action|subject&what=`, and `check` to check the chain.
pub(super) async fn show(
    admin: SignedIn<SiteAdmins>,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    let text = |name: &str| query.get(name).map_or("", String::as_str);
    let id = |name: &str| Uuid::parse_str(text(name)).ok();
    let (by, what) = (text("by"), text("what").trim());
    let wanted = filter(by, what);
    let page = PageRequest {
        limit: 50,
        after: id("cursor"),
    };
    let world = state.registrar.world();
    let found = match &wanted {
        Ok(filter) => Some(world.store.list_audit_entries(filter, &page).await?),
        Err(_) => None,
    };
    let checked = match query.contains_key("check") {
        true => Some(world.audit.check(id("check")).await?),
        false => None,
    };
    let problem = wanted.err();
    let (items, next) = found.map_or_else(Default::default, |f| (f.items, f.next));
    let next = next.map(|id| {
        let id = id.to_string();
        link(
            "/admin/audit",
            &[("by", by), ("what", what), ("cursor", &id)],
        )
    });
    let check_on = checked.as_ref().and_then(|c| c.next);
    let page = AuditPage {
        page: admin.visitor.page("Audit log"),
        place: "audit",
        by,
        what,
        error: problem
            .as_ref()
            .and_then(|p| p.errors.first())
            .map(|e| format!("{}.", e.message)),
        rows: items.into_iter().map(Into::into).collect(),
        next,
        checked: checked.as_ref().map(words),
        check_on: check_on.map(|id| link("/admin/audit", &[("check", &id.to_string())])),
    };
    Ok(render_with(&page, problem.as_ref()))
}
