use axum::Json;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::super::bearer::{From, token_of};
use super::super::extract::{OptionalJson, StrictJson};
use super::super::openapi::auth::{LoginProblems, LogoutProblems, RefreshProblems};
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::wire::auth::{LoginBody, RefreshBody, TokenAnswer};
use super::wire::factor::LoginAnswer;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
}

/// Log in
///
/// By name or verified address, and password. Whatever is wrong, the answer is the same; what is
/// the matter with an account is told to who has its password. Who has a second factor gets a
/// challenge instead of tokens: send it with the code to `/api/auth/verify-totp` or
/// `/api/auth/verify-otp`, as `twoFactorMethod` says.
#[utoipa::path(
    post,
    path = "/api/auth/login",
    tag = "login",
    request_body = LoginBody,
    responses(
        (status = 200, description = "A session has begun, or waits for the second factor.", body = LoginAnswer),
        LoginProblems,
    )
)]
async fn login(
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<LoginBody>,
) -> Result<Json<LoginAnswer>, Problem> {
    let password = Zeroizing::new(body.password);
    let mut named = [body.email_or_username, body.email, body.username]
        .into_iter()
        .flatten();
    let (Some(who), None) = (named.next(), named.next()) else {
        return Err(Problem::field(
            "emailOrUsername",
            "required",
            "send emailOrUsername, or one of email and username",
        ));
    };
    let entered = state.auth.login(&who, password, &client).await?;
    Ok(Json(LoginAnswer::of(&entered, state.now())))
}

/// Get the next tokens
///
/// Spends the refresh token. Who lost the reply, or asked twice at once, may spend it again within
/// ten seconds and gets the same next one. After that it ends the session, as someone else may have
/// had it, and the owner is told by mail.
#[utoipa::path(
    post,
    path = "/api/auth/refresh",
    tag = "login",
    request_body = RefreshBody,
    responses(
        (status = 200, description = "The next tokens.", body = TokenAnswer),
        RefreshProblems,
    )
)]
async fn refresh(
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<RefreshBody>,
) -> Result<Json<TokenAnswer>, Problem> {
    let token = Zeroizing::new(body.refresh_token);
    let tokens = state.auth.refresh(&token, &client).await?;
    Ok(Json(TokenAnswer::of(&tokens, state.now())))
}

/// Log out
///
/// Ends the session of the access token, or of the refresh token in the body; its access tokens
/// open nothing from then on. A refresh token that is not known is no error.
#[utoipa::path(
    post,
    path = "/api/auth/logout",
    tag = "login",
    security((), ("accessToken" = [])),
    request_body(content = Option<RefreshBody>),
    responses(
        (status = 204, description = "The session has ended."),
        LogoutProblems,
    )
)]
async fn logout(
    State(state): State<AppState>,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<RefreshBody>,
) -> Result<StatusCode, Problem> {
    if let Some(body) = body {
        let token = Zeroizing::new(body.refresh_token);
        state.auth.sign_out_by_token(&token).await?;
        return Ok(StatusCode::NO_CONTENT);
    }
    let token = token_of(&headers).ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    let caller = state.auth.authenticate(&token).await?;
    state.auth.sign_out(&caller.user, caller.session.id).await?;
    Ok(StatusCode::NO_CONTENT)
}
