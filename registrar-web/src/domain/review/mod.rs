//! The reviewers' side of a registration: what they decide, and what they work with before.

mod case;
mod decision;
mod lookalike;
mod remark;
mod warning;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use case::{Answer, Claim, Note, Question, ReviewCase};
pub use lookalike::spellings;
pub use remark::Remark;
pub use warning::{DomainLists, Warning};

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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// Another reviewer looks at it.
    #[error(
        "another reviewer, {by}, looks at this registration until {until}; take the claim over, or wait"
    )]
    Claimed {
        /// Who.
        by: String,
        /// The claim lapses then.
        until: Timestamp,
    },
    /// A question would go to an address that may be a stranger's.
    #[error(
        "the applicant's address is not verified yet; ask when it is, as the question goes there"
    )]
    Unproven,
    /// One question at a time.
    #[error("a question waits for its answer; ask again when it has one")]
    QuestionOpen,
    /// Nothing was asked.
    #[error("no question waits for an answer")]
    NoQuestion,
    /// There is no room for more of them.
    #[error("this registration has as many {0} as are kept")]
    TooMany(&'static str),
}

impl Review {
    /// The word of the wire.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::NotNeeded => "not-needed",
            Self::Waiting { .. } => "waiting",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
        }
    }

    /// Who decided what, in a sentence, for reviewers.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::NotNeeded => "no review is needed".into(),
            Self::Waiting { .. } => "nobody has decided".into(),
            Self::Approved { by, .. } => format!("approved by {by}"),
            Self::Rejected { by, reason, .. } => format!("rejected by {by}: {reason}"),
        }
    }

    /// Whether it holds the registration back.
    #[must_use]
    pub fn holds(&self) -> bool {
        matches!(self, Self::Waiting { .. })
    }
}
