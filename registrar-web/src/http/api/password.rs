use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use zeroize::Zeroizing;

use super::super::bearer::From;
use super::super::extract::StrictJson;
use super::super::openapi::auth::MemberProblems;
use super::super::openapi::credentials::{ForgotProblems, PasswordProblems, ResetProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::wire::Accepted;
use super::wire::credentials::{CredentialsAnswer, ForgotBody, PasswordBody, ResetBody};
use crate::auth::{Caller, RecoveryProof};

/// What everyone is told who asks for a mail.
pub(crate) const FORGOT_WORDS: &str = "If there is an account of this name or verified address, a mail with a link and a code is on its way to its address. They work once, for an hour.";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(forgot_password))
        .routes(routes!(reset_password))
}

/// Change the password
///
/// All other sessions end; this one goes on. The host follows within seconds; `hostPassword` says
/// whether it has, and `GET /api/auth/status/user-status` does so later. The owner is told by mail.
#[utoipa::path(
    put,
    path = "/api/auth/password",
    tag = "credentials",
    security(("accessToken" = [])),
    request_body = PasswordBody,
    responses(
        (status = 200, description = "The password is changed.", body = CredentialsAnswer),
        MemberProblems,
        PasswordProblems,
    )
)]
async fn change_password(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<PasswordBody>,
) -> Result<Json<CredentialsAnswer>, Problem> {
    let current = Zeroizing::new(body.current_password);
    let changed = state
        .auth
        .change_password(&caller, current, body.new_password, &client)
        .await?;
    Ok(Json((&changed).into()))
}

/// Ask for a mail to choose a new password
///
/// The answer is the same, in words and time, whatever is known of name and address.
#[utoipa::path(
    post,
    path = "/api/auth/forgot-password",
    tag = "credentials",
    request_body = ForgotBody,
    responses(
        (status = 202, description = "Always.", body = Accepted),
        ForgotProblems,
    )
)]
async fn forgot_password(
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<ForgotBody>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    let who = one_of([body.email_or_username, body.email, body.username])?;
    state.auth.forgot_password(&who, &client).await?;
    let message = FORGOT_WORDS;
    Ok((StatusCode::ACCEPTED, Json(Accepted { message })))
}

/// Choose a new password
///
/// With the token of the link, or with the name or address and the code of the mail. Each works
/// once. All sessions end, and the host follows within seconds.
#[utoipa::path(
    post,
    path = "/api/auth/reset-password",
    tag = "credentials",
    request_body = ResetBody,
    responses(
        (status = 204, description = "The password is changed; log in with it."),
        ResetProblems,
    )
)]
async fn reset_password(
    State(state): State<AppState>,
    From(client): From,
    StrictJson(body): StrictJson<ResetBody>,
) -> Result<StatusCode, Problem> {
    let named = [body.email_or_username, body.email, body.username];
    let proof = match (body.token, body.code) {
        (Some(token), None) if named.iter().all(Option::is_none) => RecoveryProof::Token(token),
        (None, Some(code)) => RecoveryProof::Code {
            who: one_of(named)?,
            code,
        },
        _ => {
            return Err(Problem::field(
                "token",
                "required",
                "send either token, or code and emailOrUsername",
            ));
        }
    };
    state
        .auth
        .reset_password(proof, body.new_password, &client)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

fn one_of(named: [Option<String>; 3]) -> Result<String, Problem> {
    let mut named = named.into_iter().flatten();
    match (named.next(), named.next()) {
        (Some(who), None) => Ok(who),
        _ => Err(Problem::field(
            "emailOrUsername",
            "required",
            "send emailOrUsername, or one of email and username",
        )),
    }
}
