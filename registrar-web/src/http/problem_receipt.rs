//! What is said when something of a receipt was not done.

use utoipa::IntoResponses;

use super::openapi::{Responses, limited, of, store_down};
use super::problem::{Problem, capitalised};
use super::problem_kind::Kind;
use crate::domain::{MendError, ReviewError};
use crate::registration::ReceiptError;

impl From<ReceiptError> for Problem {
    fn from(error: ReceiptError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            ReceiptError::Unknown => Self::with_detail(Kind::NotFound, words),
            ReceiptError::Fields(errors) => errors.into(),
            ReceiptError::Mend(_) | ReceiptError::Review(_) => {
                Self::with_detail(Kind::NotPossibleNow, words)
            }
            ReceiptError::Verify(error) => error.into(),
            ReceiptError::Store(error) => error.into(),
        }
    }
}

/// What a route of a receipt may be answered with.
pub(super) struct ReceiptProblems;

impl IntoResponses for ReceiptProblems {
    fn responses() -> Responses {
        of([
            Problem::new(Kind::MalformedQuery),
            ReceiptError::Unknown.into(),
            ReceiptError::Review(ReviewError::NoQuestion).into(),
            ReceiptError::Mend(MendError::Ended).into(),
            store_down(),
            limited(),
        ])
    }
}
