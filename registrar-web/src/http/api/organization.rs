//! One's own organisation.

use axum::Json;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::{PathText, QueryText, StrictJson};
use super::super::openapi::people::{ChangeProblems, MembersProblems, OneProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::about_organization::{MembersQuery, Own};
use super::wire::organizations::{OrganizationDetail, OwnOrganizationBody};
use super::wire::people::MemberPage;

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
async fn show(Own(about): Own) -> Result<Json<OrganizationDetail>, Problem> {
    about.detail().await
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
    Own(about): Own,
    StrictJson(body): StrictJson<OwnOrganizationBody>,
) -> Result<Json<OrganizationDetail>, Problem> {
    about.change(body.into()).await
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
    params(MembersQuery),
    responses((status = 200, description = "A page of them, in the order in which they joined.", body = MemberPage), MembersProblems)
)]
async fn members(
    Own(about): Own,
    QueryText(query): QueryText,
) -> Result<Json<MemberPage>, Problem> {
    about.members(query).await
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
async fn take_out(Own(about): Own, PathText(member): PathText) -> Result<StatusCode, Problem> {
    about.take_out(&member).await
}
