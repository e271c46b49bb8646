//! Where records are kept: one set of rules for two databases.
//!
//! [`record`] says what each kind of record is found by, [`aggregates`] turns the store port into
//! the few operations of [`documents`], and the adapters `sqlite` and `mongodb` carry those out.

mod aggregates;
mod audit;
mod documents;
mod events;
mod mongodb;
mod organisations;
mod record;
mod sessions;
mod sqlite;

use std::path::Path;
use std::sync::Arc;

pub use aggregates::DocumentStore;
pub use mongodb::MongoStore;
pub use sqlite::SqliteStore;

use crate::config::{StoreKind, StoreSettings};
use crate::ports::{Store, StoreError};

/// Opens the store that the settings name; makes files, tables and indexes that are missing.
///
/// # Errors
/// [`StoreError::Unavailable`]; its text never holds the connection string.
pub async fn open(settings: &StoreSettings) -> Result<Arc<dyn Store>, StoreError> {
    match settings.kind {
        StoreKind::Sqlite => {
            let directory = settings.directory.clone();
            let opened = tokio::task::spawn_blocking(move || SqliteStore::open(&directory));
            let store = opened
                .await
                .map_err(|e| StoreError::Unavailable(e.to_string()))??;
            Ok(Arc::new(store))
        }
        StoreKind::Mongodb => {
            let uri = connection_string(settings)?;
            Ok(Arc::new(
                MongoStore::connect(&uri, &settings.database).await?,
            ))
        }
    }
}

fn connection_string(settings: &StoreSettings) -> Result<String, StoreError> {
    match (&settings.uri_file, &settings.uri) {
        (Some(file), _) => read_uri(file),
        (None, Some(uri)) => Ok(uri.clone()),
        (None, None) => Err(StoreError::Unavailable(
            "store.uri_file names no file with the connection string".into(),
        )),
    }
}

fn read_uri(file: &Path) -> Result<String, StoreError> {
    let text = std::fs::read_to_string(file)
        .map_err(|e| StoreError::Unavailable(format!("{}: {e}", file.display())))?;
    match text.trim() {
        "" => Err(StoreError::Unavailable(format!(
            "{}: holds no connection string",
            file.display()
        ))),
        uri => Ok(uri.to_owned()),
    }
}
