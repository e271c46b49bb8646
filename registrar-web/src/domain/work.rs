use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// One process, or one task of it, that takes work.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct WorkerId(pub String);

impl fmt::Display for WorkerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who works on a record, and until when nobody else may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The holder.
    pub owner: WorkerId,
    /// After this time anyone may take it over.
    pub until: Timestamp,
}

/// The work that a record waits for: when, by whom, after how many failures.
///
/// Everything that is to happen to a record later, retries, expiry, deletion, is a due time, so
/// one query finds all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// When something is to be done; `None` when nothing is.
    pub due_at: Option<Timestamp>,
    /// Failed attempts at the present step.
    pub attempts: u32,
    /// Held while a worker is at it.
    pub lease: Option<Lease>,
    /// What the last failed attempt said; no secrets.
    pub last_error: Option<String>,
}

impl Work {
    /// Work that is due at that time.
    #[must_use]
    pub fn due(at: Timestamp) -> Self {
        Self {
            due_at: Some(at),
            ..Self::default()
        }
    }

    /// The step is done: the next one is due at that time, or none is.
    pub fn settle(&mut self, due_at: Option<Timestamp>) {
        *self = Self {
            due_at,
            ..Self::default()
        };
    }

    /// The step failed for now. The wait doubles from one second to `longest`, give or take a
    /// fifth (`jitter` is any random number), and is at least what the other side asked for.
    pub fn retry(
        &mut self,
        now: Timestamp,
        error: String,
        at_least: Option<SignedDuration>,
        longest: SignedDuration,
        jitter: u32,
    ) {
        self.attempts = self.attempts.saturating_add(1);
        let doubled = SignedDuration::from_secs(1i64 << self.attempts.saturating_sub(1).min(20));
        let millis = doubled.min(longest).as_millis();
        let spread = (millis * i128::from(jitter % 401)) / 1000 - millis / 5;
        let wait = SignedDuration::from_millis(i64::try_from(millis + spread).unwrap_or(i64::MAX));
        let wait = at_least.map_or(wait, |least| wait.max(least));
        self.due_at = now.checked_add(wait).ok();
        self.lease = None;
        self.last_error = Some(error);
    }

    /// Whether a worker may take it now.
    #[must_use]
    pub fn is_free(&self, now: Timestamp) -> bool {
        self.due_at.is_some_and(|at| at <= now)
            && self.lease.as_ref().is_none_or(|lease| lease.until <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn the_wait_grows_and_stays_within_a_fifth_of_its_step(before in 0u32..40, jitter: u32) {
            let now = Timestamp::UNIX_EPOCH;
            let mut work = Work { attempts: before, ..Work::default() };
            work.retry(now, "x".into(), None, SignedDuration::from_mins(10), jitter);
            let wait = (work.due_at.unwrap() - now).total(jiff::Unit::Second).unwrap();
            let step = f64::from(2u32.pow(before.min(20))).min(600.0);
            prop_assert!(wait >= step * 0.8 - 0.01 && wait <= step * 1.2 + 0.01, "{wait} {step}");
        }
    }
}
