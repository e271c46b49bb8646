//! Opening a store as the settings say.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use registrar_web::config::{StoreKind, StoreSettings};
use registrar_web::ports::{Store, StoreError};
use registrar_web::store::{SqliteStore, open};

use crate::fixture::Place;
use crate::records::*;
use crate::server;

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn sqlite_files_are_for_the_service_alone() {
    let parent = tempfile::tempdir().unwrap();
    let settings = StoreSettings {
        directory: parent.path().join("lib/registrar"),
        ..StoreSettings::default()
    };
    let store = open(&settings).await.unwrap();
    store
        .insert_registration(&registration(1, "ada"))
        .await
        .unwrap();
    store.count("key", seconds(60), at(0)).await.unwrap();
    assert_eq!(mode(&settings.directory), 0o700);
    let mut files = 0;
    for file in std::fs::read_dir(&settings.directory).unwrap() {
        files += 1;
        assert_eq!(mode(&file.unwrap().path()), 0o600);
    }
    assert_eq!(files, 6, "two databases, each with its log and index of it");
    let health = store.health(at(0)).await.unwrap();
    assert!(health.description.starts_with("SQLite 3."), "{health:?}");
    store.close().await;
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    SqliteStore::open(directory.path()).unwrap().close().await;
    let file = directory.path().join("registrar.db");
    let c = rusqlite::Connection::open(&file).unwrap();
    c.pragma_update(None, "user_version", 99).unwrap();
    let Err(error) = SqliteStore::open(directory.path()) else {
        panic!()
    };
    assert!(matches!(error, StoreError::Unavailable(_)));
    let text = error.to_string();
    assert!(
        text.contains("registrar.db") && text.contains("newer"),
        "{text}"
    );
    let version: i64 = c
        .pragma_query_value(None, "user_version", |r| r.get(0))
        .unwrap();
    assert_eq!(version, 99);
}

#[tokio::test]
async fn damaged_counters_begin_anew_and_damaged_records_are_an_error() {
    let directory = tempfile::tempdir().unwrap();
    SqliteStore::open(directory.path()).unwrap().close().await;
    std::fs::write(directory.path().join("limits.db"), [7; 9000]).unwrap();
    let store = open(&StoreSettings {
        directory: directory.path().to_owned(),
        ..StoreSettings::default()
    })
    .await
    .unwrap();
    assert_eq!(
        store.count("key", seconds(60), at(0)).await.unwrap().count,
        1
    );
    store.close().await;

    let records = directory.path().join("registrar.db");
    std::fs::write(&records, [7; 9000]).unwrap();
    assert!(SqliteStore::open(directory.path()).is_err());
    assert_eq!(std::fs::read(&records).unwrap(), [7; 9000]);
}

#[tokio::test]
async fn the_connection_string_is_read_from_its_file() {
    let Some(uri) = server::shared() else { return };
    let place = Place::new_database(&uri);
    let Place::Mongodb { database, .. } = &place else {
        unreachable!()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    let settings = StoreSettings {
        kind: StoreKind::Mongodb,
        uri_file: Some(file.path().to_owned()),
        database: database.clone(),
        ..StoreSettings::default()
    };
    let Err(error) = open(&settings).await else {
        panic!()
    };
    assert!(
        error.to_string().contains(file.path().to_str().unwrap()),
        "{error}"
    );
    std::fs::write(file.path(), format!("{uri}\n")).unwrap();
    let store = open(&settings).await.unwrap();
    let health = store.health(at(0)).await.unwrap();
    crate::fixture::say(&format!("MongoDB tests ran against {}", health.description));
    store.close().await;
    place.remove().await;
}
