use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::{CredentialChange, FactorChange, LiveEvent, News, SessionEnd, Timestamp};
use crate::text::{Language, Text};

/// Something that one is told of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct NotificationAnswer {
    /// `UUIDv7`; a later one is greater.
    pub id: String,
    /// `notification`, `inviteStatusUpdate` or `registrationStatus`.
    #[schema(example = "inviteStatusUpdate")]
    pub event: &'static str,
    /// What happened, as a word: `inviteAccepted`, `inviteExpired`, `inviteRevoked`,
    /// `registrationStatus`, `credentialChanged`, `secondFactorChanged`, `newLogin`,
    /// `sessionEnded`, `roleChanged`, `applicationWaiting` or `hostStepFailed`.
    #[schema(example = "inviteAccepted")]
    pub kind: String,
    /// The same as a sentence.
    #[schema(example = "joan has joined with your invite.")]
    pub message: String,
    /// The same as data, which depends on the kind.
    #[schema(value_type = Object)]
    pub details: Map<String, Value>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When it was read; `null` before.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub read_at: Option<Timestamp>,
}

/// A page of notifications.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::http) struct NotificationPage {
    /// Newest first.
    pub items: Vec<NotificationAnswer>,
    /// Give this as `cursor` for the next page; `null` at the end.
    pub next_cursor: Option<String>,
    /// How many are unread in all.
    pub unread: u64,
}

impl NotificationAnswer {
    /// An event, told in that language.
    pub(in crate::http) fn of(event: &LiveEvent, language: Language) -> Self {
        let mut details = match serde_json::to_value(&event.news) {
            Ok(Value::Object(all)) => all,
            _ => Map::new(),
        };
        let kind = match details.remove("kind") {
            Some(Value::String(kind)) => kind,
            _ => String::new(),
        };
        details.remove("quiet");
        Self {
            id: event.id.to_string(),
            event: event.news.names().first().copied().unwrap_or_default(),
            kind,
            message: message(&event.news, language),
            details,
            created_at: event.created_at,
            read_at: event.read_at,
        }
    }
}

/// What happened, in a sentence for the member.
pub(in crate::http) fn message(news: &News, language: Language) -> String {
    let t = |key| Text::new(language, key);
    let text = match news {
        News::InviteAccepted { username, .. } => t("event-invite-accepted").with("name", username),
        News::InviteExpired { .. } => t("event-invite-expired"),
        News::InviteRevoked { by, .. } => t("event-invite-revoked").with("by", by),
        News::RegistrationStatus { .. } => t("event-registration-status"),
        News::CredentialChanged { what } => match what {
            CredentialChange::Password => t("event-password-changed"),
            CredentialChange::PasswordReset => t("event-password-reset"),
            CredentialChange::SshKeyAdded { fingerprint } => {
                t("event-key-added").with("fingerprint", fingerprint)
            }
            CredentialChange::SshKeyRemoved { fingerprint } => {
                t("event-key-removed").with("fingerprint", fingerprint)
            }
        },
        News::SecondFactorChanged { change } => t(factor(*change)),
        News::NewLogin {
            address, device, ..
        } => match device.as_str() {
            "" => t("event-login-unnamed").with("address", address),
            _ => t("event-login")
                .with("address", address)
                .with("program", device.short()),
        },
        News::SessionEnded { session, why, .. } => t(ended(session.is_some(), *why)),
        News::RoleChanged { to, by, .. } => t("event-role-changed")
            .with("role", to.as_str())
            .with("by", by),
        News::ApplicationWaiting { username, .. } => t("event-application").with("name", username),
        News::HostStepFailed { username, what } => t("event-host-refused")
            .with("name", username)
            .with("what", what),
    };
    text.to_string()
}

fn factor(change: FactorChange) -> &'static str {
    match change {
        FactorChange::TotpOn => "event-totp-on",
        FactorChange::TotpOff => "event-totp-off",
        FactorChange::EmailOn => "event-codes-on",
        FactorChange::EmailOff => "event-codes-off",
        FactorChange::NewRecoveryCodes => "event-recovery-codes",
        FactorChange::RecoveryCodeUsed => "event-recovery-code-used",
        FactorChange::WrongCodes => "event-wrong-codes",
        FactorChange::Reset => "event-factor-reset",
    }
}

fn ended(is_one: bool, why: SessionEnd) -> &'static str {
    match why {
        SessionEnd::SignedOut if is_one => "event-session-elsewhere",
        SessionEnd::SignedOut => "event-session-everywhere",
        SessionEnd::Reused => "event-session-reused",
        SessionEnd::Displaced => "event-session-displaced",
        SessionEnd::AccountClosed => "event-session-closed",
        SessionEnd::PasswordChanged => "event-session-password",
    }
}
