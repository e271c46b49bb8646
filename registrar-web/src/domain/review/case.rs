//! What reviewers do with an application before they decide.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Remark, Review, ReviewError, Warning};
use crate::domain::{Registration, Stage};

/// How many notes an application has at most.
const MOST_NOTES: usize = 100;
/// How many questions one applicant is asked at most.
const MOST_QUESTIONS: usize = 10;

/// What reviewers have found and written about an application.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewCase {
    /// Who looks at it.
    #[serde(default)]
    pub claim: Option<Claim>,
    /// For reviewers alone, oldest first.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// What the applicant was asked, oldest first; only the last one may be open.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// What speaks for a closer look.
    #[serde(default)]
    pub warnings: Vec<Warning>,
}

/// A reviewer's word that they look at an application, so that nobody else decides meanwhile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Who.
    pub by: String,
    /// Since when.
    pub at: Timestamp,
    /// It lapses then, unless it is renewed.
    pub until: Timestamp,
    /// Who had it before, if it was taken over.
    #[serde(default)]
    pub taken_from: Option<String>,
}

/// A reviewer's note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at: Timestamp,
    /// Whose.
    pub by: String,
    /// The words.
    pub text: Remark,
}

/// What an applicant is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// When.
    pub at: Timestamp,
    /// By whom; the applicant is not told.
    pub by: String,
    /// The words.
    pub text: Remark,
    /// What the applicant answered.
    #[serde(default)]
    pub answer: Option<Answer>,
}

/// What an applicant answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// The words.
    pub text: Remark,
}

impl ReviewCase {
    /// The claim that holds now.
    #[must_use]
    pub fn claim_at(&self, now: Timestamp) -> Option<&Claim> {
        self.claim.as_ref().filter(|c| now < c.until)
    }

    /// The question that waits for its answer.
    #[must_use]
    pub fn open_question(&self) -> Option<&Question> {
        self.questions.last().filter(|q| q.answer.is_none())
    }

    /// Refuses what collides with another reviewer's claim.
    pub(in crate::domain) fn must_not_be_anothers(
        &self,
        by: &str,
        now: Timestamp,
    ) -> Result<(), ReviewError> {
        match self.claim_at(now).filter(|c| c.by != by) {
            Some(claim) => Err(ReviewError::Claimed {
                by: claim.by.clone(),
                until: claim.until,
            }),
            None => Ok(()),
        }
    }
}

impl Registration {
    fn must_wait_for_review(&self) -> Result<(), ReviewError> {
        match (&self.stage, &self.review) {
            (Stage::Running, Review::Waiting { .. }) => Ok(()),
            (_, Review::NotNeeded) => Err(ReviewError::NotNeeded),
            (_, Review::Approved { .. } | Review::Rejected { .. }) => Err(ReviewError::Decided),
            _ => Err(ReviewError::Ended),
        }
    }

    /// Whether a reviewer has to decide about it.
    #[must_use]
    pub fn is_in_review(&self) -> bool {
        self.must_wait_for_review().is_ok()
    }

    /// A reviewer takes it up for that long, or longer again. One that someone else has is taken
    /// when it has lapsed, or with `take_over`; either shows in it.
    ///
    /// # Errors
    /// Someone else has it, or there is nothing to decide.
    pub fn claim(
        &mut self,
        by: &str,
        take_over: bool,
        now: Timestamp,
        lasts: SignedDuration,
    ) -> Result<(), ReviewError> {
        self.must_wait_for_review()?;
        if !take_over {
            self.case.must_not_be_anothers(by, now)?;
        }
        let until = now.checked_add(lasts).unwrap_or(Timestamp::MAX);
        let (at, taken_from) = match self.case.claim.take() {
            Some(own) if own.by == by => (own.at, own.taken_from),
            before => (now, before.map(|c| c.by)),
        };
        self.case.claim = Some(Claim {
            by: by.to_owned(),
            at,
            until,
            taken_from,
        });
        self.updated_at = now;
        Ok(())
    }

    /// Gives one's own claim up; without one nothing changes.
    ///
    /// # Errors
    /// Someone else has it.
    pub fn release_claim(&mut self, by: &str, now: Timestamp) -> Result<(), ReviewError> {
        self.case.must_not_be_anothers(by, now)?;
        if self.case.claim.take().is_some() {
            self.updated_at = now;
        }
        Ok(())
    }

    /// Writes a note down, for reviewers alone.
    ///
    /// # Errors
    /// There are too many.
    pub fn note(&mut self, by: &str, text: Remark, now: Timestamp) -> Result<(), ReviewError> {
        if self.case.notes.len() >= MOST_NOTES {
            return Err(ReviewError::TooMany("notes"));
        }
        self.case.notes.push(Note {
            at: now,
            by: by.to_owned(),
            text,
        });
        self.updated_at = now;
        Ok(())
    }

    /// Asks the applicant. The same question twice is one, so that a request can be repeated.
    ///
    /// # Errors
    /// One is open, the address is not proven, someone else has the claim, or there is nothing to
    /// decide.
    pub fn ask(&mut self, by: &str, text: Remark, now: Timestamp) -> Result<(), ReviewError> {
        self.must_wait_for_review()?;
        self.case.must_not_be_anothers(by, now)?;
        if !self.address_is_proven() {
            return Err(ReviewError::Unproven);
        }
        match self.case.open_question() {
            Some(open) if open.text == text => return Ok(()),
            Some(_) => return Err(ReviewError::QuestionOpen),
            None => {}
        }
        if self.case.questions.len() >= MOST_QUESTIONS {
            return Err(ReviewError::TooMany("questions"));
        }
        self.case.questions.push(Question {
            at: now,
            by: by.to_owned(),
            text,
            answer: None,
        });
        self.updated_at = now;
        Ok(())
    }

    /// The applicant answers the open question.
    ///
    /// # Errors
    /// None is open, or there is nothing to decide any more.
    pub fn answer(&mut self, text: Remark, now: Timestamp) -> Result<(), ReviewError> {
        self.must_wait_for_review()?;
        let open = self.case.questions.last_mut();
        let Some(question) = open.filter(|q| q.answer.is_none()) else {
            return Err(ReviewError::NoQuestion);
        };
        question.answer = Some(Answer { at: now, text });
        self.updated_at = now;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
    }

    fn case(by: &str, until: i64) -> ReviewCase {
        ReviewCase {
            claim: Some(Claim {
                by: by.into(),
                at: at(0),
                until: at(until),
                taken_from: None,
            }),
            ..ReviewCase::default()
        }
    }

    #[test]
    fn a_claim_keeps_others_off_until_it_lapses() {
        let case = case("ada", 15);
        assert!(case.must_not_be_anothers("ada", at(1)).is_ok());
        let refused = case.must_not_be_anothers("grace", at(14));
        let want = ReviewError::Claimed {
            by: "ada".into(),
            until: at(15),
        };
        assert_eq!(refused, Err(want));
        assert!(case.must_not_be_anothers("grace", at(15)).is_ok());
        assert_eq!(case.claim_at(at(15)), None);
    }

    #[test]
    fn what_was_stored_before_there_were_claims_is_read_as_empty() {
        let read: ReviewCase = serde_json::from_str("{}").unwrap();
        assert_eq!(read, ReviewCase::default());
    }
}
