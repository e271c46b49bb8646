use http::StatusCode;
use provision_api::{CallError, ProvisionError};

/// Why a command did not do what it was asked for. Each has an exit code of its own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was tried and failed: 1.
    #[error("{0}")]
    Failed(String),
    /// The command line says something that can't be: 2, as for all that clap finds.
    #[error("{0}")]
    Usage(String),
    /// There is nothing of that name: 3.
    #[error("{0}")]
    NotFound(String),
    /// It may not be done, or not in this state: 4.
    #[error("{0}")]
    Refused(String),
    /// A service can't be reached, or needs something that can't be: 5.
    #[error("{0}")]
    Unreachable(String),
}

impl Failure {
    /// How the program ends.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Usage(_) => 2,
            Self::NotFound(_) => 3,
            Self::Refused(_) => 4,
            Self::Unreachable(_) => 5,
        }
    }

    /// The same, with these words before its own.
    #[must_use]
    pub(crate) fn after(self, words: &str) -> Self {
        let with = |text: String| format!("{words}{text}");
        match self {
            Self::Failed(text) => Self::Failed(with(text)),
            Self::Usage(text) => Self::Usage(with(text)),
            Self::NotFound(text) => Self::NotFound(with(text)),
            Self::Refused(text) => Self::Refused(with(text)),
            Self::Unreachable(text) => Self::Unreachable(with(text)),
        }
    }

    /// What a status of `registrar-web` means.
    pub(crate) fn of_status(status: StatusCode, words: String) -> Self {
        match status.as_u16() {
            404 => Self::NotFound(words),
            400..500 => Self::Refused(words),
            503 => Self::Unreachable(words),
            _ => Self::Failed(words),
        }
    }
}

impl From<CallError> for Failure {
    fn from(error: CallError) -> Self {
        let words = error.to_string();
        match error {
            CallError::Unreachable { .. } => Self::Unreachable(format!(
                "{words}; is provisiond-admin.socket up, and are you root or in registrar-admin?"
            )),
            CallError::TimedOut { .. } | CallError::Broken { .. } => Self::Unreachable(format!(
                "{words}; it may have been done all the same: look before you repeat it"
            )),
            CallError::Protocol { .. } => Self::Failed(words),
            CallError::Refused(refused) => match refused {
                ProvisionError::NoSuchAccount { .. } | ProvisionError::NoSuchGroup { .. } => {
                    Self::NotFound(words)
                }
                ProvisionError::TemporaryFailure { .. }
                | ProvisionError::StepFailed { .. }
                | ProvisionError::BadMessage { .. } => Self::Failed(words),
                ProvisionError::InvalidArgument { .. }
                | ProvisionError::NotPermitted { .. }
                | ProvisionError::NameUnavailable { .. }
                | ProvisionError::OtherRegistration { .. }
                | ProvisionError::WrongState { .. }
                | ProvisionError::WrongGroupState { .. }
                | ProvisionError::PrivilegedAccount { .. }
                | ProvisionError::RequestIdReused { .. }
                | ProvisionError::RateLimited { .. } => Self::Refused(words),
            },
        }
    }
}
