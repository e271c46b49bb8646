//! How a member stands in the community, and what becomes of the account.

use jiff::{SignedDuration, Timestamp};
use provision_api::AccountState;
use serde::{Deserialize, Serialize};

use super::{
    Access, ActError, Credentials, DisplayName, Email, Profile, Registration, ReviewCase, Role,
    User, UserId, UserState, Work,
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
    pub fn is_done(self, host: AccountState) -> bool {
        use AccountState::{Active, Archived, Locked, Removed, Suspended};
        match self {
            Self::Suspend => matches!(host, Suspended | Archived | Removed | Locked),
            Self::Resume => matches!(host, Active),
            Self::Archive => matches!(host, Archived | Removed),
        }
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
    /// is so already. `host`: what the host has of the account, `None` where it has none.
    ///
    /// # Errors
    /// There is nothing left to let in, here or on the host.
    pub fn resume(&mut self, host: Option<AccountState>) -> Result<bool, ActError> {
        match self.state {
            UserState::Pending => return Err(ActError::Pending),
            UserState::Active => return Ok(false),
            UserState::Deleted if self.standing.anonymised_at.is_some() => {
                return Err(ActError::Gone);
            }
            UserState::Suspended | UserState::Deleted => {}
        }
        match host {
            Some(AccountState::Archived) => return Err(ActError::ArchivedOnHost),
            None | Some(AccountState::Removed) => return Err(ActError::RemovedFromHost),
            Some(AccountState::Locked | AccountState::Active | AccountState::Suspended) => {}
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
    pub fn tell(
        &mut self,
        name: Option<DisplayName>,
        told: Profile,
        now: Timestamp,
    ) -> Vec<&'static str> {
        let mut changed = self.profile.changed_fields(&told);
        self.profile = Profile {
            reason: self.profile.reason.take(),
            ..told
        };
        if let Some(name) = name.filter(|n| *n != self.display_name) {
            self.set_display_name(name, now);
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
        self.organisation = None;
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
        self.case = ReviewCase::default();
        self.mail_trouble = None;
        self.updated_at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;
    use crate::domain::authority::fixture::user;

    fn decision() -> Decision {
        Decision {
            at: Timestamp::UNIX_EPOCH,
            by: "eve".into(),
            reason: Some("spam".into()),
        }
    }

    #[test]
    fn what_is_decided_ends_all_sessions_and_is_left_for_the_host() {
        let mut user = user(1, Role::ClientUser);
        assert_eq!(user.suspend(decision()), Ok(true));
        assert_eq!(user.suspend(decision()), Ok(false));
        assert_eq!(user.access.epoch, 1);
        assert_eq!(user.standing.host_follow_up, Some(HostFollowUp::Suspend));
        assert_eq!(user.resume(Some(AccountState::Suspended)), Ok(true));
        assert_eq!(user.standing.suspended, None);
        assert_eq!(user.standing.host_follow_up, Some(HostFollowUp::Resume));
        assert_eq!(user.access.epoch, 1, "what was ended stays ended");
        assert_eq!(user.delete(decision()), Ok(true));
        assert_eq!(user.access.epoch, 2);
        assert_eq!(user.suspend(decision()), Err(ActError::Deleted));
        assert_eq!(user.resume(Some(AccountState::Active)), Ok(true));
    }

    #[test]
    fn whose_account_is_no_longer_on_the_host_is_not_let_in() {
        let mut user = user(1, Role::ClientUser);
        user.delete(decision()).unwrap();
        for (host, why) in [
            (Some(AccountState::Archived), ActError::ArchivedOnHost),
            (Some(AccountState::Removed), ActError::RemovedFromHost),
            (None, ActError::RemovedFromHost),
        ] {
            assert_eq!(user.resume(host), Err(why));
            assert_eq!(user.state, UserState::Deleted);
        }
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
        assert_eq!(
            user.resume(Some(AccountState::Archived)),
            Err(ActError::Gone)
        );
        assert_eq!(user.claimed_email(), None);
        assert!(!user.is_in_grace());
    }
}
