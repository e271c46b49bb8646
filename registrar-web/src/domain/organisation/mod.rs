//! An organisation: some members under admins of their own, and a group on the host.

mod host_group;
mod slug;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Authority, DisplayName, FactorMethod, OnHost, Role, User, Work};

pub use host_group::{GroupOnHost, GroupTask, HostGroup};
pub use slug::{Slug, SlugError};

/// Names an organisation. One that is made by an invite has the id of the invite, so that making it
/// twice is impossible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OrganisationId(Uuid);

impl OrganisationId {
    /// That id.
    #[must_use]
    pub fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Reads an id; `None` for any other text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Uuid::parse_str(text).ok().map(Self)
    }

    /// As a UUID.
    #[must_use]
    pub fn uuid(self) -> Uuid {
        self.0
    }
}

impl fmt::Display for OrganisationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An organisation's record. Who belongs to it stands in the records of its members
/// ([`User::organisation`]), and who runs it are those of them who are `client_admin`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organisation {
    /// Names it.
    pub id: OrganisationId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// As its people write it.
    pub name: DisplayName,
    /// Unique, among user names too.
    pub slug: Slug,
    /// What a login of its members asks for after the password.
    #[serde(default)]
    pub two_factor: Option<FactorMethod>,
    /// When that was changed last.
    #[serde(default)]
    pub two_factor_changed_at: Option<Timestamp>,
    /// Its group on the host.
    #[serde(default)]
    pub group: HostGroup,
    /// When the host is to be brought up to date, by whom.
    #[serde(default)]
    pub work: Work,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The host has a group of the old slug, which can't be renamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the host has made the group, and its name stays")]
pub struct SlugStays;

impl Organisation {
    /// A new one, whose group the host lacks.
    #[must_use]
    pub fn new(id: OrganisationId, name: DisplayName, slug: Slug, now: Timestamp) -> Self {
        Self {
            id,
            version: 1,
            name,
            slug,
            two_factor: None,
            two_factor_changed_at: None,
            group: HostGroup {
                host: OnHost::Due,
                ..HostGroup::default()
            },
            work: Work::due(now),
            created_at: now,
        }
    }

    /// Another slug, while the host has no group of the old one; says whether it is another.
    ///
    /// # Errors
    /// [`SlugStays`].
    pub fn set_slug(&mut self, slug: Slug, now: Timestamp) -> Result<bool, SlugStays> {
        if slug == self.slug {
            return Ok(false);
        }
        if self.group.is_made() {
            return Err(SlugStays);
        }
        self.slug = slug;
        self.retry_group(now);
        Ok(true)
    }

    /// Another preference for the second factor of its members; says whether it is another. Who is
    /// logged in stays so, and learns of it at the next login.
    pub fn prefer(&mut self, two_factor: Option<FactorMethod>, now: Timestamp) -> bool {
        let is_other = self.two_factor != two_factor;
        if is_other {
            self.two_factor = two_factor;
            self.two_factor_changed_at = Some(now);
        }
        is_other
    }

    /// Whether a member has not logged in since the preference was changed.
    #[must_use]
    pub fn has_news_for(&self, user: &User) -> bool {
        let news = |at| match user.access.last_login_at {
            Some(last) => last < at,
            // Who has never logged in was never asked for anything else.
            None => self.two_factor.is_some(),
        };
        self.two_factor_changed_at.is_some_and(news)
    }
}

impl Authority {
    /// Whether it may change an organisation, see all its members, and decide who they are: who runs
    /// it, and operators and higher roles.
    #[must_use]
    pub fn may_run(self, organisation: OrganisationId) -> bool {
        match self {
            Self::Host => true,
            Self::Member {
                role,
                organisation: own,
                ..
            } => {
                role.is_at_least(Role::Operator)
                    || role == Role::ClientAdmin && own == Some(organisation)
            }
        }
    }

    /// The only organisation whose members it sees; `None` where it sees those of all. Who runs none
    /// sees nobody, which is the error.
    ///
    /// # Errors
    /// It sees nobody.
    pub fn sight(self) -> Result<Option<OrganisationId>, SeesNobody> {
        match self {
            Self::Host => Ok(None),
            Self::Member { role, .. } if role.is_at_least(Role::Operator) => Ok(None),
            Self::Member {
                role: Role::ClientAdmin,
                organisation: Some(own),
                ..
            } => Ok(Some(own)),
            Self::Member { .. } => Err(SeesNobody),
        }
    }
}

/// Who asks runs no organisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeesNobody;

#[cfg(test)]
pub(in crate::domain) mod fixture {
    use super::*;

    pub(in crate::domain) fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    pub(in crate::domain) fn acme(n: u128) -> Organisation {
        let name = DisplayName::parse("Acme").unwrap();
        let slug = Slug::parse("acme").unwrap();
        let id = OrganisationId::new(Uuid::from_u128(n));
        Organisation::new(id, name, slug, at(0))
    }
}

#[cfg(test)]
mod tests {
    use super::fixture::{acme, at};
    use super::*;
    use crate::domain::authority::fixture::{id, user};

    fn member(role: Role, of: Option<u128>) -> Authority {
        Authority::Member {
            id: id(1),
            role,
            organisation: of.map(|n| OrganisationId::new(Uuid::from_u128(n))),
        }
    }

    #[test]
    fn who_runs_an_organisation_sees_and_changes_that_one_and_no_other() {
        let (own, other) = (acme(1), acme(2));
        for role in Role::ALL {
            let who = member(role, Some(1));
            let over_all = role.is_at_least(Role::Operator);
            let runs_own = over_all || role == Role::ClientAdmin;
            assert_eq!(who.may_run(own.id), runs_own, "{role:?}");
            assert_eq!(who.may_run(other.id), over_all, "{role:?}");
            let sight = if over_all {
                Ok(None)
            } else if role == Role::ClientAdmin {
                Ok(Some(own.id))
            } else {
                Err(SeesNobody)
            };
            assert_eq!(who.sight(), sight, "{role:?}");
        }
        assert!(Authority::Host.may_run(own.id));
        assert_eq!(Authority::Host.sight(), Ok(None));
        // The role alone is not enough.
        let nowhere = member(Role::ClientAdmin, None);
        assert!(!nowhere.may_run(own.id));
        assert_eq!(nowhere.sight(), Err(SeesNobody));
    }

    #[test]
    fn the_slug_stays_once_the_host_has_the_group() {
        let mut acme = acme(1);
        let other = Slug::parse("acme-club").unwrap();
        assert_eq!(acme.set_slug(acme.slug.clone(), at(1)), Ok(false));
        assert_eq!(acme.set_slug(other.clone(), at(1)), Ok(true));
        acme.group.directory = Some("/home/groups/acme-club".into());
        assert_eq!(
            acme.set_slug(Slug::parse("acme").unwrap(), at(1)),
            Err(SlugStays)
        );
        assert_eq!(acme.set_slug(other, at(1)), Ok(false), "it is no change");
    }

    #[test]
    fn a_changed_preference_is_news_until_the_next_login() {
        let mut acme = acme(1);
        let mut ada = user(1, Role::ClientUser);
        ada.access.last_login_at = Some(at(5));
        assert!(!acme.has_news_for(&ada));
        assert!(acme.prefer(Some(FactorMethod::Totp), at(10)));
        assert!(!acme.prefer(Some(FactorMethod::Totp), at(11)), "the same");
        assert!(acme.has_news_for(&ada));
        ada.access.last_login_at = Some(at(10));
        assert!(!acme.has_news_for(&ada));
    }

    #[test]
    fn a_record_without_what_came_later_is_read() {
        let mut json = serde_json::to_value(acme(1)).unwrap();
        for field in ["two_factor", "two_factor_changed_at", "group", "work"] {
            json.as_object_mut().unwrap().remove(field);
        }
        let read: Organisation = serde_json::from_value(json).unwrap();
        assert_eq!(read.group.host, OnHost::InStep);
        assert!(!read.group.is_made());
    }
}
