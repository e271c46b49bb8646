mod invite;
mod mail;
mod registration;
pub(super) mod user;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::domain::Work;
use crate::ports::{StoreError, Unique};

/// Fields that a store keeps beside a document, to find it by.
pub(super) mod field {
    pub(in crate::store) const USERNAME: &str = "username";
    pub(in crate::store) const HELD_NAME: &str = "held_name";
    pub(in crate::store) const TOKEN: &str = "token";
    pub(in crate::store) const EMAIL: &str = "claimed_email";
    /// The role of who has more than the lowest.
    pub(in crate::store) const STAFF: &str = "staff";
    /// The state of who is not let in any more.
    pub(in crate::store) const CLOSED: &str = "closed";
    pub(in crate::store) const IN_GRACE: &str = "in_grace";
    pub(in crate::store) const HOST_PENDING: &str = "host_pending";
    /// The organisation of who was not deleted.
    pub(in crate::store) const ORGANISATION: &str = "organisation";
    pub(in crate::store) const INVITER: &str = "inviter";
    pub(in crate::store) const MAY_EXPIRE: &str = "may_expire";
    pub(in crate::store) const DEDUPE_KEY: &str = "dedupe_key";
    pub(in crate::store) const LISTING: &str = "listing";
    pub(in crate::store) const DUE_AT: &str = "due_at";
    pub(in crate::store) const LEASED_UNTIL: &str = "leased_until";
    pub(in crate::store) const ENDED_AT: &str = "ended_at";
    pub(in crate::store) const RESETS_AT: &str = "resets_at";
}

/// The value of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Compared as bytes.
    Text(String),
    /// Compared as time.
    Time(Timestamp),
}

/// A kind of record: a document with an id, a version and the fields that it is found by.
///
/// The fields are derived from the document with each write, by the domain's own functions, so
/// that they can't tell another story than it.
pub(super) trait Record:
    Serialize + DeserializeOwned + Clone + Send + Sync + 'static
{
    /// Table or collection.
    const COLLECTION: &'static str;
    /// The names that [`Record::keys`] gives, in its order.
    const FIELDS: &'static [&'static str];

    fn id(&self) -> Uuid;
    fn version(&self) -> u64;
    fn set_version(&mut self, version: u64);
    /// A missing value takes no part in an index: it is never found by and never a duplicate.
    fn keys(&self) -> Vec<Option<Key>>;
}

/// A record with work to be done.
pub(super) trait Leased: Record {
    fn work_mut(&mut self) -> &mut Work;
}

/// How the lists of registrations are told apart; a draft is in none.
pub(super) mod listing {
    pub(in crate::store) const RUNNING: &str = "running";
    pub(in crate::store) const IN_REVIEW: &str = "in-review";
    pub(in crate::store) const FAILED: &str = "failed";
    pub(in crate::store) const COMPLETE: &str = "complete";
}

/// Which value a unique field stands for.
pub(super) fn unique_of(field: &str) -> Option<Unique> {
    Some(match field {
        "id" | "_id" => Unique::Id,
        field::USERNAME | field::HELD_NAME => Unique::Username,
        field::EMAIL => Unique::Email,
        super::organisations::SLUG => Unique::Slug,
        field::DEDUPE_KEY => Unique::DedupeKey,
        field::TOKEN => Unique::Token,
        _ => return None,
    })
}

/// What to say of a document that doesn't parse: where, but never what stands there.
pub(super) fn corrupt<R: Record, E>(id: &str, error: &serde_path_to_error::Error<E>) -> StoreError {
    StoreError::Corrupt {
        collection: R::COLLECTION,
        reason: format!("{id}: `{}` is not as it must be", error.path()),
    }
}

pub(super) fn text(value: impl ToString) -> Option<Key> {
    Some(Key::Text(value.to_string()))
}

pub(super) fn due(work: &Work) -> Option<Key> {
    work.due_at.map(Key::Time)
}

pub(super) fn leased(work: &Work) -> Option<Key> {
    work.lease.as_ref().map(|lease| Key::Time(lease.until))
}
