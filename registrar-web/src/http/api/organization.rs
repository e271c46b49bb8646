//! One's own organisation.

use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::{PathText, QueryText, StrictJson};
use super::super::openapi_people::{ChangeProblems, MembersProblems, OneProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::member_query::{MEMBER_QUERY, member_query};
use super::paging::page_of;
use super::users::known;
use super::wire_organizations::{OrganizationDetail, OwnOrganizationBody};
use super::wire_people::MemberPage;
use crate::domain::Organisation;
use crate::people::Acting;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show, change))
        .routes(routes!(members))
        .routes(routes!(take_out))
}

/// The organization that one belongs to
#[utoipa::path(
    get,
    path = "/api/organization",
    tag = "organizations",
    security(("accessToken" = [])),
    responses((status = 200, description = "It, and who runs it.", body = OrganizationDetail), OneProblems)
)]
async fn show(
    acting: Acting,
    State(state): State<AppState>,
) -> Result<Json<OrganizationDetail>, Problem> {
    let own = state.people.own_organisation(&acting).await?;
    detail(&state, own).await
}

/// Change the organization that one runs
///
/// Another second factor is asked for from the next login on; the first one tells each member. Nobody
/// is locked out: who has no authenticator gets a code by mail.
#[utoipa::path(
    put,
    path = "/api/organization",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    request_body = OwnOrganizationBody,
    responses((status = 200, description = "As it is now.", body = OrganizationDetail), ChangeProblems)
)]
async fn change(
    acting: Acting,
    State(state): State<AppState>,
    StrictJson(body): StrictJson<OwnOrganizationBody>,
) -> Result<Json<OrganizationDetail>, Problem> {
    let own = state.people.own_organisation(&acting).await?;
    let changed = state
        .people
        .change_organisation(&acting, own.id, body.into())
        .await?;
    detail(&state, changed).await
}

/// The members of the organization that one runs
///
/// One request looks at 2000 members at most: where few match, a page may have fewer than asked for,
/// even none, and still a `nextCursor`.
#[utoipa::path(
    get,
    path = "/api/organization/members",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("q" = Option<String>, Query, description = "What user name or display name has, capitals or not"),
        ("state" = Option<String>, Query, description = "`active` or `suspended`"),
        ("role" = Option<String>, Query, description = "`client_admin` or `client_user`"),
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of them, in the order in which they joined.", body = MemberPage), MembersProblems)
)]
async fn members(
    acting: Acting,
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
) -> Result<Json<MemberPage>, Problem> {
    let page = page_of(&mut query, MEMBER_QUERY)?;
    let wanted = member_query(&query)?;
    let own = state.people.own_organisation(&acting).await?;
    let people = &state.people;
    let found = people.members_of(&acting, own.id, wanted, &page).await?;
    Ok(Json((&found).into()))
}

/// Take a member out of the organization that one runs
///
/// A plain member, or oneself. The account stays, without the group on the host and its directory; who
/// ran the organization is a plain member from then on.
#[utoipa::path(
    delete,
    path = "/api/organization/members/{id}",
    tag = "organizations",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Whom")),
    responses((status = 204, description = "Taken out."), OneProblems)
)]
async fn take_out(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<StatusCode, Problem> {
    let own = state.people.own_organisation(&acting).await?;
    let member = known(&id)?;
    state.people.take_out(&acting, own.id, member).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn detail(
    state: &AppState,
    organisation: Organisation,
) -> Result<Json<OrganizationDetail>, Problem> {
    let view = state.people.with_admins(organisation).await?;
    Ok(Json((&view).into()))
}
