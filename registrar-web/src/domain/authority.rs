//! Who may do what to a member.

use super::{OrganisationId, Role, User, UserId, UserState};

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
        /// The organisation that they belong to.
        organisation: Option<OrganisationId>,
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
    /// Take into an organisation, with that role there.
    TakeIn(OrganisationId, Role),
    /// Take out of the organisation.
    TakeOut,
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
    /// The member is not of one's own organisation.
    #[error("you may only do this to members of your own organisation")]
    OtherOrganisation,
    /// The member belongs to another organisation.
    #[error("this member belongs to another organisation; take them out of it first")]
    InAnother,
    /// The member belongs to no organisation.
    #[error("this member belongs to no organisation")]
    InNone,
    /// Who runs the community is taken into no organisation.
    #[error("members of this role run the community and are taken into no organisation")]
    HigherRole,
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
    /// The host packed the account away.
    #[error(
        "the account is archived on the host; an admin restores it there first, with registrarctl users restore"
    )]
    ArchivedOnHost,
    /// The host has no account of that member any more.
    #[error("the account was removed from the host for good; there is nothing to log in to")]
    RemovedFromHost,
}

impl User {
    /// What the member does is done on this authority.
    #[must_use]
    pub fn authority(&self) -> Authority {
        Authority::Member {
            id: self.id,
            role: self.role,
            organisation: self.organisation,
        }
    }
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

    /// Whether a member is within its reach: anyone for operators and higher roles, those of their own
    /// organisation for others.
    #[must_use]
    pub fn reaches(self, user: &User) -> bool {
        match self {
            Self::Host => true,
            Self::Member { id, .. } if id == user.id => true,
            Self::Member {
                role, organisation, ..
            } => {
                role.is_at_least(Role::Operator)
                    || organisation.is_some() && organisation == user.organisation
            }
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
            Act::Edit | Act::Delete => {}
            // Who runs an organisation may leave it.
            Act::TakeOut if is_own && user.role == Role::ClientAdmin => {}
            _ if is_own => return Err(ActError::Own),
            _ => {}
        }
        if !is_own {
            self.may_to_others(act, user)?;
        }
        match act {
            Act::TakeOut if user.organisation.is_none() => return Err(ActError::InNone),
            Act::TakeIn(..) if user.role.is_at_least(Role::Operator) => {
                return Err(ActError::HigherRole);
            }
            Act::TakeIn(into, _) if user.organisation.is_some_and(|own| own != into) => {
                return Err(ActError::InAnother);
            }
            _ => {}
        }
        let takes_away = match act {
            Act::Suspend | Act::Delete => true,
            Act::SetRole(role) => role != Role::SuperAdmin,
            Act::Edit | Act::Resume | Act::TakeIn(..) | Act::TakeOut => false,
        };
        let counts = user.role == Role::SuperAdmin && user.state == UserState::Active;
        if takes_away && counts && other_super_admins == 0 {
            return Err(ActError::LastSuperAdmin);
        }
        Ok(())
    }

    fn may_to_others(self, act: Act, user: &User) -> Result<(), ActError> {
        if !self.reaches(user) {
            return Err(ActError::OtherOrganisation);
        }
        if !self.is_above(user.role) {
            return Err(ActError::NotBelow);
        }
        match act {
            Act::SetRole(role) | Act::TakeIn(_, role) if !self.is_above(role) => {
                Err(ActError::RoleNotBelow)
            }
            _ => Ok(()),
        }
    }
}

/// A member for tests.
#[cfg(test)]
pub(in crate::domain) mod fixture {
    use super::*;
    use crate::domain::{
        Access, DisplayName, Email, Profile, RegistrationId, Standing, Timestamp, Username,
    };

    pub(in crate::domain) fn id(n: u128) -> UserId {
        RegistrationId::new(uuid::Uuid::from_u128(n))
    }

    pub(in crate::domain) fn user(n: u128, role: Role) -> User {
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
            organisation: None,
            state: UserState::Active,
            access: Access::default(),
            credentials: Default::default(),
            work: Default::default(),
            standing: Standing::default(),
            created_at: Timestamp::UNIX_EPOCH,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{id, user};
    use super::*;

    fn organisation(n: u128) -> Option<OrganisationId> {
        Some(OrganisationId::new(uuid::Uuid::from_u128(n)))
    }

    fn member(role: Role, of: Option<u128>) -> Authority {
        Authority::Member {
            id: id(1),
            role,
            organisation: of.and_then(organisation),
        }
    }

    const ACTS: [Act; 4] = [Act::Edit, Act::Suspend, Act::Resume, Act::Delete];

    #[test]
    fn nobody_acts_on_someone_of_the_same_or_a_higher_role_and_nobody_gives_such_a_role() {
        for own in Role::ALL {
            let who = member(own, Some(1));
            for theirs in Role::ALL {
                let mut user = user(2, theirs);
                user.organisation = organisation(1);
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
    fn who_runs_an_organisation_reaches_its_members_and_nobody_else() {
        let who = member(Role::ClientAdmin, Some(1));
        for (theirs, may) in [(Some(1), true), (Some(2), false), (None, false)] {
            let mut user = user(2, Role::ClientUser);
            user.organisation = theirs.and_then(organisation);
            let want = if may {
                Ok(())
            } else {
                Err(ActError::OtherOrganisation)
            };
            assert_eq!(who.may(Act::TakeOut, &user, 0), want, "{theirs:?}");
        }
        let mut equal = user(2, Role::ClientAdmin);
        equal.organisation = organisation(1);
        assert_eq!(who.may(Act::TakeOut, &equal, 0), Err(ActError::NotBelow));
        // Without an organisation the role reaches nobody.
        let nowhere = member(Role::ClientAdmin, None);
        let plain = user(2, Role::ClientUser);
        assert_eq!(
            nowhere.may(Act::Suspend, &plain, 0),
            Err(ActError::OtherOrganisation)
        );
    }

    #[test]
    fn who_runs_an_organisation_may_leave_it_and_a_plain_member_asks_for_it() {
        for (role, want) in [
            (Role::ClientAdmin, Ok(())),
            (Role::ClientUser, Err(ActError::Own)),
        ] {
            let mut own = user(1, role);
            own.organisation = organisation(1);
            let who = member(role, Some(1));
            assert_eq!(who.may(Act::TakeOut, &own, 0), want);
        }
        let nowhere = user(2, Role::ClientUser);
        assert_eq!(
            Authority::Host.may(Act::TakeOut, &nowhere, 0),
            Err(ActError::InNone)
        );
    }

    #[test]
    fn operators_take_plain_members_in_who_belong_to_no_other() {
        let into = OrganisationId::new(uuid::Uuid::from_u128(1));
        let who = member(Role::Operator, None);
        for role in [Role::ClientAdmin, Role::ClientUser] {
            let act = Act::TakeIn(into, role);
            let mut plain = user(2, Role::ClientUser);
            assert_eq!(who.may(act, &plain, 0), Ok(()));
            plain.organisation = organisation(1);
            assert_eq!(who.may(act, &plain, 0), Ok(()), "to give the other role");
            plain.organisation = organisation(2);
            assert_eq!(who.may(act, &plain, 0), Err(ActError::InAnother));
            let higher = user(2, Role::Operator);
            assert_eq!(
                Authority::Host.may(act, &higher, 0),
                Err(ActError::HigherRole)
            );
            let runs_it = member(Role::ClientAdmin, Some(1));
            let plain = user(2, Role::ClientUser);
            assert!(runs_it.may(act, &plain, 0).is_err(), "they invite");
        }
        let act = Act::TakeIn(into, Role::Operator);
        let plain = user(2, Role::ClientUser);
        assert_eq!(who.may(act, &plain, 0), Err(ActError::RoleNotBelow));
    }

    #[test]
    fn on_one_s_own_account_one_edits_and_deletes_and_nothing_else() {
        for role in Role::ALL {
            let user = user(1, role);
            let who = member(role, None);
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
        let own = member(Role::SuperAdmin, None);
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
}
