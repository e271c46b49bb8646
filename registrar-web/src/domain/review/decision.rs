use jiff::Timestamp;

use super::{Review, ReviewError};
use crate::domain::{Registration, Stage};

impl Registration {
    /// A reviewer lets it go on.
    ///
    /// # Errors
    /// There is nothing to decide any more. Approving twice is no error.
    pub fn approve(&mut self, by: &str, now: Timestamp) -> Result<(), ReviewError> {
        match (&self.stage, &self.review) {
            (_, Review::Approved { .. }) => Ok(()),
            (_, Review::NotNeeded) => Err(ReviewError::NotNeeded),
            (_, Review::Rejected { .. }) => Err(ReviewError::Decided),
            (Stage::Running, Review::Waiting { .. }) => {
                self.case.must_not_be_anothers(by, now)?;
                self.case.claim = None;
                self.review = Review::Approved {
                    at: now,
                    by: by.to_owned(),
                };
                self.work.settle(Some(now));
                self.updated_at = now;
                Ok(())
            }
            _ => Err(ReviewError::Ended),
        }
    }

    /// Whether a worker is at the commit point.
    pub(in crate::domain) fn is_being_completed(&self) -> bool {
        self.flow.after(self.reached) == Some(self.flow.last())
            && self.address_is_proven()
            && !self.review.holds()
            && self.work.lease.is_some()
    }

    /// A reviewer ends it. Possible in every mode until the account is usable.
    ///
    /// # Errors
    /// It has ended, or was approved.
    pub fn reject(&mut self, by: &str, reason: &str, now: Timestamp) -> Result<(), ReviewError> {
        match (&self.stage, &self.review) {
            (_, Review::Rejected { .. }) => Ok(()),
            (_, Review::Approved { .. }) => Err(ReviewError::Decided),
            // A worker may be unlocking the account this very moment.
            (Stage::Running, _) if self.is_being_completed() => Err(ReviewError::Ended),
            (Stage::Running, _) => {
                self.case.must_not_be_anothers(by, now)?;
                self.case.claim = None;
                self.review = Review::Rejected {
                    at: now,
                    by: by.to_owned(),
                    reason: reason.to_owned(),
                };
                // Their words are for the person alone, whom a mail tells; this is read by anyone.
                let message = "The reviewers did not accept this registration; they have written why to the address.";
                self.fail("rejected", message, now)
                    .map_err(|_| ReviewError::Ended)
            }
            _ => Err(ReviewError::Ended),
        }
    }
}
