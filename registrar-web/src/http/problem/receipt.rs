//! What is said when something of a receipt was not done.

use super::Kind;
use super::{Problem, capitalised};
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
