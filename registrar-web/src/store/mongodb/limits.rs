use jiff::{SignedDuration, Timestamp};
use mongodb::Database;
use mongodb::bson::{Document, doc};
use mongodb::options::ReturnDocument;

use super::indexes::LIMITS;
use super::{bounded, date_from, date_until, is_duplicate};
use crate::ports::{LimitWindow, StoreError};
use crate::store::record::field::RESETS_AT;

/// Of several that make the same window at once one succeeds; the others then find it.
const TRIES: usize = 5;

pub(super) async fn count(
    database: &Database,
    key: &str,
    window: SignedDuration,
    now: Timestamp,
) -> Result<LimitWindow, StoreError> {
    let fresh = now.checked_add(window).unwrap_or(Timestamp::MAX);
    let ends = date_from(fresh);
    // A window never lasts longer than asked for, even if the clock was set back meanwhile.
    let running = doc! { "$gt": ["$resets_at", date_until(now)] };
    let update = vec![doc! { "$set": {
        "count": { "$cond": [running.clone(), { "$add": ["$count", 1_i64] }, 1_i64] },
        RESETS_AT: { "$cond": [running, { "$min": ["$resets_at", ends] }, ends] },
    } }];
    let first = doc! { "_id": key, "count": 1_i64, RESETS_AT: ends };
    let windows = database.collection::<Document>(LIMITS);
    let counted = bounded(async {
        let mut tries = 1;
        loop {
            let found = windows
                .find_one_and_update(doc! { "_id": key }, update.clone())
                .return_document(ReturnDocument::After)
                .await?;
            if let Some(found) = found {
                return Ok(found);
            }
            match windows.insert_one(&first).await {
                Ok(_) => return Ok(first),
                // Made by another meanwhile, and once in a while deleted again by the server.
                Err(e) if is_duplicate(&e) && tries < TRIES => tries += 1,
                Err(e) => return Err(e),
            }
        }
    })
    .await?;
    read(&counted, fresh)
}

fn read(stored: &Document, at_most: Timestamp) -> Result<LimitWindow, StoreError> {
    let corrupt = || StoreError::Corrupt {
        collection: LIMITS,
        reason: "a window has no count or no end".into(),
    };
    let count = stored.get_i64("count").map_err(|_| corrupt())?;
    let resets_at = stored.get_datetime(RESETS_AT).map_err(|_| corrupt())?;
    Ok(LimitWindow {
        count: u32::try_from(count).unwrap_or(u32::MAX),
        resets_at: Timestamp::from_millisecond(resets_at.timestamp_millis()).unwrap_or(at_most),
    })
}

pub(super) async fn running(
    database: &Database,
    key: &str,
    now: Timestamp,
) -> Result<Option<LimitWindow>, StoreError> {
    let windows = database.collection::<Document>(LIMITS);
    let runs = doc! { "_id": key, RESETS_AT: { "$gt": date_until(now) } };
    let found = bounded(async { windows.find_one(runs).await }).await?;
    found.map(|stored| read(&stored, now)).transpose()
}

pub(super) async fn forget(database: &Database, now: Timestamp) -> Result<u64, StoreError> {
    let windows = database.collection::<Document>(LIMITS);
    let ended = doc! { RESETS_AT: { "$lte": date_until(now) } };
    let done = bounded(async { windows.delete_many(ended).await }).await?;
    Ok(done.deleted_count)
}
