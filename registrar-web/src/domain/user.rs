use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{BcryptHash, DisplayName, Email, Profile, RegistrationId, SshPublicKey, Username};

/// Names a member; equal to the id of the registration that made the member, so that making it
/// twice is impossible.
pub type UserId = RegistrationId;

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Highest.
    SuperAdmin,
    /// Runs a site.
    SiteAdmin,
    /// Runs the daily business.
    Operator,
    /// Runs one organisation.
    ClientAdmin,
    /// A member.
    ClientUser,
}

/// Whether a member is one yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserState {
    /// The registration has not ended.
    Pending,
    /// A member.
    Active,
}

/// A member's record in the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// Names the member.
    pub id: UserId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// Unique.
    pub username: Username,
    /// As the person wrote it.
    pub display_name: DisplayName,
    /// Where mail about the account goes.
    pub email: Email,
    /// Whether the person has shown that the address is theirs. Only then is it unique.
    pub email_proven: bool,
    /// The password; `None` for accounts entered by key alone.
    pub password_hash: Option<BcryptHash>,
    /// Keys that the registrar keeps.
    pub ssh_keys: Vec<SshPublicKey>,
    /// What the person told.
    pub profile: Profile,
    /// What the member may do.
    pub role: Role,
    /// Whether a member yet.
    pub state: UserState,
    /// When the record was made.
    pub created_at: Timestamp,
}

impl User {
    /// The key under which the address is unique, once it is proven.
    #[must_use]
    pub fn claimed_email(&self) -> Option<String> {
        self.email_proven.then(|| self.email.unique_key())
    }
}
