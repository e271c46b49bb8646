//! How a member stands in the community, and who may change it.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    Access, Credentials, DisplayName, Email, Profile, Registration, Role, User, UserId, UserState,
    Work,
};

/// How a member came, and what was decided about the account since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Whose invite brought the member in.
    #[serde(default)]
    pub sponsor: Option<UserId>,
    /// Why the account is suspended; only while it is.
    #[serde(default)]
    pub suspended: Option<Decision>,
    /// When it was deleted; only while it is.
    #[serde(default)]
    pub deleted: Option<Decision>,
    /// When all that was personal was taken out of the record. There is no way back from it.
    #[serde(default)]
    pub anonymised_at: Option<Timestamp>,
    /// What an admin still has to do on the host: this service can't, by design.
    #[serde(default)]
    pub host_follow_up: Option<HostFollowUp>,
}

/// Who decided something, when, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The name of who did.
    pub by: String,
    /// In their words.
    #[serde(default)]
    pub reason: Option<String>,
}

/// What the host account has to become, so that it agrees with the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostFollowUp {
    /// Suspended.
    Suspend,
    /// Resumed.
    Resume,
    /// Archived.
    Archive,
}

impl HostFollowUp {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Resume => "resume",
            Self::Archive => "archive",
        }
    }

    /// Whether an account in that state needs nothing more.
    #[must_use]
    pub fn is_done(self, host: provision_api::AccountState) -> bool {
        use provision_api::AccountState::{Active, Archived, Locked, Removed, Suspended};
        match self {
            Self::Suspend => matches!(host, Suspended | Archived | Removed | Locked),
            Self::Resume => matches!(host, Active),
            Self::Archive => matches!(host, Archived | Removed),
        }
    }
}

/// On whose authority something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// Root of the host: who holds the admin token, or calls on the admin socket. Above all roles.
    Host,
    /// A member of that role.
    Member {
        /// Who.
        id: UserId,
        /// What they may do.
        role: Role,
    },
}

/// What someone wants to do to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Change name or profile.
    Edit,
    /// Keep out for a while.
    Suspend,
    /// Let in again.
    Resume,
    /// Delete.
    Delete,
    /// Give another role.
    SetRole(Role),
}

/// Why something can't be done to a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActError {
    /// The member's role is not below one's own.
    #[error("you may only do this to members whose role is below yours")]
    NotBelow,
    /// The role to be given is not below one's own.
    #[error("you may only give roles that are below yours")]
    RoleNotBelow,
    /// One's own account.
    #[error("you can't do this to your own account; ask someone with a higher role")]
    Own,
    /// Nobody would be left who can give roles.
    #[error("this is the last super_admin; make another one first")]
    LastSuperAdmin,
    /// The registration has not ended.
    #[error("this registration is not complete; approve or reject it instead")]
    Pending,
    /// The account was deleted.
    #[error("this account is deleted; resume it first")]
    Deleted,
    /// The grace period is over.
    #[error("this account was deleted for good; nothing of it is left")]
    Gone,
}

impl Authority {
    /// Whether it is above a role.
    #[must_use]
    pub fn is_above(self, role: Role) -> bool {
        match self {
            Self::Host => true,
            Self::Member { role: own, .. } => own.is_at_least(role) && own != role,
        }
    }

    /// Whether it may do that to a member. `other_super_admins`: how many there are that are
    /// active, this member not counted.
    ///
    /// # Errors
    /// The first rule that speaks against it.
    pub fn may(self, act: Act, user: &User, other_super_admins: usize) -> Result<(), ActError> {
        let is_own = matches!(self, Self::Member { id, .. } if id == user.id);
        match act {
            // Who may delete or edit their own account needs no role for it.
            Act::Edit | Act::Delete if is_own => {}
            _ if is_own => return Err(ActError::Own),
            _ if !self.is_above(user.role) => return Err(ActError::NotBelow),
            Act::SetRole(role) if !self.is_above(role) => return Err(ActError::RoleNotBelow),
            _ => {}
        }
        let takes_away = match act {
            Act::Suspend | Act::Delete => true,
            Act::SetRole(role) => role != Role::SuperAdmin,
            Act::Edit | Act::Resume => false,
        };
        let counts = user.role == Role::SuperAdmin && user.state == UserState::Active;
        if takes_away && counts && other_super_admins == 0 {
            return Err(ActError::LastSuperAdmin);
        }
        Ok(())
    }
}

impl User {
    /// Keeps the member out; `false` when that is so already.
    ///
    /// # Errors
    /// The account is not one that can be suspended.
    pub fn suspend(&mut self, decision: Decision) -> Result<bool, ActError> {
        match self.state {
            UserState::Pending => return Err(ActError::Pending),
            UserState::Deleted => return Err(self.deleted_error()),
            UserState::Suspended => return Ok(false),
            UserState::Active => {}
        }
        self.set_state(UserState::Suspended);
        self.standing.suspended = Some(decision);
        self.standing.host_follow_up = Some(HostFollowUp::Suspend);
        Ok(true)
    }

    /// Lets the member in again, a deleted one too while the grace period lasts; `false` when that
    /// is so already.
    ///
    /// # Errors
    /// There is nothing left to let in.
    pub fn resume(&mut self) -> Result<bool, ActError> {
        match self.state {
            UserState::Pending => return Err(ActError::Pending),
            UserState::Active => return Ok(false),
            UserState::Deleted if self.standing.anonymised_at.is_some() => {
                return Err(ActError::Gone);
            }
            UserState::Suspended | UserState::Deleted => {}
        }
        self.set_state(UserState::Active);
        self.standing.suspended = None;
        self.standing.deleted = None;
        self.standing.host_follow_up = Some(HostFollowUp::Resume);
        Ok(true)
    }

    /// Deletes the account, for the time of grace; `false` when that is so already.
    ///
    /// # Errors
    /// The registration has not ended.
    pub fn delete(&mut self, decision: Decision) -> Result<bool, ActError> {
        match self.state {
            UserState::Pending => return Err(ActError::Pending),
            UserState::Deleted => return Ok(false),
            UserState::Active | UserState::Suspended => {}
        }
        self.set_state(UserState::Deleted);
        self.standing.deleted = Some(decision);
        self.standing.host_follow_up = Some(HostFollowUp::Suspend);
        Ok(true)
    }

    /// Takes over what the member tells; what reviewers were told stays. Returns the names of the
    /// fields that are different now.
    pub fn tell(&mut self, name: Option<DisplayName>, told: Profile) -> Vec<&'static str> {
        let mut changed = self.profile.changed_fields(&told);
        self.profile = Profile {
            reason: self.profile.reason.take(),
            ..told
        };
        if let Some(name) = name.filter(|n| *n != self.display_name) {
            self.display_name = name;
            changed.insert(0, "displayName");
        }
        changed
    }

    fn deleted_error(&self) -> ActError {
        match self.standing.anonymised_at {
            Some(_) => ActError::Gone,
            None => ActError::Deleted,
        }
    }

    /// Refuses what makes no sense for an account that is deleted.
    ///
    /// # Errors
    /// It is.
    pub fn must_not_be_deleted(&self) -> Result<(), ActError> {
        match self.state {
            UserState::Deleted => Err(self.deleted_error()),
            UserState::Pending | UserState::Active | UserState::Suspended => Ok(()),
        }
    }

    /// Whether the account is deleted and waits for [`User::anonymise`].
    #[must_use]
    pub fn is_in_grace(&self) -> bool {
        self.state == UserState::Deleted && self.standing.anonymised_at.is_none()
    }

    /// When a deleted account is anonymised.
    #[must_use]
    pub fn anonymised_from(&self, grace: SignedDuration) -> Option<Timestamp> {
        let deleted = self
            .standing
            .deleted
            .as_ref()
            .filter(|_| self.is_in_grace());
        deleted.map(|d| d.at.checked_add(grace).unwrap_or(Timestamp::MAX))
    }

    /// Takes out all that is personal. What stays is the name, which nobody else gets, with the
    /// numbers and times that the records of others refer to.
    pub fn anonymise(&mut self, nowhere: &Email, now: Timestamp) {
        let Ok(name) = DisplayName::parse(self.username.as_str()) else {
            // A user name is always a good display name.
            return;
        };
        self.display_name = name;
        self.email = nowhere.clone();
        self.email_proven = false;
        self.password_hash = None;
        self.ssh_keys.clear();
        self.credentials = Credentials::default();
        self.work = Work::default();
        self.profile = Profile::default();
        self.role = Role::ClientUser;
        self.standing = Standing {
            sponsor: self.standing.sponsor,
            suspended: None,
            deleted: self
                .standing
                .deleted
                .take()
                .map(|d| Decision { reason: None, ..d }),
            anonymised_at: Some(now),
            host_follow_up: Some(HostFollowUp::Archive),
        };
        self.access = Access {
            epoch: self.access.epoch,
            ..Access::default()
        };
        self.end_sessions();
    }
}

impl Registration {
    /// Takes out all that is personal, of one whose member's account is deleted for good.
    pub fn anonymise(&mut self, nowhere: &Email, now: Timestamp) {
        if let Ok(name) = DisplayName::parse(self.username.as_str()) {
            self.display_name = name;
        }
        self.email = nowhere.clone();
        self.password_hash = None;
        self.ssh_keys.clear();
        self.profile = Profile::default();
        self.mail_trouble = None;
        self.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RegistrationId, Username};

    fn id(n: u128) -> UserId {
        RegistrationId::new(uuid::Uuid::from_u128(n))
    }

    fn user(n: u128, role: Role) -> User {
        User {
            id: id(n),
            version: 1,
            username: Username::parse("ada").unwrap(),
            display_name: DisplayName::parse("Ada Lovelace").unwrap(),
            email: Email::parse("ada@example.org").unwrap(),
            email_proven: true,
            password_hash: None,
            ssh_keys: Vec::new(),
            profile: Profile {
                reason: Some("because".into()),
                ..Profile::default()
            },
            role,
            state: UserState::Active,
            access: Access::default(),
            credentials: Default::default(),
            work: Default::default(),
            standing: Standing::default(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn decision() -> Decision {
        Decision {
            at: Timestamp::UNIX_EPOCH,
            by: "eve".into(),
            reason: Some("spam".into()),
        }
    }

    const ACTS: [Act; 4] = [Act::Edit, Act::Suspend, Act::Resume, Act::Delete];

    #[test]
    fn nobody_acts_on_someone_of_the_same_or_a_higher_role_and_nobody_gives_such_a_role() {
        for own in Role::ALL {
            let who = Authority::Member {
                id: id(1),
                role: own,
            };
            for theirs in Role::ALL {
                let user = user(2, theirs);
                let is_below = (own as u8) < (theirs as u8);
                for act in ACTS {
                    assert_eq!(
                        who.may(act, &user, 5).is_ok(),
                        is_below,
                        "{own:?} {act:?} {theirs:?}"
                    );
                    assert_eq!(Authority::Host.may(act, &user, 5), Ok(()));
                }
                for given in Role::ALL {
                    let may = who.may(Act::SetRole(given), &user, 5).is_ok();
                    let is_lower = (own as u8) < (given as u8);
                    assert_eq!(may, is_below && is_lower, "{own:?} {theirs:?} {given:?}");
                }
            }
        }
    }

    #[test]
    fn on_one_s_own_account_one_edits_and_deletes_and_nothing_else() {
        for role in Role::ALL {
            let user = user(1, role);
            let who = Authority::Member { id: id(1), role };
            assert_eq!(who.may(Act::Edit, &user, 1), Ok(()));
            assert_eq!(who.may(Act::Delete, &user, 1), Ok(()));
            for act in [Act::Suspend, Act::Resume, Act::SetRole(Role::ClientUser)] {
                assert_eq!(who.may(act, &user, 1), Err(ActError::Own));
            }
        }
    }

    #[test]
    fn the_last_super_admin_stays_whoever_asks() {
        let last = user(1, Role::SuperAdmin);
        let own = Authority::Member {
            id: id(1),
            role: Role::SuperAdmin,
        };
        for act in [Act::Suspend, Act::Delete, Act::SetRole(Role::SiteAdmin)] {
            let got = Authority::Host.may(act, &last, 0);
            assert_eq!(got, Err(ActError::LastSuperAdmin), "{act:?}");
            assert_eq!(Authority::Host.may(act, &last, 1), Ok(()));
        }
        assert_eq!(
            own.may(Act::Delete, &last, 0),
            Err(ActError::LastSuperAdmin)
        );
        let same = Act::SetRole(Role::SuperAdmin);
        assert_eq!(Authority::Host.may(same, &last, 0), Ok(()));
    }

    #[test]
    fn what_is_decided_ends_all_sessions_and_is_left_for_the_host() {
        let mut user = user(1, Role::ClientUser);
        assert_eq!(user.suspend(decision()), Ok(true));
        assert_eq!(user.suspend(decision()), Ok(false));
        assert_eq!(user.access.epoch, 1);
        assert_eq!(user.standing.host_follow_up, Some(HostFollowUp::Suspend));
        assert_eq!(user.resume(), Ok(true));
        assert_eq!(user.standing.suspended, None);
        assert_eq!(user.standing.host_follow_up, Some(HostFollowUp::Resume));
        assert_eq!(user.access.epoch, 1, "what was ended stays ended");
        assert_eq!(user.delete(decision()), Ok(true));
        assert_eq!(user.access.epoch, 2);
        assert_eq!(user.suspend(decision()), Err(ActError::Deleted));
        assert_eq!(user.resume(), Ok(true));
    }

    #[test]
    fn what_is_anonymised_holds_the_name_and_nothing_personal() {
        let mut user = user(1, Role::Operator);
        user.delete(decision()).unwrap();
        let nowhere = Email::parse("nobody@deleted.invalid").unwrap();
        user.anonymise(&nowhere, Timestamp::UNIX_EPOCH);
        let text = serde_json::to_string(&user).unwrap();
        for gone in ["Lovelace", "example.org", "because", "spam", "operator"] {
            assert!(!text.contains(gone), "{gone}: {text}");
        }
        assert!(text.contains("ada"));
        assert_eq!(user.resume(), Err(ActError::Gone));
        assert_eq!(user.claimed_email(), None);
        assert!(!user.is_in_grace());
    }
}
