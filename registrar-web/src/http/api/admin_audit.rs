use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::extract::QueryText;
use super::super::openapi::{AdminProblems, QueryProblems};
use super::super::permissions::Admin;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::admin::{AuditCheck, AuditLine, AuditPage};
use crate::domain::Action;
use crate::ports::{AuditFilter, PageRequest};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(check))
}

/// Who did what to whom
#[utoipa::path(
    get,
    path = "/api/admin/audit",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("actor" = Option<String>, Query, description = "What someone of that name did. One of actor, action and subject at most."),
        ("action" = Option<String>, Query, description = "Where that was done: the word of an entry's `action`"),
        ("subject" = Option<String>, Query, description = "What was done to someone or something of that name"),
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of the audit log, newest first.", body = AuditPage), AdminProblems, QueryProblems)
)]
async fn list(
    _: Admin,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Json<AuditPage>, Problem> {
    let mut page = PageRequest {
        limit: 50,
        after: None,
    };
    let mut filter = AuditFilter::All;
    for (name, value) in &query {
        let wrong = |code: &str, words: &str| Problem::field(name.as_str(), code, words);
        let asked = match name.as_str() {
            "actor" => AuditFilter::Actor(value.clone()),
            "subject" => AuditFilter::Subject(value.clone()),
            "action" => {
                let action = Action::parse(value);
                AuditFilter::Action(action.ok_or_else(|| {
                    wrong(
                        "unknown",
                        "write the action of an entry, such as keys-rotated",
                    )
                })?)
            }
            "limit" => {
                let limit: usize = value
                    .parse()
                    .map_err(|_| wrong("malformed", "write a number"))?;
                page.limit = limit.clamp(1, 100);
                continue;
            }
            "cursor" => {
                page.after = Some(cursor(value)?);
                continue;
            }
            _ => return Err(wrong("unknown-field", "this parameter is not known")),
        };
        if filter != AuditFilter::All {
            return Err(wrong("too-many", "give one of actor, action and subject"));
        }
        filter = asked;
    }
    let store = &state.registrar.world().store;
    let found = store.list_audit_entries(&filter, &page).await?;
    Ok(Json(AuditPage {
        items: found.items.into_iter().map(AuditLine::from).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// Whether the audit log is whole
///
/// Checks the hashes of a few thousand entries, from the newest or from `cursor` on; go on with
/// `nextCursor` until there is none.
#[utoipa::path(
    get,
    path = "/api/admin/audit/check",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("cursor" = Option<String>, Query, description = "`nextCursor` of the check before")),
    responses((status = 200, description = "What was found.", body = AuditCheck), AdminProblems, QueryProblems)
)]
async fn check(
    _: Admin,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Json<AuditCheck>, Problem> {
    let mut after = None;
    for (name, value) in &query {
        match name.as_str() {
            "cursor" => after = Some(cursor(value)?),
            other => {
                return Err(Problem::field(
                    other,
                    "unknown-field",
                    "this parameter is not known",
                ));
            }
        }
    }
    let checked = state.registrar.world().audit.check(after).await?;
    Ok(Json(checked.into()))
}

fn cursor(text: &str) -> Result<Uuid, Problem> {
    let id = Uuid::parse_str(text);
    id.map_err(|_| {
        let words = "give the nextCursor of the page before";
        Problem::field("cursor", "malformed", words)
    })
}
