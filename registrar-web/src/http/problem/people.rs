//! What is said when something about members or invites was not done.

use super::Kind;
use super::{Problem, capitalised};
use crate::domain::ActError;
use crate::people::PeopleError;

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            PeopleError::NoMember
            | PeopleError::NoInvite
            | PeopleError::NoOrganisation
            | PeopleError::InNoOrganisation => Self::with_detail(Kind::NotFound, words),
            PeopleError::Act(
                ActError::NotBelow
                | ActError::RoleNotBelow
                | ActError::OtherOrganisation
                | ActError::Own,
            )
            | PeopleError::MayNot(_) => Self::with_detail(Kind::Forbidden, words),
            PeopleError::Act(
                ActError::InAnother
                | ActError::InNone
                | ActError::HigherRole
                | ActError::LastSuperAdmin
                | ActError::Pending
                | ActError::Deleted
                | ActError::Gone
                | ActError::ArchivedOnHost
                | ActError::RemovedFromHost,
            )
            | PeopleError::NotNow(_) => Self::with_detail(Kind::NotPossibleNow, words),
            PeopleError::Fields(errors) => errors.into(),
            PeopleError::Password(error) => error.into(),
            PeopleError::Host(_) => Self::new(Kind::HostUnavailable),
            PeopleError::Store(error) => error.into(),
        }
    }
}
