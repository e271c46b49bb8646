use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::RegistrationStatus;
use super::credentials::CredentialsAnswer;
use crate::auth::Tokens;
use crate::domain::{Role, Session, User, UserState};

/// A login: the password, and one of the three ways to say whose.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct LoginBody {
    /// The name, or the verified address.
    #[serde(default)]
    #[schema(example = "ada")]
    pub email_or_username: Option<String>,
    /// The same.
    #[serde(default)]
    pub email: Option<String>,
    /// The same.
    #[serde(default)]
    pub username: Option<String>,
    /// The password.
    #[schema(format = Password, example = "plum gravel sunday kite")]
    pub password: String,
}

/// Names a session by a token of it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefreshBody {
    /// `crr_…`, as a login or the last refresh gave it.
    pub refresh_token: String,
}

/// What opens routes, and what brings the next of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TokenAnswer {
    /// A JWT; send it as `Authorization: Bearer`.
    pub access_token: String,
    /// To be spent once at `/api/auth/refresh`; keep it as you would a password.
    pub refresh_token: String,
    /// `Bearer`.
    #[schema(example = "Bearer")]
    pub token_type: &'static str,
    /// Seconds that the access token is good.
    #[schema(example = 900)]
    pub expires_in: i64,
    /// Seconds that the refresh token is good.
    #[schema(example = 604_800)]
    pub refresh_expires_in: i64,
    /// Whose.
    pub user: UserAnswer,
    /// What the organization has changed since the last login, for the person.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice: Option<String>,
}

/// A member, as shown to the member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// Name of the account.
    #[schema(example = "ada")]
    pub username: String,
    /// As the person wrote it.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// Where mail about the account goes.
    #[schema(example = "ada@example.org")]
    pub email: String,
    /// `super_admin`, `site_admin`, `operator`, `client_admin` or `client_user`.
    #[schema(value_type = String, example = "client_user")]
    pub role: Role,
    /// The id of the organization; `null` for who has none.
    pub organization: Option<String>,
}

/// Everything about one's own registration and account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserStatus {
    /// Who.
    #[serde(flatten)]
    pub user: UserAnswer,
    /// `active`; others can't ask.
    #[schema(value_type = String, example = "active")]
    pub state: UserState,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// When the entry in the directory was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the member last logged in.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_login_at: Option<Timestamp>,
    /// How it stands with password and keys.
    pub credentials: CredentialsAnswer,
    /// How the registration went; `null` where the account was made without one.
    pub registration: Option<RegistrationStatus>,
    /// What the host itself says of the account; `null` when it can't be asked or has none.
    #[schema(value_type = Option<Object>)]
    pub system: Option<provision_api::HostView>,
}

/// A session: one login on one device.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// What the program calls itself; may be empty.
    #[schema(example = "Lynx/2.9.2")]
    pub device: String,
    /// From where it was used last: an IPv4 address, or the /64 of an IPv6 one.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it last brought tokens.
    #[schema(value_type = String, format = DateTime)]
    pub last_used_at: Timestamp,
    /// When it lapses if it is not used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// A page of sessions, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SessionPage {
    /// This page.
    pub items: Vec<SessionAnswer>,
    /// Give it as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// The key that signs from now on.
#[derive(Serialize, ToSchema)]
pub(crate) struct NewKey {
    /// Its name, as in `/.well-known/jwks.json`.
    pub kid: String,
}

impl From<&User> for UserAnswer {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
            display_name: user.display_name.to_string(),
            email: user.email.to_string(),
            role: user.role,
            organization: user.organisation.map(|id| id.to_string()),
        }
    }
}

impl TokenAnswer {
    pub(crate) fn of(tokens: &Tokens, now: Timestamp) -> Self {
        let until = tokens.refresh_until;
        Self {
            access_token: tokens.access.expose().to_owned(),
            refresh_token: tokens.refresh.expose().to_owned(),
            token_type: "Bearer",
            expires_in: tokens.access_ttl.as_secs(),
            refresh_expires_in: until.duration_since(now).as_secs(),
            user: (&tokens.user).into(),
            notice: tokens.notice.as_ref().map(ToString::to_string),
        }
    }
}

impl SessionAnswer {
    pub(crate) fn of(session: &Session, asking: &Session) -> Self {
        Self {
            id: session.id.to_string(),
            device: session.latest.device.as_str().to_owned(),
            address: session.latest.address.clone(),
            started_at: session.began.at,
            last_used_at: session.latest.at,
            expires_at: session.expires_at,
            current: session.id == asking.id,
        }
    }
}
