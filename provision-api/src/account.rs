use serde::{Deserialize, Serialize};

use crate::{DisplayName, RegistrationId, Username};

/// Where an account is in its life; see the interface definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AccountState {
    /// Made, and never usable by anyone so far.
    Locked,
    /// Its owner can log in and gets mail.
    Active,
    /// No login and no mail; all data kept.
    Suspended,
    /// Data packed away; no Linux user.
    Archived,
    /// Nothing left but the tombstone.
    Removed,
}

/// What provisiond's registry knows of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Name of user and group.
    pub username: Username,
    /// As the person wrote it; the GECOS field is made from it.
    pub display_name: DisplayName,
    /// The registration that it was made for.
    pub registration_id: RegistrationId,
    /// Chosen by provisiond, never reused.
    pub uid: u32,
    /// The user's own group; same number as the uid.
    pub gid: u32,
    /// Absolute path of the home.
    pub home: String,
    /// Where it is in its life.
    pub state: AccountState,
    /// Whether the home with Maildir and neomutt configuration has been published.
    pub mail_configured: bool,
    /// How many keys the registrar keeps for it.
    pub ssh_key_count: u32,
    /// Whether a host password is set.
    pub has_password: bool,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// Seconds since the epoch; `None` while it was never active.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated_at: Option<i64>,
}

/// What the host itself says, read at the time of the call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HostView {
    /// A passwd entry with the registry's uid.
    pub exists: bool,
    /// The home is there and belongs to the uid.
    pub home: bool,
    /// The Maildir is there with new, cur and tmp.
    pub maildir: bool,
    /// `~/.neomuttrc` is there.
    pub neomuttrc: bool,
    /// The root-owned key file is there.
    pub ssh_keys: bool,
    /// The account is expired (shadow(5)), so that no login is possible.
    pub expired: bool,
    /// The password field is locked.
    pub password_locked: bool,
    /// Postfix takes mail for it.
    pub mail_accepted: bool,
}
