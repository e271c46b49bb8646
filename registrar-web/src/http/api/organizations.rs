//! All organisations, for operators and higher roles.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::{QueryText, SecondPathText, StrictJson};
use super::super::openapi::people::{ChangeProblems, ListProblems, MembersProblems, OneProblems};
use super::super::permissions::Admin;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::about_organization::{MembersQuery, Named, detail};
use super::paging::{malformed, page_of};
use super::wire::organizations::{
    OrganizationBody, OrganizationChangeBody, OrganizationDetail, OrganizationPage, TakeInBody,
};
use super::wire::people::{MemberAnswer, MemberPage};
use crate::domain::{Role, Username};
use crate::people::SearchText;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(show, change))
        .routes(routes!(members, take_in))
        .routes(routes!(take_out))
        .routes(routes!(retry))
}

/// List organizations
///
/// One request looks at 2000 at most: where few match, a page may have fewer than asked for, even none,
/// and still a `nextCursor`.
#[utoipa::path(
    get,
    path = "/api/organizations",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("q" = Option<String>, Query, description = "What name or slug has, capitals or not"),
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of them, oldest first.", body = OrganizationPage), ListProblems)
)]
async fn list(
    _: Admin,
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
) -> Result<Json<OrganizationPage>, Problem> {
    let page = page_of(&mut query, &["q"])?;
    let text = query.get("q").map(|text| SearchText::parse(text));
    let text = text.transpose();
    let text = text.map_err(|e| malformed("q", &e.to_string()))?;
    let found = state.people.organisations(text.as_ref(), &page).await?;
    Ok(Json(OrganizationPage {
        items: found.items.iter().map(Into::into).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// Begin an organization
///
/// Without members; take someone in who runs it, or invite them. An invite to `client_admin` can also
/// begin one by itself.
#[utoipa::path(
    post,
    path = "/api/organizations",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    request_body = OrganizationBody,
    responses((status = 201, description = "It has begun; its group on the host is being made.", body = OrganizationDetail), ChangeProblems)
)]
async fn create(
    admin: Admin,
    State(state): State<AppState>,
    StrictJson(body): StrictJson<OrganizationBody>,
) -> Result<(StatusCode, Json<OrganizationDetail>), Problem> {
    let begun = state.people.begin_organisation(admin.by(), body.into());
    let answer = detail(&state, begun.await?).await?;
    Ok((StatusCode::CREATED, answer))
}

/// An organization
#[utoipa::path(
    get,
    path = "/api/organizations/{id}",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Its id, or its slug")),
    responses((status = 200, description = "It, and who runs it.", body = OrganizationDetail), OneProblems)
)]
async fn show(Named(about): Named) -> Result<Json<OrganizationDetail>, Problem> {
    about.detail().await
}

/// Change an organization
///
/// The slug can be changed while the host has not made the group: the way out when the host refuses
/// the name.
#[utoipa::path(
    put,
    path = "/api/organizations/{id}",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Its id, or its slug")),
    request_body = OrganizationChangeBody,
    responses((status = 200, description = "As it is now.", body = OrganizationDetail), ChangeProblems)
)]
async fn change(
    Named(about): Named,
    StrictJson(body): StrictJson<OrganizationChangeBody>,
) -> Result<Json<OrganizationDetail>, Problem> {
    about.change(body.into()).await
}

/// The members of an organization
///
/// As of `/api/organization/members`.
#[utoipa::path(
    get,
    path = "/api/organizations/{id}/members",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Its id, or its slug"), MembersQuery),
    responses((status = 200, description = "A page of them, in the order in which they joined.", body = MemberPage), MembersProblems)
)]
async fn members(
    Named(about): Named,
    QueryText(query): QueryText,
) -> Result<Json<MemberPage>, Problem> {
    about.members(query).await
}

/// Take a member into an organization
///
/// Someone who belongs to no other and has no role above `client_admin`; who is in it already gets the
/// role. So an organization whose last admin has left gets another one.
#[utoipa::path(
    post,
    path = "/api/organizations/{id}/members",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Its id, or its slug")),
    request_body = TakeInBody,
    responses((status = 200, description = "The member.", body = MemberAnswer), ChangeProblems)
)]
async fn take_in(
    Named(about): Named,
    StrictJson(body): StrictJson<TakeInBody>,
) -> Result<Json<MemberAnswer>, Problem> {
    let (name, role) = newcomer(&body.username, body.role.as_deref())?;
    let (people, id) = (&about.state.people, about.organisation.id);
    let member = people.take_in(&about.acting, id, &name, role).await?;
    Ok(Json((&member).into()))
}

/// Take a member out of an organization
///
/// The account stays, without the group on the host and its directory; who ran the organization is a
/// plain member from then on. The organization stays, also when nobody is left who runs it.
#[utoipa::path(
    delete,
    path = "/api/organizations/{id}/members/{member}",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("id" = String, Path, description = "Its id, or its slug"),
        ("member" = String, Path, description = "Whom"),
    ),
    responses((status = 204, description = "Taken out."), OneProblems)
)]
async fn take_out(
    Named(about): Named,
    SecondPathText(member): SecondPathText,
) -> Result<StatusCode, Problem> {
    about.take_out(&member).await
}

/// Ask the host again for an organization's group
///
/// At once, though it has refused or is not reached.
#[utoipa::path(
    post,
    path = "/api/organizations/{id}/retry",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Its id, or its slug")),
    responses((status = 200, description = "The host is asked within seconds.", body = OrganizationDetail), OneProblems)
)]
async fn retry(Named(about): Named) -> Result<Json<OrganizationDetail>, Problem> {
    let (people, id) = (&about.state.people, about.organisation.id);
    let asked = people.retry_group(&about.acting, id).await?;
    detail(&about.state, asked).await
}

/// Judges who is to be taken in, and as what; a plain member where it is not said.
pub(crate) fn newcomer(name: &str, role: Option<&str>) -> Result<(Username, Role), Problem> {
    let name = Username::parse(name);
    let name = name.map_err(|e| Problem::field("username", e.code(), e.to_string()))?;
    match role.map(Role::parse) {
        None => Ok((name, Role::ClientUser)),
        Some(Some(role)) => Ok((name, role)),
        Some(None) => {
            let words = "write client_admin or client_user";
            Err(Problem::field("role", "unknown", words))
        }
    }
}
