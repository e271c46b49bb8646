use provision_api::{Account, AccountState, DisplayName, RegistrationId, Username};
use serde::{Deserialize, Serialize};

/// What provisiond remembers of one account that it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Record {
    /// Name of user and group.
    pub username: Username,
    /// As the person wrote it.
    pub display_name: DisplayName,
    /// The registration that the account was made for.
    pub registration_id: RegistrationId,
    /// The user's id; its own group has the same number.
    pub uid: u32,
    /// Absolute path of the home, as it was when the account was made.
    pub home: String,
    /// Where the account is in its life.
    pub state: AccountState,
    /// Whether the home has been published.
    pub mail_configured: bool,
    /// The keys that the registrar keeps, as lines; they were parsed when they came in and are
    /// parsed again before they are written to a file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ssh_keys: Vec<String>,
    /// Whether a host password was set.
    pub has_password: bool,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// Seconds since the epoch; `None` while it was never active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<i64>,
    /// When password or keys were changed within the last hour; for the hourly cap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_changes: Vec<i64>,
    /// When the full name was changed within the last hour; for a cap of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_names: Vec<i64>,
    /// When the greeting was left in the mailbox, in seconds since the epoch: that is done once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub greeted_at: Option<i64>,
}

impl Record {
    /// The record as the interface shows it.
    #[must_use]
    pub fn to_account(&self) -> Account {
        Account {
            username: self.username.clone(),
            display_name: self.display_name.clone(),
            registration_id: self.registration_id,
            uid: self.uid,
            gid: self.uid,
            home: self.home.clone(),
            state: self.state,
            mail_configured: self.mail_configured,
            ssh_key_count: u32::try_from(self.ssh_keys.len()).unwrap_or(u32::MAX),
            has_password: self.has_password,
            created_at: self.created_at,
            activated_at: self.activated_at,
        }
    }
}

/// What is left of an account that was removed: its name and uid are not given out again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tombstone {
    /// The name.
    pub username: Username,
    /// The uid and gid.
    pub uid: u32,
    /// When it was removed, in seconds since the epoch.
    pub removed_at: i64,
}
