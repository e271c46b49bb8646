use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What the community's reviewers have said of a registration. A hold is not a status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Review {
    /// The mode asks for none.
    #[default]
    NotNeeded,
    /// Nobody has decided.
    Waiting {
        /// Since when.
        since: Timestamp,
    },
    /// May go on.
    Approved {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
    },
    /// Ends here.
    Rejected {
        /// When.
        at: Timestamp,
        /// By whom.
        by: String,
        /// What the person is told.
        reason: String,
    },
}

/// Why a decision can't be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// The mode asked for no review.
    #[error("this registration needs no review")]
    NotNeeded,
    /// It was decided the other way.
    #[error("this registration was decided already")]
    Decided,
    /// It has failed or is complete.
    #[error("this registration has ended")]
    Ended,
}

impl Review {
    /// Whether it holds the registration back.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Waiting { .. })
    }
}
