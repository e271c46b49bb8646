use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::{CredentialChange, FactorChange, LiveEvent, News, SessionEnd, Timestamp};

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

impl From<&LiveEvent> for NotificationAnswer {
    fn from(event: &LiveEvent) -> Self {
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
            message: message(&event.news),
            details,
            created_at: event.created_at,
            read_at: event.read_at,
        }
    }
}

/// What happened, in a sentence for the member.
fn message(news: &News) -> String {
    match news {
        News::InviteAccepted { username, .. } => format!("{username} has joined with your invite."),
        News::InviteExpired { .. } => "An invite of yours has expired.".into(),
        News::InviteRevoked { by, .. } => format!("An invite of yours was taken back by {by}."),
        News::RegistrationStatus { .. } => "Your account is ready. Welcome!".into(),
        News::CredentialChanged { what } => match what {
            CredentialChange::Password => "Your password was changed.".into(),
            CredentialChange::PasswordReset => {
                "A new password was chosen by the link or code of a mail.".into()
            }
            CredentialChange::SshKeyAdded { fingerprint } => {
                format!("An SSH key was added: {fingerprint}")
            }
            CredentialChange::SshKeyRemoved { fingerprint } => {
                format!("An SSH key was removed: {fingerprint}")
            }
        },
        News::SecondFactorChanged { change } => factor(*change).into(),
        News::NewLogin {
            address, device, ..
        } => {
            let program = match device.as_str() {
                "" => "a program that does not say its name",
                name => name,
            };
            format!("A login from {address} with {program}, which you did not use before.")
        }
        News::SessionEnded { session, why, .. } => ended(session.is_some(), *why).into(),
        News::RoleChanged { to, by, .. } => format!("Your role is {} now, by {by}.", to.as_str()),
        News::ApplicationWaiting { username, .. } => {
            format!("The registration of {username} waits for review.")
        }
        News::HostStepFailed { username, what } => {
            format!("The host refuses a step for {username}: {what}.")
        }
    }
}

fn factor(change: FactorChange) -> &'static str {
    match change {
        FactorChange::TotpOn => "Logins ask for a code of your authenticator from now on.",
        FactorChange::TotpOff => "Logins do not ask for a code of your authenticator any more.",
        FactorChange::EmailOn => "Logins ask for a mailed code from now on.",
        FactorChange::EmailOff => "Logins do not ask for a mailed code any more.",
        FactorChange::NewRecoveryCodes => "Your recovery codes were made anew.",
        FactorChange::RecoveryCodeUsed => "A recovery code was used to log in.",
        FactorChange::WrongCodes => {
            "Someone knows your password and has tried several wrong codes."
        }
        FactorChange::Reset => "An admin has reset your second factor.",
    }
}

fn ended(is_one: bool, why: SessionEnd) -> &'static str {
    match why {
        SessionEnd::SignedOut if is_one => "You were logged out on another device.",
        SessionEnd::SignedOut => "You were logged out everywhere.",
        SessionEnd::Reused => {
            "A session was ended because a token of it was used twice: someone else may have had it."
        }
        SessionEnd::Displaced => "Your oldest session was ended, as you have begun many since.",
        SessionEnd::AccountClosed => "Your sessions were ended with your account.",
        SessionEnd::PasswordChanged => "Your other sessions were ended, as the password changed.",
    }
}
