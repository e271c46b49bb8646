use provision_api::{
    AccountState, GroupName, GroupState, ProvisionError, RequestId, Step, Username,
};

use crate::accounts::AccountError;
use crate::journal::JournalError;
use crate::names::NameError;

/// How long a caller should wait before it tries a step again that could not be done now.
const RETRY_AFTER_SECONDS: u32 = 30;

/// Why one step did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// Whether trying again later may help.
    pub transient: bool,
    /// What happened, without secrets.
    pub message: String,
}

impl Failure {
    /// A failure that will happen again.
    pub(super) fn lasting(message: impl Into<String>) -> Self {
        Self {
            transient: false,
            message: message.into(),
        }
    }

    /// The refusal of a call whose step this was.
    pub(super) fn at(self, step: Step) -> Refusal {
        Refusal::Step {
            step,
            failure: self,
        }
    }

    /// A failure that may pass.
    pub(super) fn passing(message: impl Into<String>) -> Self {
        Self {
            transient: true,
            message: message.into(),
        }
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        Self {
            transient: error.is_transient(),
            message: error.to_string(),
        }
    }
}

impl From<NameError> for Failure {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Accounts(e) => e.into(),
            NameError::Journal(e) => e.into(),
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::passing(error.to_string())
    }
}

/// Why a call is not carried out; becomes an error of the interface once the request id is known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "the fields are those of the interface's errors"
)]
pub enum Refusal {
    /// A parameter breaks a rule of this host.
    InvalidArgument {
        field: &'static str,
        message: String,
    },
    /// The name can't be given out.
    NameUnavailable { username: Username, reason: String },
    /// Not an account of provisiond's.
    NoSuchAccount(Username),
    /// It was made for another registration.
    OtherRegistration(Username),
    /// The state does not allow it.
    WrongState {
        username: Username,
        state: AccountState,
        message: String,
    },
    /// Not a group of provisiond's.
    NoSuchGroup(GroupName),
    /// The group's state does not allow it.
    WrongGroupState {
        name: GroupName,
        state: GroupState,
        message: String,
    },
    /// A member of a privileged group.
    Privileged { username: Username, group: String },
    /// Same id, other parameters.
    RequestIdReused,
    /// A cap is reached.
    RateLimited { message: String, retry_after: u32 },
    /// A step failed.
    Step { step: Step, failure: Failure },
}

impl Refusal {
    /// The call is none that the worker carries out.
    pub(super) fn changes_nothing() -> Self {
        Self::InvalidArgument {
            field: "method",
            message: "changes nothing".into(),
        }
    }

    /// The error as the wire names it.
    #[must_use]
    pub fn into_wire(self, request_id: RequestId) -> ProvisionError {
        let request_id = request_id.to_string();
        match self {
            Self::InvalidArgument { field, message } => ProvisionError::InvalidArgument {
                request_id,
                field: field.to_owned(),
                message,
            },
            Self::NameUnavailable { username, reason } => ProvisionError::NameUnavailable {
                request_id,
                username: username.to_string(),
                reason,
            },
            Self::NoSuchAccount(username) => ProvisionError::NoSuchAccount {
                request_id,
                username: username.to_string(),
            },
            Self::OtherRegistration(username) => ProvisionError::OtherRegistration {
                request_id,
                username: username.to_string(),
            },
            Self::WrongState {
                username,
                state,
                message,
            } => ProvisionError::WrongState {
                request_id,
                username: username.to_string(),
                state,
                message,
            },
            Self::NoSuchGroup(name) => ProvisionError::NoSuchGroup {
                request_id,
                name: name.to_string(),
            },
            Self::WrongGroupState {
                name,
                state,
                message,
            } => ProvisionError::WrongGroupState {
                request_id,
                name: name.to_string(),
                state,
                message,
            },
            Self::Privileged { username, group } => ProvisionError::PrivilegedAccount {
                request_id,
                username: username.to_string(),
                group,
            },
            Self::RequestIdReused => ProvisionError::RequestIdReused { request_id },
            Self::RateLimited {
                message,
                retry_after,
            } => ProvisionError::RateLimited {
                request_id,
                message,
                retry_after_seconds: retry_after,
            },
            Self::Step { step, failure } if failure.transient => ProvisionError::TemporaryFailure {
                request_id,
                step: step_name(step),
                message: failure.message,
                retry_after_seconds: RETRY_AFTER_SECONDS,
            },
            Self::Step { step, failure } => ProvisionError::StepFailed {
                request_id,
                step: step_name(step),
                message: failure.message,
            },
        }
    }
}

/// The name of a step as the wire writes it.
pub(crate) fn step_name(step: Step) -> String {
    let name = format!("{step:?}");
    let mut letters = name.chars();
    letters
        .next()
        .map(|first| first.to_ascii_lowercase())
        .into_iter()
        .chain(letters)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_its_step_as_a_more_reply_does() {
        for step in [Step::RefuseMail, Step::User, Step::StageHome] {
            let wire = serde_json::to_value(step).unwrap();
            assert_eq!(wire, step_name(step).as_str());
        }
    }
}
