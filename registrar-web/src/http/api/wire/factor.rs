use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use zeroize::Zeroizing;

use super::auth::TokenAnswer;
use crate::auth::{Asked, Entered, FactorStatus};
use crate::domain::{FactorMethod, Proof, RecoveryCode};
use crate::http::problem::Problem;

/// What a right password brings.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum LoginAnswer {
    /// A session.
    Tokens(TokenAnswer),
    /// A question; there is no session yet.
    Challenge(ChallengeAnswer),
}

/// A login waits for its second factor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChallengeAnswer {
    /// Always `true`.
    #[schema(example = true)]
    pub requires_two_factor: bool,
    /// `totp`: a code of the authenticator, to `/api/auth/verify-totp`. `email`: the code that was
    /// mailed, to `/api/auth/verify-otp`.
    #[schema(value_type = String, example = "totp")]
    pub two_factor_method: FactorMethod,
    /// `crc_…`; send it with the code. Keep it as you would a password.
    pub challenge: String,
    /// Seconds that the login waits.
    #[schema(example = 600)]
    pub expires_in: i64,
    /// What the organization has changed since the last login, for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// The second half of a login: the challenge, and either code.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SecondStepBody {
    /// As the login gave it.
    pub challenge: String,
    /// The six digits.
    #[serde(default)]
    #[schema(example = "123456")]
    pub code: Option<String>,
    /// One of the codes that were written down, instead.
    #[serde(default)]
    #[schema(example = "gayt-emzu-gu3d-oobz")]
    pub recovery_code: Option<String>,
}

/// The password, once more.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// The password.
    #[schema(format = Password)]
    pub password: String,
}

/// A code of the authenticator.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CodeBody {
    /// The six digits.
    #[schema(example = "123456")]
    pub code: String,
}

/// The password, and a code of the authenticator or a recovery code.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ProofBody {
    /// The password.
    #[schema(format = Password)]
    pub password: String,
    /// The six digits.
    #[serde(default)]
    #[schema(example = "123456")]
    pub code: Option<String>,
    /// One of the codes that were written down, instead.
    #[serde(default)]
    #[schema(example = "gayt-emzu-gu3d-oobz")]
    pub recovery_code: Option<String>,
}

/// An authenticator to be set up; told once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TotpSetupAnswer {
    /// What the QR code says.
    #[schema(example = "otpauth://totp/…")]
    pub otpauth_uri: String,
    /// The same to be typed: base32 in groups of four.
    #[schema(example = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ")]
    pub manual_key: String,
    /// The QR code as an SVG document.
    pub qr_svg: String,
    /// The QR code as a PNG image, in a `data:` URI.
    pub qr_png: String,
    /// Seconds in which `/api/auth/totp/confirm` has to be called.
    #[schema(example = 900)]
    pub expires_in: i64,
}

/// Codes to be written down; told once. Each works once in place of the usual code.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RecoveryCodesAnswer {
    /// Ten of them.
    #[schema(example = json!(["gayt-emzu-gu3d-oobz"]))]
    pub recovery_codes: Vec<String>,
}

/// How it stands with one's second factor.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FactorAnswer {
    /// What the next login asks for: `totp`, `email`, or `null` for nothing more.
    #[schema(value_type = Option<String>, example = "totp")]
    pub method: Option<FactorMethod>,
    /// Whether an authenticator is in use.
    pub totp: bool,
    /// Whether codes by mail are switched on.
    pub email: bool,
    /// Whether one's role must have a second factor.
    pub required: bool,
    /// What one's organization prefers, which counts before one's own choice: `totp`, `email`, or
    /// `null`.
    #[schema(value_type = Option<String>, example = "email")]
    pub organization_prefers: Option<FactorMethod>,
    /// Recovery codes that were not used.
    pub recovery_codes_left: usize,
}

impl LoginAnswer {
    pub(crate) fn of(entered: &Entered, now: Timestamp) -> Self {
        match entered {
            Entered::In(tokens) => Self::Tokens(TokenAnswer::of(tokens, now)),
            Entered::Asked(Asked {
                method,
                challenge,
                lasts,
                notice,
            }) => Self::Challenge(ChallengeAnswer {
                requires_two_factor: true,
                two_factor_method: *method,
                challenge: challenge.expose().to_owned(),
                expires_in: lasts.as_secs(),
                notice: notice.as_ref().map(ToString::to_string),
            }),
        }
    }
}

impl RecoveryCodesAnswer {
    pub(crate) fn of(codes: &[RecoveryCode]) -> Self {
        Self {
            recovery_codes: codes.iter().map(RecoveryCode::expose).collect(),
        }
    }
}

impl From<FactorStatus> for FactorAnswer {
    fn from(status: FactorStatus) -> Self {
        Self {
            method: status.method,
            totp: status.totp,
            email: status.email,
            required: status.required,
            organization_prefers: status.preferred,
            recovery_codes_left: status.recovery_codes_left,
        }
    }
}

/// Either code, where there may be none.
pub(crate) fn optional_proof(
    code: Option<String>,
    recovery_code: Option<String>,
) -> Result<Option<Proof>, Problem> {
    match (code, recovery_code) {
        (None, None) => Ok(None),
        (Some(code), None) => Ok(Some(Proof::Code(Zeroizing::new(code)))),
        (None, Some(code)) => Ok(Some(Proof::Recovery(Zeroizing::new(code)))),
        (Some(_), Some(_)) => Err(Problem::field(
            "recoveryCode",
            "too-many",
            "send either code or recoveryCode",
        )),
    }
}

/// Either code.
pub(crate) fn proof(code: Option<String>, recovery_code: Option<String>) -> Result<Proof, Problem> {
    optional_proof(code, recovery_code)?
        .ok_or_else(|| Problem::field("code", "required", "send code, or recoveryCode"))
}
