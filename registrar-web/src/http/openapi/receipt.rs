//! What a route of a receipt may be answered with.

use utoipa::IntoResponses;

use super::{Responses, limited, of, store_down};
use crate::domain::{MendError, ReviewError};
use crate::http::problem::{Kind, Problem};
use crate::registration::ReceiptError;

/// What a route of a receipt may be answered with.
pub(in crate::http) struct ReceiptProblems;

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
