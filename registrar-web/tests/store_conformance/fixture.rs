//! A store of its own for each test, removed afterwards.

use std::future::Future;
use std::io::Write;
use std::panic::resume_unwind;
use std::sync::Arc;

use registrar_web::ports::Store;
use registrar_web::store::{MongoStore, SqliteStore};
use uuid::Uuid;

use crate::server;

/// A store, and the way around it.
pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) place: Place,
}

#[derive(Clone)]
pub(crate) enum Place {
    Sqlite(Arc<tempfile::TempDir>),
    Mongodb { uri: String, database: String },
}

impl Place {
    pub(crate) fn new_directory() -> Self {
        Self::Sqlite(Arc::new(tempfile::tempdir().unwrap()))
    }

    pub(crate) fn new_database(uri: &str) -> Self {
        let name = tempfile::Builder::new().tempfile().unwrap();
        let random = name.path().file_name().unwrap().to_str().unwrap();
        let pid = std::process::id();
        Self::Mongodb {
            uri: uri.to_owned(),
            database: format!("registrar_test_{pid}_{}", random.trim_start_matches('.')),
        }
    }

    /// Opens a store there: another instance of the service.
    pub(crate) async fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Sqlite(directory) => Arc::new(SqliteStore::open(directory.path()).unwrap()),
            Self::Mongodb { uri, database } => {
                Arc::new(MongoStore::connect(uri, database).await.unwrap())
            }
        }
    }

    /// Puts nonsense where a record's `version` stands in its document.
    pub(crate) async fn spoil(&self, collection: &str, id: Uuid) {
        match self {
            Self::Sqlite(directory) => {
                let c = rusqlite::Connection::open(directory.path().join("registrar.db")).unwrap();
                let sql = format!(
                    "UPDATE {collection} SET document = json_set(document, '$.version', 'secret') WHERE id = ?"
                );
                assert_eq!(c.execute(&sql, [id.to_string()]).unwrap(), 1);
            }
            Self::Mongodb { uri, database } => {
                use mongodb::bson::{Document, doc};
                let client = mongodb::Client::with_uri_str(uri).await.unwrap();
                let found = client
                    .database(database)
                    .collection::<Document>(collection)
                    .update_one(
                        doc! { "_id": id.to_string() },
                        doc! { "$set": { "document.version": "secret" } },
                    )
                    .await
                    .unwrap();
                assert_eq!(found.modified_count, 1);
                client.shutdown().await;
            }
        }
    }

    pub(crate) async fn remove(&self) {
        if let Self::Mongodb { uri, database } = self {
            let client = mongodb::Client::with_uri_str(uri).await.unwrap();
            client.database(database).drop().await.unwrap();
            client.shutdown().await;
        }
    }
}

/// Says something that the test harness does not keep to itself.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

pub(crate) async fn on_sqlite<F: Future<Output = ()> + Send + 'static>(
    promise: impl FnOnce(Arc<Fixture>) -> F,
) {
    on(Place::new_directory(), promise).await;
}

pub(crate) async fn on_mongodb<F: Future<Output = ()> + Send + 'static>(
    promise: impl FnOnce(Arc<Fixture>) -> F,
) {
    if let Some(uri) = server::shared() {
        on(Place::new_database(&uri), promise).await;
    }
}

async fn on<F: Future<Output = ()> + Send + 'static>(
    place: Place,
    promise: impl FnOnce(Arc<Fixture>) -> F,
) {
    let fixture = Arc::new(Fixture {
        store: place.open().await,
        place: place.clone(),
    });
    let result = tokio::spawn(promise(Arc::clone(&fixture))).await;
    fixture.store.close().await;
    place.remove().await;
    if let Err(e) = result {
        resume_unwind(e.into_panic());
    }
}
