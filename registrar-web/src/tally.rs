//! How often something happened, by day: for the console's plots. The numbers are kept as windows of
//! limits are, so they hold across restarts and instances and are forgotten by themselves; a crash of
//! the machine may lose the last seconds of them. They name nobody.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::ports::{Store, StoreError};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tallied {
    /// A session was begun.
    Login,
    /// Name or password was wrong.
    FailedLogin,
}

impl Tallied {
    fn key(self, day: Date) -> String {
        let word = match self {
            Self::Login => "login",
            Self::FailedLogin => "failed-login",
        };
        format!("tally:{word}:{day}")
    }
}

/// For how many days the numbers are kept.
pub const DAYS: u8 = 30;
/// A day's number is read for so long after its first count.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * (DAYS as i64 + 2));

/// The day of a time, in UTC.
#[must_use]
pub fn day_of(at: Timestamp) -> Date {
    at.to_zoned(TimeZone::UTC).date()
}

/// The last days, oldest first, today included.
#[must_use]
pub fn last_days(now: Timestamp) -> Vec<Date> {
    let today = day_of(now);
    let back = |n: u8| today.saturating_sub(i64::from(n).days());
    (0..DAYS).rev().map(back).collect()
}

/// Counts one more. That it can't is no reason to refuse what was done.
pub async fn tally(store: &dyn Store, what: Tallied, now: Timestamp) {
    if let Err(error) = store.count(&what.key(day_of(now)), KEPT, now).await {
        tracing::debug!(%error, ?what, "not counted for the plots");
    }
}

/// How often it happened on each of the days.
///
/// # Errors
/// The store can't be used.
pub async fn tallied(
    store: &dyn Store,
    what: Tallied,
    days: &[Date],
    now: Timestamp,
) -> Result<Vec<u64>, StoreError> {
    let mut counts = Vec::new();
    for day in days {
        let window = store.window(&what.key(*day), now).await?;
        counts.push(window.map_or(0, |w| u64::from(w.count)));
    }
    Ok(counts)
}
