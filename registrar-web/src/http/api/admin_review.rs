use axum::Json;
use axum::extract::State;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::{OptionalJson, PathText, StrictJson};
use super::super::openapi::{AdminProblems, FieldsProblems};
use super::super::permissions::Admin;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::admin::known;
use super::wire::AdminRegistration;
use super::wire::review::{ClaimBody, TextBody};
use crate::domain::{Remark, TextError};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(claim, release))
        .routes(routes!(note))
        .routes(routes!(question))
}

/// Take an application up
///
/// While the claim lasts (`review.claim_ttl`), nobody else decides or asks. Claim again to have it for
/// longer. One that another reviewer has is refused with 409, unless it has lapsed or `takeOver` is
/// true.
#[utoipa::path(
    post,
    path = "/api/admin/registrations/{id}/claim",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    request_body(content = Option<ClaimBody>),
    responses((status = 200, description = "It is yours for a while.", body = AdminRegistration), AdminProblems, FieldsProblems)
)]
async fn claim(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
    OptionalJson(body): OptionalJson<ClaimBody>,
) -> Result<Json<AdminRegistration>, Problem> {
    let take_over = body.unwrap_or_default().take_over;
    let view = state.registrar.claim(known(&id)?, take_over, admin.by());
    Ok(Json(view.await?.into()))
}

/// Give a claim up
#[utoipa::path(
    delete,
    path = "/api/admin/registrations/{id}/claim",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses((status = 200, description = "You have none on it; also when you had none before.", body = AdminRegistration), AdminProblems)
)]
async fn release(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<AdminRegistration>, Problem> {
    let view = state.registrar.release_claim(known(&id)?, admin.by());
    Ok(Json(view.await?.into()))
}

/// Write a note
///
/// For reviewers and admins; the applicant does not see it.
#[utoipa::path(
    post,
    path = "/api/admin/registrations/{id}/notes",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    request_body = TextBody,
    responses((status = 200, description = "The registration with the note.", body = AdminRegistration), AdminProblems, FieldsProblems)
)]
async fn note(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
    StrictJson(body): StrictJson<TextBody>,
) -> Result<Json<AdminRegistration>, Problem> {
    let (id, text) = (known(&id)?, remark("text", &body.text)?);
    let view = state.registrar.note(id, &text, admin.by()).await?;
    Ok(Json(view.into()))
}

/// Ask the applicant something
///
/// The question goes by mail to the address, which has to be verified, and stands on the receipt page,
/// where the applicant answers. One question at a time; the same words again are the same question.
#[utoipa::path(
    post,
    path = "/api/admin/registrations/{id}/question",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    request_body = TextBody,
    responses((status = 200, description = "The registration with the question.", body = AdminRegistration), AdminProblems, FieldsProblems)
)]
async fn question(
    admin: Admin,
    State(state): State<AppState>,
    PathText(id): PathText,
    StrictJson(body): StrictJson<TextBody>,
) -> Result<Json<AdminRegistration>, Problem> {
    let (id, text) = (known(&id)?, remark("text", &body.text)?);
    let view = state.registrar.ask(id, &text, admin.by()).await?;
    Ok(Json(view.into()))
}

/// Judges what a reviewer writes.
pub(crate) fn remark(field: &'static str, text: &str) -> Result<Remark, Problem> {
    Remark::parse(text).map_err(|e| {
        let words = match e {
            // It can't be left out.
            TextError::Empty => format!("the {field} is empty: write 1 to 2000 characters"),
            e => e.to_string(),
        };
        Problem::field(field, e.code(), words)
    })
}
