use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::SignUp;
use super::auth::UserAnswer;
use crate::domain::SignupForm;

/// A sign-up that comes by a sibling service.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SiblingSignUp {
    /// The address of the person's computer, which limits count.
    #[schema(example = "192.0.2.7")]
    pub client_address: String,
    /// As for `/api/auth/register`.
    #[schema(value_type = SignUp)]
    pub registration: SignupForm,
}

/// A login that comes by a sibling service.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SiblingLogin {
    /// The address of the person's computer, which limits count.
    #[schema(example = "192.0.2.7")]
    pub client_address: String,
    /// The name, or the verified address.
    #[schema(example = "ada")]
    pub email_or_username: String,
    /// The password.
    #[schema(format = Password, example = "plum gravel sunday kite")]
    pub password: String,
    /// What the list of sessions shows: the sibling's name, or the program of the person.
    #[serde(default)]
    #[schema(example = "ircd")]
    pub device: Option<String>,
}

/// Names a session by a token of it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TokenBody {
    /// An access token or a refresh token.
    pub token: String,
}

/// An access token that somebody showed.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CheckBody {
    /// As a login or a refresh gave it.
    pub access_token: String,
}

/// Whose a token is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Checked {
    /// Whether it opens anything.
    pub active: bool,
    /// Whose it is, as the directory has it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserAnswer>,
    /// The session.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Why it opens nothing, as a stable word.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "session-ended")]
    pub reason: Option<&'static str>,
    /// The same for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}
