use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::error::store_error;
use crate::ports::StoreError;

/// Steps of the schema of records; `PRAGMA user_version` counts those that were taken. Steps are
/// only ever added.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
];

/// How long a connection waits for one of another process.
const BUSY: Duration = Duration::from_secs(5);

/// What a commit survives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Durability {
    /// A power cut.
    Full,
    /// The end of the process.
    Process,
}

/// Opens a database for writing and brings its schema up to date.
pub(super) fn open(
    file: &Path,
    durability: Durability,
    migrations: &[&str],
) -> Result<Connection, StoreError> {
    let named = |e: StoreError| match e {
        StoreError::Unavailable(text) => {
            StoreError::Unavailable(format!("{}: {text}", file.display()))
        }
        other => other,
    };
    private(file)
        .map_err(|e| StoreError::Unavailable(e.to_string()))
        .and_then(|()| {
            let mut connection = connect(file).map_err(store_error)?;
            let synchronous = match durability {
                Durability::Full => "FULL",
                Durability::Process => "OFF",
            };
            connection
                .pragma_update(None, "synchronous", synchronous)
                .map_err(store_error)?;
            write_ahead(&connection).map_err(store_error)?;
            migrate(&mut connection, migrations)?;
            Ok(connection)
        })
        .map_err(named)
}

/// Opens a database that [`open`] has prepared, for reading.
pub(super) fn reader(file: &Path) -> Result<Connection, StoreError> {
    let connection = connect(file).map_err(store_error)?;
    connection
        .pragma_update(None, "query_only", true)
        .map_err(store_error)?;
    Ok(connection)
}

/// Makes the file if it is missing; SQLite gives its companions (`-wal`, `-shm`) the same mode.
fn private(file: &Path) -> std::io::Result<()> {
    let opened = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)?;
    if opened.metadata()?.permissions().mode() & 0o077 != 0 {
        opened.set_permissions(Permissions::from_mode(0o600))?;
    }
    Ok(())
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    // Each connection is used by one thread at a time, so SQLite's own mutex is not needed.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.pragma_update(None, "foreign_keys", false)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -1024)?;
    Ok(connection)
}

/// Switches to the write-ahead log. The switch does not wait for other connections by itself.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let deadline = Instant::now() + BUSY;
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(e)
                if e.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && Instant::now() < deadline =>
            {
                std::thread::sleep(Duration::from_millis(20));
            }
            result => {
                result?;
                return connection.pragma_update(None, "journal_size_limit", 8 << 20);
            }
        }
    }
}

fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    // Another process may be at it: the lock comes before the question.
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(store_error)?;
    let taken: usize = transaction
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(store_error)?;
    let Some(missing) = steps.get(taken..) else {
        return Err(StoreError::Unavailable(format!(
            "has schema {taken}, made by a newer version of this program, which knows up to {}",
            steps.len()
        )));
    };
    for step in missing {
        transaction.execute_batch(step).map_err(store_error)?;
    }
    transaction
        .pragma_update(None, "user_version", steps.len())
        .map_err(store_error)?;
    transaction.commit().map_err(store_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_before_are_found_by_what_was_added_since() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("registrar.db");
        let old = open(&file, Durability::Process, &MIGRATIONS[..3]).unwrap();
        for (id, document) in [
            ("1", r#"{"role": "operator", "state": "suspended"}"#),
            ("2", r#"{"role": "client_user", "state": "active"}"#),
            ("3", "torn {"),
        ] {
            let sql = "INSERT INTO users (id, version, document, username) VALUES (?1, 1, ?2, ?1)";
            old.execute(sql, [id, document]).unwrap();
        }
        drop(old);
        let new = open(&file, Durability::Process, MIGRATIONS).unwrap();
        let mut query = new
            .prepare("SELECT id, staff, closed FROM users ORDER BY id")
            .unwrap();
        let rows = query
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .unwrap();
        let rows: Vec<(String, Option<String>, Option<String>)> =
            rows.collect::<Result<_, _>>().unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            rows,
            [
                ("1".into(), some("operator"), some("suspended")),
                ("2".into(), None, None),
                ("3".into(), None, None),
            ]
        );
    }
}
