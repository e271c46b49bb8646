use askama::Template;
use axum::response::Response;

use super::super::csrf::OurForm;
use super::super::flash::Flash;
use super::super::layout::{Page, render_with};
use super::super::times::time;
use super::desk::Desk;
use super::words::{Fact, facts, link, said, since, text};
use crate::domain::{OnHost, Organisation, OrganisationId, Timestamp, User, UserId};
use crate::http::api::organizations::newcomer;
use crate::http::api::users::known;
use crate::http::extract::{Form, QueryText, SecondPathText};
use crate::http::problem::{Kind, Problem};
use crate::people::{MemberQuery, OrganisationChange, preference_word};
use crate::ports::PageRequest;
use crate::text::Html;

#[derive(Template)]
#[template(path = "pages/admin/organization.html")]
struct OrganizationPage<'a> {
    page: Page<'a>,
    place: &'static str,
    path: String,
    organisation: &'a Organisation,
    facts: Vec<Fact>,
    rows: Vec<Row>,
    next: Option<String>,
    wrong: Option<(&'a Problem, &'a Form)>,
}

struct Row {
    id: UserId,
    name: String,
    shown: String,
    role: &'static str,
    state: &'static str,
    since: Timestamp,
}

impl From<User> for Row {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.username.to_string(),
            shown: user.display_name.to_string(),
            role: user.role.as_str(),
            state: user.state.as_str(),
            since: user.created_at,
        }
    }
}

impl OrganizationPage<'_> {
    fn error(&self, field: &str) -> Option<String> {
        field_error(self.wrong.map(|(problem, _)| problem), field)
    }

    /// What was typed into a field, or stands there now.
    fn value<'v>(&'v self, field: &str, now: &'v str) -> &'v str {
        let sent = self.wrong.map(|(_, form)| form.text(field));
        sent.filter(|text| !text.is_empty()).unwrap_or(now)
    }

    fn alert(&self) -> Option<&str> {
        self.wrong.map(|(problem, _)| problem.detail.as_str())
    }

    fn two_factor(&self) -> &'static str {
        preference_word(self.organisation)
    }
}

/// What a problem says of that field.
pub(super) fn field_error(problem: Option<&Problem>, field: &str) -> Option<String> {
    let mut errors = problem?.errors.iter();
    let error = errors.find(|e| e.field == field)?;
    Some(format!("{}.", error.message))
}

/// The page of an organisation.
pub(super) fn path_of(id: OrganisationId) -> String {
    format!("/admin/organizations/{id}")
}

/// How the host follows.
pub(super) fn on_host(organisation: &Organisation) -> Html {
    match (&organisation.group.host, &organisation.work.last_error) {
        (OnHost::InStep, _) => Html::text("in step"),
        (OnHost::Due, None) => Html::text("due"),
        (OnHost::Due, Some(why)) => Html::text(format!("due: {why}")),
        (OnHost::Refused { at, reason }, _) => Html::text("refused, ")
            .then(&time(*at))
            .then(&Html::text(format!(": {reason}"))),
    }
}

/// `GET /admin/organizations/{id}`, by id or slug.
pub(super) async fn show(desk: Desk, QueryText(query): QueryText) -> Result<Response, Problem> {
    let after = query.get("cursor").and_then(|id| UserId::parse(id).ok());
    write(&desk, after, None).await
}

/// Back to the page with a word of what was done; or the page with why it was not.
async fn after<T, E>(
    desk: &Desk,
    id: OrganisationId,
    form: &Form,
    words: &'static str,
    done: Result<T, E>,
) -> Result<Response, Problem>
where
    Problem: From<E>,
{
    match done.map_err(Problem::from) {
        Ok(_) => Ok(Flash::new(words).on(&path_of(id))),
        Err(problem) if problem.kind == Kind::NotFound => Err(problem),
        Err(problem) => write(desk, None, Some((&problem, form))).await,
    }
}

/// `POST /admin/organizations/{id}/change`
pub(super) async fn change(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let people = &desk.state.people;
    let id = people.organisation_called(&desk.named).await?.id;
    let change = OrganisationChange {
        name: form.optional("name"),
        slug: form.optional("slug"),
        two_factor: form.optional("twoFactor"),
    };
    let done = people.change_organisation(&desk.acting, id, change);
    after(&desk, id, &form, "admin-organization-changed", done.await).await
}

/// `POST /admin/organizations/{id}/members`: takes someone in, or gives them the other role there.
pub(super) async fn take_in(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let people = &desk.state.people;
    let id = people.organisation_called(&desk.named).await?.id;
    let role = form.optional("role");
    let done = match newcomer(form.text("username").trim(), role.as_deref()) {
        Ok((name, role)) => {
            let taken = people.take_in(&desk.acting, id, &name, role);
            taken.await.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    after(&desk, id, &form, "admin-organization-taken-in", done).await
}

/// `POST /admin/organizations/{id}/members/{member}/remove`
pub(super) async fn take_out(
    desk: Desk,
    SecondPathText(member): SecondPathText,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let people = &desk.state.people;
    let id = people.organisation_called(&desk.named).await?.id;
    let done = people.take_out(&desk.acting, id, known(&member)?);
    after(&desk, id, &form, "admin-organization-taken-out", done.await).await
}

/// `POST /admin/organizations/{id}/retry`
pub(super) async fn retry(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let people = &desk.state.people;
    let id = people.organisation_called(&desk.named).await?.id;
    let done = people.retry_group(&desk.acting, id);
    after(&desk, id, &form, "admin-organization-retried", done.await).await
}

async fn write(
    desk: &Desk,
    after: Option<UserId>,
    wrong: Option<(&Problem, &Form)>,
) -> Result<Response, Problem> {
    let people = &desk.state.people;
    let organisation = people.organisation_called(&desk.named).await?;
    let page = PageRequest {
        limit: 50,
        after: after.map(|id| id.uuid()),
    };
    let all = MemberQuery::default();
    let found = people.members_of(&desk.acting, organisation.id, all, &page);
    let found = found.await?;
    let view = people.with_admins(organisation).await?;
    let organisation = &view.organisation;
    let admins = view.admins.iter().map(|a| a.username.to_string());
    let left_out = organisation.group.left_out.iter().map(ToString::to_string);
    let joined = |names: Vec<String>| said(names.join(", "));
    let path = path_of(organisation.id);
    let page = OrganizationPage {
        page: desk
            .admin
            .visitor
            .page(format!("Organization {}", organisation.name)),
        place: "organizations",
        facts: facts([
            (
                "Short name, and group on the host",
                said(&organisation.slug),
            ),
            ("Run by", joined(admins.collect())),
            ("Second factor", said(preference_word(organisation))),
            (
                "Begun",
                Some(since(organisation.created_at, desk.state.now())),
            ),
            (
                "Shared directory",
                text(organisation.group.directory.as_ref()),
            ),
            ("The host is", Some(on_host(organisation))),
            (
                "Not in the group, for want of an account in use",
                joined(left_out.collect()),
            ),
        ]),
        rows: found.items.into_iter().map(Into::into).collect(),
        next: found
            .next
            .map(|id| link(&path, &[("cursor", &id.to_string())])),
        path,
        organisation,
        wrong,
    };
    Ok(render_with(&page, wrong.map(|(problem, _)| problem)))
}
