use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::{PathText, QueryText, StrictJson};
use super::super::openapi::{AdminProblems, FieldsProblems, ParameterProblems};
use super::super::permissions::Admin;
use super::super::problem::{Kind, Problem};
use super::super::request_id::CurrentRequest;
use super::super::state::AppState;
use super::admin_review::remark;
use super::wire::{AdminPage, AdminRegistration, NameBody, RejectBody, SystemStatusAnswer};
use crate::domain::{RegistrationId, Username};
use crate::ports::{PageRequest, RegistrationFilter};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(show))
        .routes(routes!(approve))
        .routes(routes!(reject))
        .routes(routes!(retry))
        .routes(routes!(system_setup))
        .routes(routes!(system_status))
}

/// List registrations
#[utoipa::path(
    get,
    path = "/api/admin/registrations",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("filter" = Option<String>, Query, description = "`all` (default), `in-review` or `failed`"),
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of them, oldest first.", body = AdminPage), AdminProblems, ParameterProblems)
)]
async fn list(
    _: Admin,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Json<AdminPage>, Problem> {
    let mut page = PageRequest {
        limit: 50,
        after: None,
    };
    let mut filter = RegistrationFilter::All;
    for (name, value) in &query {
        let wrong = |message: &str| Problem::field(name.as_str(), "malformed", message);
        match name.as_str() {
            "filter" => {
                filter = match value.as_str() {
                    "all" => RegistrationFilter::All,
                    "in-review" => RegistrationFilter::InReview,
                    "failed" => RegistrationFilter::Failed,
                    _ => return Err(wrong("write all, in-review or failed")),
                }
            }
            "limit" => {
                let limit: usize = value.parse().map_err(|_| wrong("write a number"))?;
                page.limit = limit.clamp(1, 100);
            }
            "cursor" => {
                let id = RegistrationId::parse(value)
                    .map_err(|_| wrong("give the nextCursor of the page before"))?;
                page.after = Some(id.uuid());
            }
            _ => {
                return Err(Problem::field(
                    name.as_str(),
                    "unknown-field",
                    "this parameter is not known",
                ));
            }
        }
    }
    let found = state.registrar.list(filter, &page).await?;
    Ok(Json(AdminPage {
        items: found.items.into_iter().map(Into::into).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// One registration
#[utoipa::path(
    get,
    path = "/api/admin/registrations/{id}",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses((status = 200, description = "The registration.", body = AdminRegistration), AdminProblems)
)]
async fn show(
    _: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<AdminRegistration>, Problem> {
    let view = state.registrar.show(known(&id)?).await?;
    Ok(Json(view.into()))
}

/// Let a held registration go on
#[utoipa::path(
    post,
    path = "/api/admin/registrations/{id}/approve",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses((status = 200, description = "Approved; also when it was before.", body = AdminRegistration), AdminProblems)
)]
async fn approve(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<AdminRegistration>, Problem> {
    let view = state.registrar.approve(known(&id)?, admin.by()).await?;
    Ok(Json(view.into()))
}

/// End a registration with a reason
///
/// The person reads the reason on the receipt and gets it by mail.
#[utoipa::path(
    post,
    path = "/api/admin/registrations/{id}/reject",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    request_body = RejectBody,
    responses((status = 200, description = "Rejected; also when it was before.", body = AdminRegistration), AdminProblems, FieldsProblems)
)]
async fn reject(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
    StrictJson(body): StrictJson<RejectBody>,
) -> Result<Json<AdminRegistration>, Problem> {
    let (id, reason) = (known(&id)?, remark("reason", &body.reason)?);
    let view = state.registrar.reject(id, admin.by(), reason.as_str());
    let view = view.await?;
    Ok(Json(view.into()))
}

/// Try a step again now that failed for the time being
#[utoipa::path(
    post,
    path = "/api/admin/registrations/{id}/retry",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses((status = 200, description = "It is tried now.", body = AdminRegistration), AdminProblems)
)]
async fn retry(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<AdminRegistration>, Problem> {
    let view = state.registrar.retry(known(&id)?, admin.by()).await?;
    Ok(Json(view.into()))
}

/// Provision an account (again)
#[utoipa::path(
    post,
    path = "/api/users/system-setup",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    request_body = NameBody,
    responses((status = 202, description = "Every step that is not done is tried now.", body = AdminRegistration), AdminProblems, FieldsProblems)
)]
async fn system_setup(
    admin: Admin,
    State(state): State<AppState>,
    StrictJson(body): StrictJson<NameBody>,
) -> Result<(StatusCode, Json<AdminRegistration>), Problem> {
    let name = Username::parse(&body.username)
        .map_err(|e| Problem::field("username", e.code(), e.to_string()))?;
    let view = state.registrar.system_setup(&name, admin.by()).await?;
    Ok((StatusCode::ACCEPTED, Json(view.into())))
}

/// What the host says of an account
#[utoipa::path(
    get,
    path = "/api/users/{username}/system-status",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("username" = String, Path, description = "Which")),
    responses((status = 200, description = "Also for a name without an account: `exists` is false then.", body = SystemStatusAnswer), AdminProblems, ParameterProblems)
)]
async fn system_status(
    _: Admin,
    State(state): State<AppState>,
    Extension(request): Extension<CurrentRequest>,
    PathText(name): PathText,
) -> Result<Json<SystemStatusAnswer>, Problem> {
    let name =
        Username::parse(&name).map_err(|e| Problem::field("username", e.code(), e.to_string()))?;
    let found = state.registrar.system_status(&name, request.id).await?;
    let store = &state.registrar.world().store;
    let member = store.user_by_username(&name).await?;
    let (host, account) = found.map_or_else(Default::default, |s| (s.host, Some(s.account)));
    Ok(Json(SystemStatusAnswer {
        username: name.to_string(),
        host,
        account: account.map(Into::into),
        first_login: member.map(|user| (&user.credentials.first_login).into()),
    }))
}

/// A registration's id, out of a path.
pub(crate) fn known(id: &str) -> Result<RegistrationId, Problem> {
    RegistrationId::parse(id)
        .map_err(|_| Problem::with_detail(Kind::NotFound, "There is no such registration."))
}
