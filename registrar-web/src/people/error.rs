use crate::auth::LoginError;
use crate::domain::{ActError, FieldErrors};
use crate::ports::{ProvisionFailure, StoreError};

/// Why something about members was not done. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// There is no such member.
    #[error("there is no such member")]
    NoMember,
    /// There is no such invite, or it is not one's own.
    #[error("there is no such invite")]
    NoInvite,
    /// There is no such organisation.
    #[error("there is no such organization")]
    NoOrganisation,
    /// Who asks belongs to none.
    #[error("you belong to no organization")]
    InNoOrganisation,
    /// A rule speaks against it.
    #[error(transparent)]
    Act(#[from] ActError),
    /// Fields break their rules.
    #[error("some fields have to be mended")]
    Fields(FieldErrors),
    /// One's role does not reach so far.
    #[error("{0}")]
    MayNot(&'static str),
    /// It can't be done as things are.
    #[error("{0}")]
    NotNow(&'static str),
    /// The password could not be judged.
    #[error(transparent)]
    Password(LoginError),
    /// The host can't be asked.
    #[error("the host can't be asked: {0}")]
    Host(ProvisionFailure),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PeopleError {
    /// One wrong field.
    pub(super) fn field(field: &'static str, code: &str, message: impl ToString) -> Self {
        let mut errors = FieldErrors::default();
        errors.add(field, code, message);
        Self::Fields(errors)
    }
}
