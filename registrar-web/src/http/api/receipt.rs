use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::client_address::Client;
use super::super::extract::{PathText, StrictJson};
use super::super::openapi::FieldsProblems;
use super::super::openapi::receipt::ReceiptProblems;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::verify::RESEND_WORDS;
use super::wire::Accepted;
use super::wire::receipt::{AddressBody, KeysBody, Receipt};
use super::wire::review::TextBody;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(show))
        .routes(routes!(answer))
        .routes(routes!(change_address))
        .routes(routes!(change_keys))
        .routes(routes!(resend))
}

/// One's own registration, by the token of its receipt
///
/// The token is the end of `receiptUrl`. Keep it secret: who has it may change what is registered.
#[utoipa::path(
    get,
    path = "/api/auth/receipt/{token}",
    tag = "registration",
    params(("token" = String, Path, description = "The receipt's")),
    responses((status = 200, description = "The receipt.", body = Receipt), ReceiptProblems)
)]
async fn show(
    State(state): State<AppState>,
    PathText(token): PathText,
) -> Result<Json<Receipt>, Problem> {
    Ok(Json(state.registrar.receipt(&token).await?.into()))
}

/// Answer the reviewers' question
#[utoipa::path(
    post,
    path = "/api/auth/receipt/{token}/answer",
    tag = "registration",
    params(("token" = String, Path, description = "The receipt's")),
    request_body = TextBody,
    responses((status = 200, description = "The reviewers have it.", body = Receipt), ReceiptProblems, FieldsProblems)
)]
async fn answer(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(token): PathText,
    StrictJson(body): StrictJson<TextBody>,
) -> Result<Json<Receipt>, Problem> {
    let view = state.registrar.answer(&token, &body.text, &client.0);
    Ok(Json(view.await?.into()))
}

/// Give another address, while none is verified
///
/// For an address that was mistyped. The verification goes to the new one; what was sent to the old
/// one is of no use from then on. Counts as one of the five mails that can be asked for, once a minute.
#[utoipa::path(
    put,
    path = "/api/auth/receipt/{token}/address",
    tag = "registration",
    params(("token" = String, Path, description = "The receipt's")),
    request_body = AddressBody,
    responses((status = 200, description = "It is changed; also when it is as before.", body = Receipt), ReceiptProblems, FieldsProblems)
)]
async fn change_address(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(token): PathText,
    StrictJson(body): StrictJson<AddressBody>,
) -> Result<Json<Receipt>, Problem> {
    let email = &body.personal_email;
    let view = state.registrar.change_address(&token, email, &client.0);
    Ok(Json(view.await?.into()))
}

/// Give other SSH keys, until the account is opened
///
/// They take the place of all that were given before.
#[utoipa::path(
    put,
    path = "/api/auth/receipt/{token}/ssh-keys",
    tag = "registration",
    params(("token" = String, Path, description = "The receipt's")),
    request_body = KeysBody,
    responses((status = 200, description = "They are changed; also when they are as before.", body = Receipt), ReceiptProblems, FieldsProblems)
)]
async fn change_keys(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(token): PathText,
    StrictJson(body): StrictJson<KeysBody>,
) -> Result<Json<Receipt>, Problem> {
    let keys = body.ssh_keys;
    let view = state.registrar.change_keys(&token, &keys, &client.0);
    Ok(Json(view.await?.into()))
}

/// Have the verification mail sent again
#[utoipa::path(
    post,
    path = "/api/auth/receipt/{token}/resend",
    tag = "registration",
    params(("token" = String, Path, description = "The receipt's")),
    responses((status = 202, description = "Also when none may be sent now.", body = Accepted), ReceiptProblems)
)]
async fn resend(
    State(state): State<AppState>,
    PathText(token): PathText,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    state.registrar.resend_receipt(&token).await?;
    let message = RESEND_WORDS;
    Ok((StatusCode::ACCEPTED, Json(Accepted { message })))
}
