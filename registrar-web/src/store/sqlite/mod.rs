//! The embedded store: one file for records, written durably, and one for counters, written
//! without waiting for the disk.

mod connection;
mod error;
mod limits;
mod queries;
mod readers;
mod writer;

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::aggregates::DocumentStore;
use super::documents::{Documents, Order, Select};
use super::record::{Leased, Record};
use crate::ports::{LeaseRequest, LimitWindow, StoreError};
use connection::{Durability, MIGRATIONS};
use readers::Readers;
use writer::Writer;

/// Reads are short and a connection costs up to a megabyte of cache.
const READERS: usize = 2;

/// The store in SQLite files of a directory.
pub type SqliteStore = DocumentStore<Sqlite>;

/// An open database of records and one of counters.
#[derive(Debug)]
pub struct Sqlite {
    writer: Writer,
    readers: Readers,
    limits: Writer,
}

impl SqliteStore {
    /// Opens the databases `registrar.db` and `limits.db` in the directory; makes what is missing,
    /// the directory with mode 0700 and files with 0600. Blocks.
    ///
    /// # Errors
    /// `Unavailable`: the files can't be used, or a newer version of the program made them.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|e| StoreError::Unavailable(format!("{}: {e}", directory.display())))?;
        let records = directory.join("registrar.db");
        let main = connection::open(&records, Durability::Full, MIGRATIONS)?;
        let readers = (0..READERS)
            .map(|_| connection::reader(&records))
            .collect::<Result<Vec<_>, _>>()?;
        let limits = limits::open(&directory.join("limits.db"))?;
        Ok(Self {
            documents: Sqlite {
                writer: Writer::start("store-writer", main)?,
                readers: Readers::new(readers),
                limits: Writer::start("limit-writer", limits)?,
            },
        })
    }
}

impl Documents for Sqlite {
    async fn insert<R: Record>(&self, new: &R) -> Result<(), StoreError> {
        let new = new.clone();
        self.writer.run(move |c| queries::insert(c, &new)).await
    }

    async fn get<R: Record>(&self, id: Uuid) -> Result<Option<R>, StoreError> {
        let id = id.to_string();
        self.readers.run(move |c| queries::find(c, "id", &id)).await
    }

    async fn find<R: Record>(
        &self,
        field: &'static str,
        value: &str,
    ) -> Result<Option<R>, StoreError> {
        let value = value.to_owned();
        self.readers
            .run(move |c| queries::find(c, field, &value))
            .await
    }

    async fn replace<R: Record>(&self, changed: R) -> Result<R, StoreError> {
        self.writer.run(move |c| queries::replace(c, changed)).await
    }

    async fn delete<R: Record>(&self, id: Uuid, version: Option<u64>) -> Result<bool, StoreError> {
        self.writer
            .run(move |c| queries::delete::<R>(c, id, version))
            .await
    }

    async fn lease<R: Leased>(&self, wish: &LeaseRequest) -> Result<Option<R>, StoreError> {
        let wish = wish.clone();
        self.writer.run(move |c| queries::lease(c, &wish)).await?
    }

    async fn list<R: Record>(
        &self,
        select: Select,
        order: Order,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<R>, StoreError> {
        self.readers
            .run(move |c| queries::list(c, select, order, after, limit))
            .await
    }

    async fn count<R: Record>(&self, select: Select) -> Result<u64, StoreError> {
        self.readers
            .run(move |c| queries::count::<R>(c, &select))
            .await
    }

    async fn count_to<R: Record>(&self, select: Select, id: Uuid) -> Result<u64, StoreError> {
        self.readers
            .run(move |c| queries::count_to::<R>(c, &select, id))
            .await
    }

    async fn count_before<R: Record>(
        &self,
        field: &'static str,
        time: Timestamp,
    ) -> Result<u64, StoreError> {
        self.readers
            .run(move |c| queries::count_before::<R>(c, field, time))
            .await
    }

    async fn delete_before<R: Record>(
        &self,
        field: &'static str,
        time: Timestamp,
    ) -> Result<u64, StoreError> {
        self.writer
            .run(move |c| queries::delete_before::<R>(c, field, time))
            .await
    }

    async fn count_limit(
        &self,
        key: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<LimitWindow, StoreError> {
        let key = key.to_owned();
        self.limits
            .run(move |c| limits::count(c, &key, window, now))
            .await
    }

    async fn limit(&self, key: &str, now: Timestamp) -> Result<Option<LimitWindow>, StoreError> {
        let key = key.to_owned();
        self.limits
            .run(move |c| limits::running(c, &key, now))
            .await
    }

    async fn forget_limits(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.limits.run(move |c| limits::forget(c, now)).await
    }

    async fn describe(&self) -> Result<String, StoreError> {
        // Counters are asked as well: a request can't be answered without them.
        self.limits.run(limits::ping).await?;
        Ok(format!("SQLite {}", rusqlite::version()))
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        self.limits.close().await;
    }
}
