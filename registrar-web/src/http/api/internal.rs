use std::net::IpAddr;

use axum::extract::State;
use axum::{Json, http::StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::super::client_address::client_key;
use super::super::extract::StrictJson;
use super::super::openapi::auth::{InternalProblems, SiblingLoginProblems, SiblingSignUpProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::TakenIn;
use super::wire::factor::LoginAnswer;
use super::wire::internal::{CheckBody, Checked, SiblingLogin, SiblingSignUp, TokenBody};
use crate::auth::{Client, TokenError};
use crate::domain::Device;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(signup))
        .routes(routes!(login))
        .routes(routes!(logout))
        .routes(routes!(validate))
}

/// Sign someone up
///
/// As `/api/auth/register`; the limit counts `clientAddress`.
#[utoipa::path(
    post,
    path = "/internal/auth/signup",
    tag = "internal",
    request_body = SiblingSignUp,
    responses(
        (status = 201, description = "Taken in.", body = TakenIn),
        SiblingSignUpProblems,
    )
)]
async fn signup(
    State(state): State<AppState>,
    StrictJson(body): StrictJson<SiblingSignUp>,
) -> Result<(StatusCode, Json<TakenIn>), Problem> {
    let client = client_key(address(&body.client_address)?);
    let view = state.registrar.register(body.registration, &client).await?;
    let taken = TakenIn::of(
        &view,
        &state.registrar.receipt_token(view.id),
        &state.site.public_url,
    );
    Ok((StatusCode::CREATED, Json(taken)))
}

/// Log someone in
///
/// As `/api/auth/login`: limits and the list of sessions have `clientAddress` and `device`. Who has a
/// second factor gets a challenge; send it with the code to `/api/auth/verify-totp` or
/// `/api/auth/verify-otp`.
#[utoipa::path(
    post,
    path = "/internal/auth/login",
    tag = "internal",
    request_body = SiblingLogin,
    responses(
        (status = 200, description = "The password is right: a session has begun, or waits for the second factor.", body = LoginAnswer),
        SiblingLoginProblems,
    )
)]
async fn login(
    State(state): State<AppState>,
    StrictJson(body): StrictJson<SiblingLogin>,
) -> Result<Json<LoginAnswer>, Problem> {
    let password = Zeroizing::new(body.password);
    let client = client(&body.client_address, body.device.as_deref())?;
    let who = &body.email_or_username;
    let entered = state.auth.login(who, password, &client).await?;
    Ok(Json(LoginAnswer::of(&entered, state.now())))
}

/// Log someone out
///
/// Ends the session of an access or refresh token. One that is not known is no error.
#[utoipa::path(
    post,
    path = "/internal/auth/logout",
    tag = "internal",
    request_body = TokenBody,
    responses((status = 204, description = "The session is over."), InternalProblems)
)]
async fn logout(
    State(state): State<AppState>,
    StrictJson(body): StrictJson<TokenBody>,
) -> Result<StatusCode, Problem> {
    let token = Zeroizing::new(body.token);
    match state.auth.authenticate(&token).await {
        Ok(caller) => {
            state.auth.sign_out(&caller.user, caller.session.id).await?;
        }
        Err(TokenError::Store(error)) => return Err(error.into()),
        Err(_) => state.auth.sign_out_by_token(&token).await?,
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whose token this is
///
/// Looks session and member up, so one that was signed out or suspended a moment ago is told to be.
#[utoipa::path(
    post,
    path = "/internal/auth/validate",
    tag = "internal",
    request_body = CheckBody,
    responses(
        (status = 200, description = "Also for a token that opens nothing: `active` is false then.", body = Checked),
        InternalProblems,
    )
)]
async fn validate(
    State(state): State<AppState>,
    StrictJson(body): StrictJson<CheckBody>,
) -> Result<Json<Checked>, Problem> {
    let token = Zeroizing::new(body.access_token);
    match state.auth.authenticate(&token).await {
        Ok(caller) => Ok(Json(Checked {
            active: true,
            user: Some((&caller.user).into()),
            session_id: Some(caller.session.id.to_string()),
            reason: None,
            message: None,
        })),
        Err(error @ (TokenError::Store(_) | TokenError::Internal(_))) => Err(error.into()),
        Err(error) => {
            let problem = Problem::from(error);
            Ok(Json(Checked {
                active: false,
                user: None,
                session_id: None,
                reason: Some(problem.kind.code()),
                message: Some(problem.detail),
            }))
        }
    }
}

fn client(client_address: &str, device: Option<&str>) -> Result<Client, Problem> {
    Ok(Client {
        address: client_key(address(client_address)?),
        device: Device::clean(device.unwrap_or_default()),
    })
}

/// Whose request it is; the sibling is believed.
fn address(text: &str) -> Result<IpAddr, Problem> {
    text.parse().map_err(|_| {
        Problem::field(
            "clientAddress",
            "malformed",
            "write the IPv4 or IPv6 address of the person's computer",
        )
    })
}
