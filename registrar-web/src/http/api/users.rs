use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::super::extract::{OptionalJson, PathText, QueryText, StrictJson};
use super::super::openapi::people::{ChangeProblems, DeleteProblems, ListProblems, OneProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::member_query::{ROLES, member_query};
use super::paging::page_of;
use super::wire::people::{
    DeleteBody, MemberDetail, MemberPage, ProfileBody, RoleBody, SuspendBody,
};
use crate::domain::{ProfileForm, RegistrationId, Role, User, UserId};
use crate::people::{Acting, PeopleError};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show, change, delete))
        .routes(routes!(suspend))
        .routes(routes!(resume))
        .routes(routes!(set_role))
}

/// List members
///
/// Who runs an organization sees its members, operators and higher roles see all.
///
/// One request looks at 2000 members at most: where few match, a page may have fewer than asked for,
/// even none, and still a `nextCursor`.
#[utoipa::path(
    get,
    path = "/api/users",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("q" = Option<String>, Query, description = "What user name or display name has, capitals or not"),
        ("state" = Option<String>, Query, description = "`pending`, `active`, `suspended` or `deleted`"),
        ("role" = Option<String>, Query, description = "`super_admin`, `site_admin`, `operator`, `client_admin` or `client_user`"),
        ("pending" = Option<String>, Query, description = "`host`: those of whom an admin has something left to do on the host"),
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of them, in the order in which they joined.", body = MemberPage), ListProblems)
)]
async fn list(
    acting: Acting,
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
) -> Result<Json<MemberPage>, Problem> {
    let page = page_of(&mut query, &["q", "state", "role", "pending"])?;
    let wanted = member_query(&query)?;
    let found = state.people.visible(&acting, wanted, &page).await?;
    Ok(Json((&found).into()))
}

/// A member
#[utoipa::path(
    get,
    path = "/api/users/{id}",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which; one's own, or with a role")),
    responses((status = 200, description = "All of it.", body = MemberDetail), OneProblems)
)]
async fn show(
    _: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<MemberDetail>, Problem> {
    let user = state.people.member(known(&id)?).await?;
    detail(&state, &user).await
}

/// Replace a member's profile
///
/// A field that is left out is emptied, but for `displayName`.
#[utoipa::path(
    put,
    path = "/api/users/{id}",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which; one's own, or with a higher role than theirs")),
    request_body = ProfileBody,
    responses((status = 200, description = "As it is now.", body = MemberDetail), ChangeProblems)
)]
async fn change(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
    StrictJson(form): StrictJson<ProfileForm>,
) -> Result<Json<MemberDetail>, Problem> {
    let user = state.people.edit(&acting, known(&id)?, form).await?;
    detail(&state, &user).await
}

/// Delete an account
///
/// One's own, with one's password; or with a higher role than theirs. Every session ends at once. For
/// a time of grace it can be resumed; after it, all that is personal is taken out, and the name stays
/// taken. The account on the host is closed by an admin; `hostFollowUp` says so until it is.
#[utoipa::path(
    delete,
    path = "/api/users/{id}",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    request_body(content = Option<DeleteBody>),
    responses((status = 200, description = "Deleted; also when it was before.", body = MemberDetail), DeleteProblems)
)]
async fn delete(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
    OptionalJson(body): OptionalJson<DeleteBody>,
) -> Result<Json<MemberDetail>, Problem> {
    let password = body.and_then(|b| b.password).map(Zeroizing::new);
    let user = state.people.delete(&acting, known(&id)?, password).await?;
    detail(&state, &user).await
}

/// Suspend an account
///
/// Every session ends at once, and nobody is let in. The account on the host is suspended by an
/// admin; `hostFollowUp` says so until it is.
#[utoipa::path(
    post,
    path = "/api/users/{id}/suspend",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Whose; with a higher role than theirs")),
    request_body = SuspendBody,
    responses((status = 200, description = "Suspended; also when it was before.", body = MemberDetail), ChangeProblems)
)]
async fn suspend(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
    StrictJson(body): StrictJson<SuspendBody>,
) -> Result<Json<MemberDetail>, Problem> {
    let id = known(&id)?;
    let reason = judge_reason(&body.reason)?;
    let user = state.people.suspend(&acting, id, reason).await?;
    detail(&state, &user).await
}

/// Let a suspended or deleted account in again
#[utoipa::path(
    post,
    path = "/api/users/{id}/resume",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Whose; with a higher role than theirs")),
    responses((status = 200, description = "Active; also when it was before.", body = MemberDetail), OneProblems)
)]
async fn resume(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<MemberDetail>, Problem> {
    let user = state.people.resume(&acting, known(&id)?).await?;
    detail(&state, &user).await
}

/// Give a member another role
///
/// Only to members whose role is below one's own, and only such a role; the admin token may give any.
/// It holds from the next request on.
#[utoipa::path(
    post,
    path = "/api/users/{id}/role",
    tag = "people",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Whose")),
    request_body = RoleBody,
    responses((status = 200, description = "As it is now.", body = MemberDetail), ChangeProblems)
)]
async fn set_role(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
    StrictJson(body): StrictJson<RoleBody>,
) -> Result<Json<MemberDetail>, Problem> {
    let id = known(&id)?;
    let role = Role::parse(&body.role).ok_or_else(|| Problem::field("role", "unknown", ROLES))?;
    let user = state.people.set_role(&acting, id, role).await?;
    detail(&state, &user).await
}

/// Judges why someone is suspended.
pub(crate) fn judge_reason(text: &str) -> Result<&str, Problem> {
    let text = text.trim();
    let wrong = |code: &str, message: &str| Err(Problem::field("reason", code, message));
    match text.chars().count() {
        0 => return wrong("required", "say why, for the other admins"),
        1..=500 => {}
        _ => return wrong("too-long", "write at most 500 characters"),
    }
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return wrong("control-character", "control characters are not taken");
    }
    Ok(text)
}

async fn detail(state: &AppState, user: &User) -> Result<Json<MemberDetail>, Problem> {
    let sponsor = state.people.sponsor(user).await?;
    let grace = state.people.grace();
    Ok(Json(MemberDetail::of(user, sponsor.as_ref(), grace)))
}

/// A member's id, out of a path.
pub(crate) fn known(id: &str) -> Result<UserId, Problem> {
    RegistrationId::parse(id).map_err(|_| PeopleError::NoMember.into())
}
