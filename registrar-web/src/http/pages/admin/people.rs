use std::collections::BTreeMap;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::super::layout::{Page, render_with};
use super::super::signed_in::SignedIn;
use super::Operators;
use super::words::link;
use crate::domain::{Role, Timestamp, User, UserId, UserState};
use crate::http::extract::QueryText;
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::people::{MemberQuery, SearchText};
use crate::ports::PageRequest;

#[derive(Template)]
#[template(path = "pages/admin/people.html")]
struct PeoplePage<'a> {
    page: Page<'a>,
    place: &'static str,
    asked: Asked<'a>,
    roles: [&'static str; 5],
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
    /// A part was looked at, and nobody in it fits.
    is_partial: bool,
}

/// What the form has.
struct Asked<'a> {
    q: &'a str,
    state: &'a str,
    role: &'a str,
    pending: bool,
}

struct Row {
    id: String,
    name: String,
    shown: String,
    role: &'static str,
    state: &'static str,
    host: Option<&'static str>,
    since: Timestamp,
    last_login: Option<Timestamp>,
}

impl From<User> for Row {
    fn from(user: User) -> Self {
        Self {
            id: user.id.to_string(),
            name: user.username.to_string(),
            shown: user.display_name.to_string(),
            role: user.role.as_str(),
            state: user.state.as_str(),
            host: user.standing.host_follow_up.map(|h| h.as_str()),
            since: user.created_at,
            last_login: user.access.last_login_at,
        }
    }
}

/// `GET /admin/people`, with `?q=`, `state`, `role`, `pending`.
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    let asked = Asked::of(&query);
    let text = asked.q.trim();
    let text = (!text.is_empty())
        .then(|| SearchText::parse(text))
        .transpose();
    let problem = text
        .as_ref()
        .err()
        .map(|e| Problem::field("q", "malformed", e.to_string()));
    let wanted = MemberQuery {
        text: text.ok().flatten(),
        state: UserState::parse(asked.state),
        role: Role::parse(asked.role),
        host_pending: asked.pending,
        organisation: None,
    };
    let after = query.get("cursor").and_then(|id| UserId::parse(id).ok());
    let page = PageRequest {
        limit: 50,
        after: after.map(|id| id.uuid()),
    };
    let found = match problem {
        Some(_) => None,
        None => Some(state.people.list(&wanted, &page).await?),
    };
    let (items, next) = found.map_or_else(Default::default, |f| (f.items, f.next));
    let next = next.map(|id| asked.next(&id.to_string()));
    let page = PeoplePage {
        page: admin.visitor.page("People"),
        place: "people",
        roles: Role::ALL.map(Role::as_str),
        error: problem.as_ref().map(|p| p.detail.clone()),
        is_partial: items.is_empty() && next.is_some(),
        rows: items.into_iter().map(Into::into).collect(),
        next,
        asked,
    };
    Ok(render_with(&page, problem.as_ref()))
}

impl<'a> Asked<'a> {
    fn of(query: &'a BTreeMap<String, String>) -> Self {
        let text = |name: &str| query.get(name).map_or("", String::as_str);
        Self {
            q: text("q"),
            state: text("state"),
            role: text("role"),
            pending: text("pending") == "host",
        }
    }

    fn next(&self, cursor: &str) -> String {
        let pending = if self.pending { "host" } else { "" };
        let query = [
            ("q", self.q),
            ("state", self.state),
            ("role", self.role),
            ("pending", pending),
            ("cursor", cursor),
        ];
        link("/admin/people", &query)
    }
}
