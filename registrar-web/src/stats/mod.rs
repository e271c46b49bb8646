//! Numbers of the last days for the console, from a bounded part of the records.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use crate::domain::{Registration, Review, Stage, Status};
use crate::ports::{PageRequest, RegistrationFilter, Store, StoreError};
use crate::tally::{Tallied, day_of, last_days, tallied};

/// How many records of each kind are looked at.
const MOST: usize = 5_000;

/// What came of registrations that were made on one day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// An account in use.
    pub complete: u64,
    /// Under way, or waiting for someone.
    pub open: u64,
    /// The reviewers said no.
    pub rejected: u64,
    /// Failed for another reason; those that merely ran out of time are not kept.
    pub failed: u64,
}

/// How long those who wait for a review have waited: up to an hour, a day, three days, a week, longer.
pub type QueueAges = [u64; 5];

/// The numbers.
#[derive(Clone, Debug)]
pub struct Report {
    /// The days, oldest first.
    pub days: Vec<Date>,
    /// By day of the sign-up, as in `days`.
    pub outcomes: Vec<Outcomes>,
    /// Seconds from the status before to each status, of those who reached it.
    pub times: Vec<(Status, Vec<f64>)>,
    /// Those who wait for a review.
    pub queue: QueueAges,
    /// Logins by day.
    pub logins: Vec<u64>,
    /// Logins that failed, by day.
    pub failed_logins: Vec<u64>,
    /// There were more records than are looked at: the newest days lack some.
    pub is_partial: bool,
}

/// Gathers the numbers.
///
/// # Errors
/// The store can't be used.
pub async fn report(store: &dyn Store, now: Timestamp) -> Result<Report, StoreError> {
    let days = last_days(now);
    let since = days.first().map_or(now, |day| start_of(*day));
    let (recent, more) = read(store, RegistrationFilter::All, first_id(since)).await?;
    let (waiting, _) = read(store, RegistrationFilter::InReview, None).await?;
    let mut by_day: BTreeMap<Date, Outcomes> = BTreeMap::new();
    let mut times: Vec<(Status, Vec<f64>)> = Vec::new();
    for r in &recent {
        count(by_day.entry(day_of(r.created_at)).or_default(), r);
        for (status, seconds) in steps(r) {
            match times.iter_mut().find(|(known, _)| *known == status) {
                Some((_, all)) => all.push(seconds),
                None => times.push((status, vec![seconds])),
            }
        }
    }
    times.sort_by_key(|(status, _)| place(*status));
    let mut queue = QueueAges::default();
    for r in &waiting {
        if let Review::Waiting { since } = r.review {
            let hours = now.duration_since(since).as_hours();
            let bucket = [1, 24, 72, 168]
                .iter()
                .filter(|most| hours >= **most)
                .count();
            if let Some(count) = queue.get_mut(bucket) {
                *count += 1;
            }
        }
    }
    Ok(Report {
        outcomes: days
            .iter()
            .map(|day| by_day.get(day).copied().unwrap_or_default())
            .collect(),
        times,
        queue,
        logins: tallied(store, Tallied::Login, &days, now).await?,
        failed_logins: tallied(store, Tallied::FailedLogin, &days, now).await?,
        is_partial: more,
        days,
    })
}

fn count(outcomes: &mut Outcomes, r: &Registration) {
    match (&r.stage, &r.review) {
        (Stage::Complete, _) => outcomes.complete += 1,
        (Stage::Draft | Stage::Running, _) => outcomes.open += 1,
        (_, Review::Rejected { .. }) => outcomes.rejected += 1,
        (Stage::Undoing { .. } | Stage::Failed { .. }, _) => outcomes.failed += 1,
    }
}

/// How long each status took from the one before.
fn steps(r: &Registration) -> Vec<(Status, f64)> {
    let pairs = r.history.iter().zip(r.history.iter().skip(1));
    pairs
        .map(|(before, this)| {
            let took = this.at.duration_since(before.at);
            (this.status, took.as_secs_f64().max(0.0))
        })
        .collect()
}

/// Where a status stands in the usual order.
fn place(status: Status) -> usize {
    let order = crate::domain::Flow::ProvisionFirst.statuses();
    let found = order.into_iter().position(|s| s == status);
    found.unwrap_or(usize::MAX)
}

/// Reads what there is after an id, up to a bound; and whether there is more.
async fn read(
    store: &dyn Store,
    filter: RegistrationFilter,
    mut after: Option<Uuid>,
) -> Result<(Vec<Registration>, bool), StoreError> {
    let mut all = Vec::new();
    loop {
        let page = PageRequest { limit: 100, after };
        let found = store.list_registrations(filter, &page).await?;
        all.extend(found.items);
        after = found.next;
        if after.is_none() || all.len() >= MOST {
            return Ok((all, after.is_some()));
        }
    }
}

fn start_of(day: Date) -> Timestamp {
    let start = day.to_zoned(TimeZone::UTC);
    start.map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// An id before all that were made at that time or later: ids begin with their time (RFC 9562,
/// version 7).
fn first_id(since: Timestamp) -> Option<Uuid> {
    let before = since.checked_sub(1.milliseconds()).ok()?;
    let millis = u128::try_from(before.as_millisecond()).ok()?;
    Some(Uuid::from_u128(millis << 80))
}
