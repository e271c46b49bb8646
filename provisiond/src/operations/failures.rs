//! Which errors of the parts may pass by themselves, as a step's failure.

use super::refusal::Failure;
use crate::archive::ArchiveError;
use crate::home::HomeError;
use crate::jobs::JobError;
use crate::postfix::MapError;
use crate::shared_dirs::SharedDirError;
use crate::ssh_keys::KeyFileError;

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let transient = matches!(
            error,
            HomeError::DiskFull { .. } | HomeError::Io { .. } | HomeError::NotYetEmpty
        );
        Self {
            transient,
            message: error.to_string(),
        }
    }
}

impl From<SharedDirError> for Failure {
    fn from(error: SharedDirError) -> Self {
        match error {
            SharedDirError::Other(error) => error.into(),
            error => Self::lasting(error.to_string()),
        }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self {
            transient: error.is_transient(),
            message: error.to_string(),
        }
    }
}

impl From<JobError> for Failure {
    fn from(error: JobError) -> Self {
        let transient = matches!(error, JobError::Io { .. });
        Self {
            transient,
            message: error.to_string(),
        }
    }
}

impl From<MapError> for Failure {
    fn from(error: MapError) -> Self {
        let transient = matches!(error, MapError::Io { .. } | MapError::Postmap(_));
        Self {
            transient,
            message: error.to_string(),
        }
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let transient = matches!(error, KeyFileError::Io { .. });
        Self {
            transient,
            message: error.to_string(),
        }
    }
}
