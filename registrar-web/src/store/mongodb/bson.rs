use jiff::Timestamp;
use mongodb::bson::{Bson, DateTime, deserialize_from_bson, serialize_to_bson};
use serde::Serialize;

use crate::ports::StoreError;
use crate::store::record::{Key, Record, corrupt};

const NANOS: i128 = 1_000_000;

/// A time that something waits for, as BSON has it: in milliseconds, not before the time.
pub(super) fn date_from(time: Timestamp) -> DateTime {
    let nanos = time.as_nanosecond();
    let up = i128::from(nanos.rem_euclid(NANOS) != 0);
    date(nanos.div_euclid(NANOS) + up)
}

/// The time that it is, as BSON has it: in milliseconds, not after the time.
pub(super) fn date_until(time: Timestamp) -> DateTime {
    date(time.as_nanosecond().div_euclid(NANOS))
}

fn date(millis: i128) -> DateTime {
    DateTime::from_millis(i64::try_from(millis).unwrap_or(i64::MAX))
}

pub(super) fn key(key: Key) -> Bson {
    match key {
        Key::Text(text) => Bson::String(text),
        Key::Time(time) => Bson::DateTime(date_from(time)),
    }
}

/// The same form as in JSON: what one store exports another can read.
pub(super) fn serialize<R: Record, T: Serialize>(value: &T) -> Result<Bson, StoreError> {
    serialize_to_bson(value).map_err(|e| StoreError::Corrupt {
        collection: R::COLLECTION,
        reason: e.to_string(),
    })
}

pub(super) fn deserialize<R: Record>(id: &str, document: Bson) -> Result<R, StoreError> {
    // By way of JSON, whose deserializer can say where it failed.
    let json: serde_json::Value =
        deserialize_from_bson(document).map_err(|_| StoreError::Corrupt {
            collection: R::COLLECTION,
            reason: format!("{id}: is no document"),
        })?;
    serde_path_to_error::deserialize(json).map_err(|e| corrupt::<R, _>(id, &e))
}
