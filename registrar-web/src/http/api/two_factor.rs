use axum::Json;
use axum::extract::{Extension, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::bearer::From;
use super::super::extract::{PathText, StrictJson};
use super::super::openapi::AdminProblems;
use super::super::openapi::auth::MemberProblems;
use super::super::openapi::factor::{FactorProblems, SecondStepProblems};
use super::super::permissions::Admin;
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::qr::Qr;
use super::wire::auth::TokenAnswer;
use super::wire::factor::{
    CodeBody, FactorAnswer, PasswordBody, ProofBody, RecoveryCodesAnswer, SecondStepBody,
    TotpSetupAnswer, optional_proof, proof,
};
use crate::auth::{Caller, Client, ResetError, Resetter, TotpSetup};
use crate::domain::{Actor, FactorMethod, UserId};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(verify_totp))
        .routes(routes!(verify_otp))
        .routes(routes!(status))
        .routes(routes!(set_up))
        .routes(routes!(confirm))
        .routes(routes!(disable))
        .routes(routes!(mail_on))
        .routes(routes!(mail_off))
        .routes(routes!(new_recovery_codes))
        .routes(routes!(reset))
}

/// Finish a login by authenticator
///
/// With the challenge of the login, and a code of the authenticator or a recovery code. A code works
/// once, at the time that it is shown and half a minute around it.
#[utoipa::path(
    post,
    path = "/api/auth/verify-totp",
    tag = "two-factor",
    request_body = SecondStepBody,
    responses(
        (status = 200, description = "A session has begun.", body = TokenAnswer),
        SecondStepProblems,
    )
)]
async fn verify_totp(
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<SecondStepBody>,
) -> Result<Json<TokenAnswer>, Problem> {
    finish(&state, body, FactorMethod::Totp, &client).await
}

/// Finish a login by mail
///
/// With the challenge of the login, and the code that was mailed or a recovery code. To have another
/// code mailed, log in again.
#[utoipa::path(
    post,
    path = "/api/auth/verify-otp",
    tag = "two-factor",
    request_body = SecondStepBody,
    responses(
        (status = 200, description = "A session has begun.", body = TokenAnswer),
        SecondStepProblems,
    )
)]
async fn verify_otp(
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<SecondStepBody>,
) -> Result<Json<TokenAnswer>, Problem> {
    finish(&state, body, FactorMethod::Email, &client).await
}

async fn finish(
    state: &AppState,
    body: SecondStepBody,
    method: FactorMethod,
    client: &Client,
) -> Result<Json<TokenAnswer>, Problem> {
    let challenge = Zeroizing::new(body.challenge);
    let proof = proof(body.code, body.recovery_code)?;
    let tokens = state
        .auth
        .finish_login(&challenge, method, proof, client)
        .await?;
    Ok(Json(TokenAnswer::of(&tokens, state.now())))
}

/// How it stands with one's second factor
#[utoipa::path(
    get,
    path = "/api/auth/second-factor",
    tag = "two-factor",
    security(("accessToken" = [])),
    responses((status = 200, description = "So.", body = FactorAnswer), MemberProblems)
)]
async fn status(
    caller: Caller,
    State(state): State<AppState>,
) -> Result<Json<FactorAnswer>, Problem> {
    Ok(Json(state.auth.factor_status(&caller.user).await?.into()))
}

/// Set up an authenticator
///
/// Makes a secret and shows it, once, as QR code and text. It counts when a code of it was sent to
/// `/api/auth/totp/confirm`; setting up again forgets the one before.
#[utoipa::path(
    post,
    path = "/api/auth/totp/setup",
    tag = "two-factor",
    security(("accessToken" = [])),
    request_body = PasswordBody,
    responses(
        (status = 200, description = "The secret.", body = TotpSetupAnswer),
        FactorProblems,
    )
)]
async fn set_up(
    caller: Caller,
    State(state): State<AppState>,
    StrictJson(body): StrictJson<PasswordBody>,
) -> Result<Json<TotpSetupAnswer>, Problem> {
    let password = Zeroizing::new(body.password);
    let setup = state.auth.set_up_totp(caller, password).await?;
    draw(&setup).map(Json).ok_or_else(|| {
        tracing::error!("a QR code can't be drawn; is community.name very long?");
        Problem::new(Kind::Internal)
    })
}

fn draw(setup: &TotpSetup) -> Option<TotpSetupAnswer> {
    let uri = setup.uri();
    let qr = Qr::of(&uri)?;
    let png = STANDARD.encode(qr.png().ok()?);
    Some(TotpSetupAnswer {
        otpauth_uri: uri.to_string(),
        manual_key: setup.manual_key().to_string(),
        qr_svg: qr.svg(),
        qr_png: format!("data:image/png;base64,{png}"),
        expires_in: setup.lasts.as_secs(),
    })
}

/// Take an authenticator into use
///
/// By a code of the one that was set up. From now on logins ask for one; the member's other sessions
/// end. The answer has the recovery codes, which are told this once.
#[utoipa::path(
    post,
    path = "/api/auth/totp/confirm",
    tag = "two-factor",
    security(("accessToken" = [])),
    request_body = CodeBody,
    responses(
        (status = 200, description = "It is in use.", body = RecoveryCodesAnswer),
        FactorProblems,
    )
)]
async fn confirm(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<CodeBody>,
) -> Result<Json<RecoveryCodesAnswer>, Problem> {
    let code = Zeroizing::new(body.code);
    let codes = state.auth.confirm_totp(caller, code, client).await?;
    Ok(Json(RecoveryCodesAnswer::of(&codes)))
}

/// Switch the authenticator off
///
/// By the password, and a code of it or a recovery code. The member's other sessions end.
#[utoipa::path(
    post,
    path = "/api/auth/totp/disable",
    tag = "two-factor",
    security(("accessToken" = [])),
    request_body = ProofBody,
    responses((status = 204, description = "It is off."), FactorProblems)
)]
async fn disable(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<ProofBody>,
) -> Result<StatusCode, Problem> {
    let password = Zeroizing::new(body.password);
    let proof = proof(body.code, body.recovery_code)?;
    state
        .auth
        .disable_totp(caller, password, proof, client)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Switch codes by mail on
///
/// From now on a login asks for a code that is mailed, unless an authenticator is in use. The
/// member's other sessions end.
#[utoipa::path(
    post,
    path = "/api/auth/otp/enable",
    tag = "two-factor",
    security(("accessToken" = [])),
    request_body = PasswordBody,
    responses(
        (status = 200, description = "They are on.", body = FactorAnswer),
        FactorProblems,
    )
)]
async fn mail_on(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<PasswordBody>,
) -> Result<Json<FactorAnswer>, Problem> {
    set_by_mail(&state, caller, body, true, client).await
}

/// Switch codes by mail off
///
/// Where the role requires a second factor, and there is no authenticator, they are mailed all the
/// same. The member's other sessions end.
#[utoipa::path(
    post,
    path = "/api/auth/otp/disable",
    tag = "two-factor",
    security(("accessToken" = [])),
    request_body = PasswordBody,
    responses(
        (status = 200, description = "They are off.", body = FactorAnswer),
        FactorProblems,
    )
)]
async fn mail_off(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<PasswordBody>,
) -> Result<Json<FactorAnswer>, Problem> {
    set_by_mail(&state, caller, body, false, client).await
}

async fn set_by_mail(
    state: &AppState,
    caller: Caller,
    body: PasswordBody,
    on: bool,
    client: Client,
) -> Result<Json<FactorAnswer>, Problem> {
    let password = Zeroizing::new(body.password);
    let status = state.auth.set_by_mail(caller, password, on, client).await?;
    Ok(Json(status.into()))
}

/// Make recovery codes anew
///
/// The old ones do not work any more. Who has an authenticator sends a code of it, or one of the old
/// recovery codes, as well as the password.
#[utoipa::path(
    post,
    path = "/api/auth/recovery-codes",
    tag = "two-factor",
    security(("accessToken" = [])),
    request_body = ProofBody,
    responses(
        (status = 200, description = "The new ones; told this once.", body = RecoveryCodesAnswer),
        FactorProblems,
    )
)]
async fn new_recovery_codes(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<ProofBody>,
) -> Result<Json<RecoveryCodesAnswer>, Problem> {
    let password = Zeroizing::new(body.password);
    let proof = optional_proof(body.code, body.recovery_code)?;
    let codes = state
        .auth
        .new_recovery_codes(caller, password, proof, client)
        .await?;
    Ok(Json(RecoveryCodesAnswer::of(&codes)))
}

/// Take a member's second factor away
///
/// For who has lost it, and the recovery codes. All sessions of the member end, and the member is
/// told by mail. Members may do it for roles below their own, the admin token for all. Whose role
/// must have a second factor gets codes by mail from then on.
#[utoipa::path(
    post,
    path = "/api/users/{id}/second-factor/reset",
    tag = "admin",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Whose")),
    responses((status = 204, description = "It is off."), AdminProblems)
)]
async fn reset(
    admin: Admin,
    caller: Option<Extension<Caller>>,
    State(state): State<AppState>,
    From(client): From,
    PathText(id): PathText,
) -> Result<StatusCode, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| ResetError::NotFound)?;
    let by = match &caller {
        Some(Extension(Caller { user, .. })) => Resetter {
            actor: Actor::member(user),
            role: Some(user.role),
        },
        None => Resetter {
            actor: Actor::Admin {
                name: admin.name().to_owned(),
            },
            role: None,
        },
    };
    state
        .auth
        .reset_second_factor(by, UserId::new(id), &client)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
