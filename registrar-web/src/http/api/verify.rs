use axum::Json;
use axum::extract::State;
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::super::extract::StrictJson;
use super::super::openapi::{FieldsProblems, StoreProblems, VerifyProblems};
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::wire::{Accepted, RegistrationStatus, ResendBody, VerifyBody};
use crate::domain::{Email, Username, VerificationToken};
use crate::registration::VerifyError;

/// What everyone is told who asks for a mail.
pub(crate) const RESEND_WORDS: &str = "If name and address belong together and the address is not verified yet, another mail is on its way. It can be asked for once a minute, five times in all.";

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(verify_email))
        .routes(routes!(resend_verification))
}

/// Prove an address
///
/// With the token of the link, or with the name and the code of the mail. Each works once.
#[utoipa::path(
    post,
    path = "/api/auth/verify-email",
    tag = "registration",
    request_body = VerifyBody,
    responses(
        (status = 200, description = "The address is verified.", body = RegistrationStatus),
        VerifyProblems,
    )
)]
async fn verify_email(
    State(state): State<AppState>,
    StrictJson(body): StrictJson<VerifyBody>,
) -> Result<Json<RegistrationStatus>, Problem> {
    let view = match (body.token, body.username, body.code) {
        (Some(token), None, None) => {
            let token = VerificationToken::parse(&token).ok_or(VerifyError::Unknown)?;
            state.registrar.verify_token(&token).await?
        }
        (None, Some(username), Some(code)) => {
            let name = Username::parse(&username).map_err(|_| VerifyError::Unknown)?;
            state.registrar.verify_code(&name, &code).await?
        }
        _ => {
            return Err(Problem::field(
                "token",
                "required",
                "send either token, or username and code",
            ));
        }
    };
    Ok(Json(view.into()))
}

/// Ask for the verification mail again
///
/// The answer is the same whatever is known of name and address, so that it tells nobody who is
/// registered.
#[utoipa::path(
    post,
    path = "/api/auth/resend-verification",
    tag = "registration",
    request_body = ResendBody,
    responses(
        (status = 202, description = "Always.", body = Accepted),
        FieldsProblems,
        StoreProblems,
    )
)]
async fn resend_verification(
    State(state): State<AppState>,
    StrictJson(body): StrictJson<ResendBody>,
) -> Result<(StatusCode, Json<Accepted>), Problem> {
    resend(&state, &body.username, &body.personal_email).await?;
    Ok((
        StatusCode::ACCEPTED,
        Json(Accepted {
            message: RESEND_WORDS,
        }),
    ))
}

/// Asks for the mail; a name or address that can't be one has no registration.
pub(crate) async fn resend(state: &AppState, username: &str, email: &str) -> Result<(), Problem> {
    if let (Ok(name), Ok(email)) = (Username::parse(username), Email::parse(email)) {
        match state.registrar.resend(&name, &email).await {
            Ok(()) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// For routes that take the token from elsewhere.
pub(crate) fn token_of(text: &str) -> Result<VerificationToken, Problem> {
    VerificationToken::parse(text).ok_or_else(|| {
        Problem::with_detail(
            Kind::VerificationUnknown,
            "This link is damaged or cut off. Open it from the mail again, or type the code of the mail on the status page.",
        )
    })
}
