use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    BcryptHash, Credentials, DisplayName, Email, KeptKey, KnownDevices, OrganisationId, Profile,
    RegistrationId, SecondFactor, Standing, Username, Work,
};

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

impl Role {
    /// All of them, highest first.
    pub const ALL: [Self; 5] = [
        Self::SuperAdmin,
        Self::SiteAdmin,
        Self::Operator,
        Self::ClientAdmin,
        Self::ClientUser,
    ];

    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SuperAdmin => "super_admin",
            Self::SiteAdmin => "site_admin",
            Self::Operator => "operator",
            Self::ClientAdmin => "client_admin",
            Self::ClientUser => "client_user",
        }
    }

    /// The role of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == word)
    }

    /// Whether it may do all that the other may.
    #[must_use]
    pub fn is_at_least(self, other: Self) -> bool {
        self as u8 <= other as u8
    }
}

/// Whether a member is one yet, and still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserState {
    /// The registration has not ended.
    Pending,
    /// A member.
    Active,
    /// Not let in for the time being.
    Suspended,
    /// Not let in any more; kept for a while.
    Deleted,
}

impl UserState {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Deleted => "deleted",
        }
    }

    /// The state of that word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Pending, Self::Active, Self::Suspended, Self::Deleted];
        all.into_iter().find(|s| s.as_str() == word)
    }
}

/// What belongs to a member's logins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Access {
    /// Sessions that began under another number are over. One write to the member thus ends all
    /// sessions, those included that begin at the same moment.
    pub epoch: u64,
    /// When the member was last let in.
    pub last_login_at: Option<Timestamp>,
    /// What a login asks for after the password.
    #[serde(default)]
    pub second_factor: SecondFactor,
    /// What the member has logged in with.
    #[serde(default)]
    pub devices: KnownDevices,
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
    pub ssh_keys: Vec<KeptKey>,
    /// What the person told.
    pub profile: Profile,
    /// What the member may do.
    pub role: Role,
    /// The organisation that the member belongs to, and runs where the role is `client_admin`.
    #[serde(default)]
    pub organisation: Option<OrganisationId>,
    /// Whether a member yet.
    pub state: UserState,
    /// What belongs to the member's logins.
    #[serde(default)]
    pub access: Access,
    /// What changed of password and keys, and what the host lacks of it.
    #[serde(default)]
    pub credentials: Credentials,
    /// When the host is to be brought up to date, by whom.
    #[serde(default)]
    pub work: Work,
    /// How the member came, and what was decided about the account since.
    #[serde(default)]
    pub standing: Standing,
    /// When the record was made.
    pub created_at: Timestamp,
}

impl User {
    /// The key under which the address is unique, once it is proven.
    #[must_use]
    pub fn claimed_email(&self) -> Option<String> {
        self.email_proven.then(|| self.email.unique_key())
    }

    /// Whether the member may log in.
    #[must_use]
    pub fn is_let_in(&self) -> bool {
        self.state == UserState::Active
    }

    /// Ends every session, wherever it is.
    pub fn end_sessions(&mut self) {
        self.access.epoch = self.access.epoch.saturating_add(1);
    }

    /// Lets the member in or not. Who is not let in has no session afterwards, and none that comes
    /// back to life when let in again.
    pub fn set_state(&mut self, state: UserState) {
        if state != UserState::Active {
            self.end_sessions();
        }
        self.state = state;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_all_that_the_lower_ones_may() {
        for (n, role) in Role::ALL.into_iter().enumerate() {
            for (m, other) in Role::ALL.into_iter().enumerate() {
                assert_eq!(role.is_at_least(other), n <= m, "{role:?} {other:?}");
            }
            let wire = serde_json::to_value(role).unwrap();
            assert_eq!(wire, role.as_str());
        }
    }
}
