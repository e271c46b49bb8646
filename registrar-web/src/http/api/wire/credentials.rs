use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Kept, KeptKey, OnHost, User};

/// A new password, and the one that it replaces.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct PasswordBody {
    /// The present one.
    #[schema(format = Password, example = "plum gravel sunday kite")]
    pub current_password: String,
    /// The new one; the rules are those of the sign-up.
    #[schema(format = Password, example = "nine quiet otters sing")]
    pub new_password: String,
}

/// Whose password is forgotten, in one of three ways.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ForgotBody {
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
}

/// A new password with `token`; or with `code` and one of the three ways to say whose.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct ResetBody {
    /// The token of the link, 43 characters.
    #[serde(default)]
    pub token: Option<String>,
    /// With `code`: the name, or the verified address.
    #[serde(default)]
    #[schema(example = "ada")]
    pub email_or_username: Option<String>,
    /// The same.
    #[serde(default)]
    pub email: Option<String>,
    /// The same.
    #[serde(default)]
    pub username: Option<String>,
    /// The six digits of the mail; spaces are taken. Five are tried in an hour.
    #[serde(default)]
    #[schema(example = "123 456")]
    pub code: Option<String>,
    /// The new password; the rules are those of the sign-up.
    #[schema(format = Password, example = "nine quiet otters sing")]
    pub new_password: String,
}

/// A key to be kept.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct KeyBody {
    /// A public key, as in `~/.ssh/id_ed25519.pub`: one line without options.
    #[schema(
        example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@laptop"
    )]
    pub key: String,
    /// What to call it; its comment where that is missing. At most 100 characters.
    #[serde(default)]
    #[schema(example = "laptop")]
    pub label: Option<String>,
}

/// Whether the host has what was changed here.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostAnswer {
    /// `in-step`: it has. `due`: it is being brought there, and tried again until it is.
    /// `refused`: it does not take it; it is asked again once a day, and after the next change.
    #[schema(example = "in-step")]
    pub state: &'static str,
    /// Why not, or not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// How it stands with one's password, keys and name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialsAnswer {
    /// When the password was changed last; `null` while it is the one of the sign-up.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub password_changed_at: Option<Timestamp>,
    /// Whether the host has the password. A host whose accounts have none is `in-step`.
    pub host_password: HostAnswer,
    /// When the keys were changed last; `null` while they are those of the sign-up.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ssh_keys_changed_at: Option<Timestamp>,
    /// Whether the host has the keys.
    pub host_ssh_keys: HostAnswer,
    /// Whether the host has the display name, as full name of the account.
    pub host_display_name: HostAnswer,
}

/// An SSH key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyAnswer {
    /// Names it.
    pub id: String,
    /// What its owner calls it.
    #[schema(example = "laptop")]
    pub label: String,
    /// The kind, as the key itself says it.
    #[schema(example = "ssh-ed25519")]
    pub r#type: String,
    /// As `ssh-keygen -l` shows it.
    #[schema(example = "SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU")]
    pub fingerprint: String,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    pub added_at: Timestamp,
}

/// One's SSH keys.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyList {
    /// All of them, in the order in which they were added; at most 16.
    pub items: Vec<KeyAnswer>,
    /// When one was added or removed last; `null` while they are those of the sign-up.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub changed_at: Option<Timestamp>,
    /// Whether the host has them.
    pub host: HostAnswer,
}

impl HostAnswer {
    fn of(kept: &Kept, user: &User) -> Self {
        let (state, reason) = match &kept.host {
            OnHost::InStep => ("in-step", None),
            OnHost::Due => ("due", user.work.last_error.clone()),
            OnHost::Refused { reason, .. } => ("refused", Some(reason.clone())),
        };
        Self { state, reason }
    }
}

impl From<&User> for CredentialsAnswer {
    fn from(user: &User) -> Self {
        let (password, keys) = (&user.credentials.password, &user.credentials.ssh_keys);
        Self {
            password_changed_at: password.changed_at,
            host_password: HostAnswer::of(password, user),
            ssh_keys_changed_at: keys.changed_at,
            host_ssh_keys: HostAnswer::of(keys, user),
            host_display_name: HostAnswer::of(&user.credentials.display_name, user),
        }
    }
}

impl KeyAnswer {
    pub(crate) fn of(key: &KeptKey, user: &User) -> Self {
        Self {
            id: key.id.to_string(),
            label: key.label.clone(),
            r#type: key.kind().to_owned(),
            fingerprint: key.key.fingerprint().to_owned(),
            added_at: key.added_at.unwrap_or(user.created_at),
        }
    }
}

impl KeyList {
    pub(crate) fn of(user: &User) -> Self {
        let keys = &user.credentials.ssh_keys;
        Self {
            items: user
                .ssh_keys
                .iter()
                .map(|k| KeyAnswer::of(k, user))
                .collect(),
            changed_at: keys.changed_at,
            host: HostAnswer::of(keys, user),
        }
    }
}
