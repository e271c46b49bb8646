//! The store on a MongoDB server that several hosts share. Writes are acknowledged by a majority
//! and journaled; each changes one document.

mod bson;
mod error;
mod indexes;
mod limits;

use std::future::Future;
use std::time::Duration;

use ::mongodb::bson::{Bson, Document, doc};
use ::mongodb::options::{ClientOptions, ReadConcern, ReturnDocument, WriteConcern};
use ::mongodb::{Client, Collection, Database};
use futures_util::TryStreamExt;
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::aggregates::DocumentStore;
use super::documents::{Documents, Order, Select};
use super::record::{Leased, Record, field};
use crate::ports::{LeaseRequest, LimitWindow, StoreError};
use bson::{date_from, date_until};
use error::{is_duplicate, store_error};

/// How long to look for a server that can be written to.
const SELECTION: Duration = Duration::from_secs(3);
/// How long the members of a replica set may take to acknowledge a write.
const ACKNOWLEDGED: Duration = Duration::from_secs(5);
/// How long one operation may take in all: a server that hangs must not hang us.
const OPERATION: Duration = Duration::from_secs(8);

/// The store in a MongoDB database.
pub type MongoStore = DocumentStore<Mongo>;

/// A connected client and its database.
#[derive(Debug)]
pub struct Mongo {
    client: Client,
    database: Database,
}

impl MongoStore {
    /// Connects, and declares the indexes that are missing.
    ///
    /// # Errors
    /// `Unavailable`: the connection string is wrong or no server answers. The text never holds
    /// any of the connection string but host names.
    pub async fn connect(uri: &str, database: &str) -> Result<Self, StoreError> {
        let options = options(uri).await?;
        let client = Client::with_options(options).map_err(|e| store_error(&e))?;
        let database = client.database(database);
        let documents = Mongo { client, database };
        match documents.declare_indexes().await {
            Ok(()) => Ok(Self { documents }),
            Err(e) => {
                documents.close().await;
                Err(e)
            }
        }
    }
}

async fn options(uri: &str) -> Result<ClientOptions, StoreError> {
    // What the driver says of a connection string may quote the password in it.
    let mut options = ClientOptions::parse(uri).await.map_err(|_| {
        StoreError::Unavailable(
            "the connection string can't be read; it looks like mongodb://USER:PASSWORD@HOST/?replicaSet=NAME"
                .into(),
        )
    })?;
    options
        .app_name
        .get_or_insert_with(|| "registrar-web".into());
    options.server_selection_timeout.get_or_insert(SELECTION);
    options.connect_timeout.get_or_insert(SELECTION);
    options.retry_writes = Some(true);
    options.retry_reads = Some(true);
    options.read_concern = Some(ReadConcern::majority());
    let mut majority = WriteConcern::majority();
    majority.journal = Some(true);
    majority.w_timeout = Some(ACKNOWLEDGED);
    options.write_concern = Some(majority);
    // Whatever the string says: a stale read would undo what was just written.
    options.selection_criteria = None;
    Ok(options)
}

impl Mongo {
    fn collection<R: Record>(&self) -> Collection<Document> {
        self.database.collection(R::COLLECTION)
    }
}

/// Bounds an operation and puts its failure into the words of the port.
async fn bounded<T>(
    operation: impl Future<Output = ::mongodb::error::Result<T>>,
) -> Result<T, StoreError> {
    match tokio::time::timeout(OPERATION, operation).await {
        Ok(result) => result.map_err(|e| store_error(&e)),
        Err(_) => Err(StoreError::Unavailable(format!(
            "no answer within {} s",
            OPERATION.as_secs()
        ))),
    }
}

/// The document of a record: what it is found by beside the record itself.
fn stored<R: Record>(record: &R) -> Result<Document, StoreError> {
    let mut document = doc! {
        "_id": record.id().to_string(),
        "version": version(record.version()),
    };
    for (field, key) in R::FIELDS.iter().zip(record.keys()) {
        if let Some(key) = key {
            document.insert(*field, bson::key(key));
        }
    }
    document.insert("document", bson::serialize::<R, _>(record)?);
    Ok(document)
}

fn version(version: u64) -> i64 {
    i64::try_from(version).unwrap_or(i64::MAX)
}

/// The record of a document. The version beside it is the one that counts.
fn record<R: Record>(mut stored: Document) -> Result<R, StoreError> {
    let id = stored.get_str("_id").unwrap_or("?").to_owned();
    let version = stored.get_i64("version").unwrap_or_default();
    let document = stored.remove("document").unwrap_or(Bson::Null);
    let mut record: R = bson::deserialize::<R>(&id, document)?;
    record.set_version(version.unsigned_abs());
    Ok(record)
}

fn filter_of(select: Select) -> Document {
    match select {
        Select::Has(field) => doc! { field: { "$exists": true } },
        Select::Is(field, value) => doc! { field: value },
    }
}

impl Documents for Mongo {
    async fn insert<R: Record>(&self, new: &R) -> Result<(), StoreError> {
        let document = stored(new)?;
        bounded(async { self.collection::<R>().insert_one(document).await }).await?;
        Ok(())
    }

    async fn get<R: Record>(&self, id: Uuid) -> Result<Option<R>, StoreError> {
        let id = id.to_string();
        bounded(async { self.collection::<R>().find_one(doc! { "_id": id }).await })
            .await?
            .map(record)
            .transpose()
    }

    async fn find<R: Record>(
        &self,
        field: &'static str,
        value: &str,
    ) -> Result<Option<R>, StoreError> {
        let filter = doc! { field: value };
        bounded(async {
            self.collection::<R>()
                .find_one(filter)
                .sort(doc! { "_id": -1 })
                .await
        })
        .await?
        .map(record)
        .transpose()
    }

    async fn replace<R: Record>(&self, mut changed: R) -> Result<R, StoreError> {
        let filter =
            doc! { "_id": changed.id().to_string(), "version": version(changed.version()) };
        changed.set_version(changed.version().saturating_add(1));
        let document = stored(&changed)?;
        let before = bounded(async {
            self.collection::<R>()
                .find_one_and_replace(filter, document)
                .projection(doc! { "_id": 1 })
                .await
        })
        .await?;
        before.map(|_| changed).ok_or(StoreError::Conflict)
    }

    async fn delete<R: Record>(&self, id: Uuid, at: Option<u64>) -> Result<bool, StoreError> {
        let mut filter = doc! { "_id": id.to_string() };
        if let Some(at) = at {
            filter.insert("version", version(at));
        }
        let done = bounded(async { self.collection::<R>().delete_one(filter).await }).await?;
        Ok(done.deleted_count > 0)
    }

    async fn lease<R: Leased>(&self, wish: &LeaseRequest) -> Result<Option<R>, StoreError> {
        let now = date_until(wish.now);
        let filter = doc! {
            field::DUE_AT: { "$lte": now },
            // Also true of those that have none.
            field::LEASED_UNTIL: { "$not": { "$gt": now } },
        };
        let lease = crate::domain::Lease {
            owner: wish.owner.clone(),
            until: wish.until,
        };
        let update = doc! {
            "$set": {
                field::LEASED_UNTIL: date_from(wish.until),
                "document.work.lease": bson::serialize::<R, _>(&lease)?,
            },
            "$inc": { "version": 1_i64 },
        };
        bounded(async {
            self.collection::<R>()
                .find_one_and_update(filter, update)
                .sort(doc! { field::DUE_AT: 1 })
                .return_document(ReturnDocument::After)
                .await
        })
        .await?
        .map(record)
        .transpose()
    }

    async fn list<R: Record>(
        &self,
        select: Select,
        order: Order,
        after: Option<Uuid>,
        limit: usize,
    ) -> Result<Vec<R>, StoreError> {
        let mut filter = filter_of(select);
        let (beyond, direction) = match order {
            Order::OldestFirst => ("$gt", 1),
            Order::NewestFirst => ("$lt", -1),
        };
        if let Some(after) = after {
            filter.insert("_id", doc! { beyond: after.to_string() });
        }
        let found: Vec<Document> = bounded(async {
            self.collection::<R>()
                .find(filter)
                .sort(doc! { "_id": direction })
                .limit(i64::try_from(limit).unwrap_or(i64::MAX))
                .await?
                .try_collect()
                .await
        })
        .await?;
        found.into_iter().map(record).collect()
    }

    async fn count<R: Record>(&self, select: Select) -> Result<u64, StoreError> {
        let filter = filter_of(select);
        bounded(async { self.collection::<R>().count_documents(filter).await }).await
    }

    async fn count_to<R: Record>(&self, select: Select, id: Uuid) -> Result<u64, StoreError> {
        let mut filter = filter_of(select);
        filter.insert("_id", doc! { "$lte": id.to_string() });
        bounded(async { self.collection::<R>().count_documents(filter).await }).await
    }

    async fn count_before<R: Record>(
        &self,
        field: &'static str,
        time: Timestamp,
    ) -> Result<u64, StoreError> {
        let filter = doc! { field: { "$lt": date_until(time) } };
        bounded(async { self.collection::<R>().count_documents(filter).await }).await
    }

    async fn delete_before<R: Record>(
        &self,
        field: &'static str,
        time: Timestamp,
    ) -> Result<u64, StoreError> {
        let filter = doc! { field: { "$lt": date_until(time) } };
        let done = bounded(async { self.collection::<R>().delete_many(filter).await }).await?;
        Ok(done.deleted_count)
    }

    async fn count_limit(
        &self,
        key: &str,
        window: SignedDuration,
        now: Timestamp,
    ) -> Result<LimitWindow, StoreError> {
        limits::count(&self.database, key, window, now).await
    }

    async fn limit(&self, key: &str, now: Timestamp) -> Result<Option<LimitWindow>, StoreError> {
        limits::running(&self.database, key, now).await
    }

    async fn forget_limits(&self, now: Timestamp) -> Result<u64, StoreError> {
        limits::forget(&self.database, now).await
    }

    async fn describe(&self) -> Result<String, StoreError> {
        let info = bounded(async { self.database.run_command(doc! { "buildInfo": 1 }).await });
        let info = info.await?;
        let version = info.get_str("version").unwrap_or("of unknown version");
        // Servers that only speak the protocol name themselves beside the version they speak.
        let itself = info
            .iter()
            .find(|(name, _)| name.to_ascii_lowercase().ends_with("version") && *name != "version")
            .and_then(|(name, value)| Some(format!(" ({name} {})", value.as_str()?)));
        Ok(format!("MongoDB {version}{}", itself.unwrap_or_default()))
    }

    async fn close(&self) {
        // A connection that hangs is not worth waiting for.
        let shutdown = self.client.clone().shutdown();
        let _ = tokio::time::timeout(OPERATION, async { shutdown.await }).await;
    }
}
