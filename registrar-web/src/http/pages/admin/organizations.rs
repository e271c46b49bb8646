use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::csrf::OurForm;
use super::super::flash::Flash;
use super::super::layout::{Page, render_with};
use super::super::signed_in::SignedIn;
use super::Operators;
use super::organization::{field_error, on_host, path_of};
use super::words::link;
use crate::domain::{Organisation, Timestamp};
use crate::http::extract::{Form, QueryText};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::people::{OrganisationWish, SearchText, preference_word};
use crate::ports::PageRequest;
use crate::text::Html;

const PATH: &str = "/admin/organizations";

#[derive(Template)]
#[template(path = "pages/admin/organizations.html")]
struct OrganizationsPage<'a> {
    page: Page<'a>,
    place: &'static str,
    q: &'a str,
    error: Option<String>,
    rows: Vec<Row>,
    next: Option<String>,
    /// A part was looked at, and none in it fits.
    is_partial: bool,
    wrong: Option<(&'a Problem, &'a Form)>,
}

struct Row {
    path: String,
    name: String,
    slug: String,
    two_factor: &'static str,
    host: Html,
    since: Timestamp,
}

impl From<Organisation> for Row {
    fn from(organisation: Organisation) -> Self {
        Self {
            path: path_of(organisation.id),
            name: organisation.name.to_string(),
            slug: organisation.slug.to_string(),
            two_factor: preference_word(&organisation),
            host: on_host(&organisation),
            since: organisation.created_at,
        }
    }
}

impl OrganizationsPage<'_> {
    fn error(&self, field: &str) -> Option<String> {
        field_error(self.wrong.map(|(problem, _)| problem), field)
    }

    fn typed(&self, field: &str) -> &str {
        self.wrong.map_or("", |(_, form)| form.text(field))
    }
}

/// `GET /admin/organizations`, with `?q=`
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    let q = query.get("q").map_or("", String::as_str);
    let after = query.get("cursor").and_then(|id| Uuid::parse_str(id).ok());
    write(&admin, &state, q, after, None).await
}

/// `POST /admin/organizations`: begins one, without members.
pub(super) async fn create(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let wish = OrganisationWish {
        name: form.optional("name"),
        slug: form.optional("slug"),
    };
    let begun = state.people.begin_organisation(&admin.by, wish).await;
    match begun.map_err(Problem::from) {
        Ok(begun) => Ok(Flash::new("admin-organization-begun").on(&path_of(begun.id))),
        Err(problem) if problem.kind == Kind::InvalidFields => {
            write(&admin, &state, "", None, Some((&problem, &form))).await
        }
        Err(problem) => Err(problem),
    }
}

async fn write(
    admin: &SignedIn<Operators>,
    state: &AppState,
    q: &str,
    after: Option<Uuid>,
    wrong: Option<(&Problem, &Form)>,
) -> Result<Response, Problem> {
    let text = q.trim();
    let text = (!text.is_empty()).then(|| SearchText::parse(text));
    let (text, bad_search) = match text.transpose() {
        Ok(text) => (text, None),
        Err(e) => (None, Some(Problem::field("q", "malformed", e.to_string()))),
    };
    let page = PageRequest { limit: 50, after };
    let found = match bad_search {
        Some(_) => None,
        None => Some(state.people.organisations(text.as_ref(), &page).await?),
    };
    let (items, next) = found.map_or_else(Default::default, |f| (f.items, f.next));
    let next = next.map(|id| link(PATH, &[("q", q), ("cursor", &id.to_string())]));
    let page = OrganizationsPage {
        page: admin.visitor.page("Organizations"),
        place: "organizations",
        q,
        error: field_error(bad_search.as_ref(), "q"),
        is_partial: items.is_empty() && next.is_some(),
        rows: items.into_iter().map(Into::into).collect(),
        next,
        wrong,
    };
    let problem = wrong.map(|(problem, _)| problem);
    Ok(render_with(&page, problem.or(bad_search.as_ref())))
}
