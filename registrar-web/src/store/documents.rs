use std::future::Future;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::record::{Leased, Record};
use crate::ports::{LeaseRequest, LimitWindow, StoreError};

/// Which records of a kind to list.
#[derive(Clone, Debug)]
pub(super) enum Select {
    /// Those that have the field.
    Has(&'static str),
    /// Those whose field has the value.
    Is(&'static str, String),
}

/// In which order to list them: that of their ids, or the other way round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Ids ascend.
    OldestFirst,
    /// Ids descend.
    NewestFirst,
}

/// What a database has to be able to do. Every operation changes one record, atomically; when it
/// returns `Ok` the change is durable.
pub(super) trait Documents: Send + Sync + 'static {
    fn insert<R: Record>(&self, new: &R) -> impl Future<Output = Result<(), StoreError>> + Send;

    fn get<R: Record>(
        &self,
        id: Uuid,
    ) -> impl Future<Output = Result<Option<R>, StoreError>> + Send;

    /// The one whose field has the value; of several, the latest made.
    fn find<R: Record>(
        &self,
        field: &'static str,
        value: &str,
    ) -> impl Future<Output = Result<Option<R>, StoreError>> + Send;

    /// Stores the record with one more than its version if its version is the stored one;
    /// otherwise `Conflict`.
    fn replace<R: Record>(&self, changed: R) -> impl Future<Output = Result<R, StoreError>> + Send;

    /// Deletes the record, only at that version if one is given; says whether it did.
    fn delete<R: Record>(
        &self,
        id: Uuid,
        version: Option<u64>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes the lease of the record that is free and longest overdue. One that can't be read is
    /// put aside until the lease would have ended, so that it does not hold up the others.
    fn lease<R: Leased>(
        &self,
        wish: &LeaseRequest,
    ) -> impl Future<Output = Result<Option<R>, StoreError>> + Send;

    /// At most `limit` in that order, after that id.
    fn list<R: Record>(
        &self,
        select: Select,
        order: Order,
        after: Option<Uuid>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<R>, StoreError>> + Send;

    /// How many there are.
    fn count<R: Record>(
        &self,
        select: Select,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// How many of them were made no later than the one of that id.
    fn count_to<R: Record>(
        &self,
        select: Select,
        id: Uuid,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// How many have a time in the field that is before this one.
    fn count_before<R: Record>(
        &self,
        field: &'static str,
        time: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Deletes those that have a time in the field that is before this one.
    fn delete_before<R: Record>(
        &self,
        field: &'static str,
        time: Timestamp,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send;

    fn count_limit(
        &self,
        key: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> impl Future<Output = Result<LimitWindow, StoreError>> + Send;

    /// The window without counting, if it runs.
    fn limit(
        &self,
        key: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<LimitWindow>, StoreError>> + Send;

    fn forget_limits(&self, now: Timestamp)
    -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Name and version of what keeps the records.
    fn describe(&self) -> impl Future<Output = Result<String, StoreError>> + Send;

    fn close(&self) -> impl Future<Output = ()> + Send;
}
