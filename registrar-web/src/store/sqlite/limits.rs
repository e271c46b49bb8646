use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use super::connection::{self, Durability};
use super::error::{is_damaged, store_error};
use super::queries::{execute, nanos};
use crate::ports::{LimitWindow, StoreError};

const MIGRATIONS: &[&str] = &[include_str!("limits_1.sql")];

/// Opens the database of counters. A power cut may damage it, as nothing waits for the disk; then
/// counting begins anew.
pub(super) fn open(file: &Path) -> Result<Connection, StoreError> {
    if is_broken(file) {
        tracing::warn!(file = %file.display(), "the counters of limits are damaged and begin anew");
        for suffix in ["", "-wal", "-shm"] {
            let mut path = file.as_os_str().to_owned();
            path.push(suffix);
            // One that is not there is as good; any other failure shows when it is opened.
            let _ = std::fs::remove_file(PathBuf::from(path));
        }
    }
    connection::open(file, Durability::Process, MIGRATIONS)
}

fn is_broken(file: &Path) -> bool {
    let check = || -> rusqlite::Result<bool> {
        let c = Connection::open_with_flags(file, rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        c.query_row("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0))
            .map(|word| word != "ok")
    };
    file.exists() && check().unwrap_or_else(|e| is_damaged(&e))
}

pub(super) fn count(
    c: &Connection,
    key: &str,
    window: SignedDuration,
    now: Timestamp,
) -> Result<LimitWindow, StoreError> {
    // A window never lasts longer than asked for, even if the clock was set back meanwhile.
    let sql = "INSERT INTO limits (key, count, resets_at) VALUES (?1, 1, ?2)
        ON CONFLICT (key) DO UPDATE SET
            count = CASE WHEN resets_at > ?3 THEN min(count + 1, 4294967295) ELSE 1 END,
            resets_at = CASE WHEN resets_at > ?3 THEN min(resets_at, ?2) ELSE ?2 END
        RETURNING count, resets_at";
    let fresh = now.checked_add(window).unwrap_or(Timestamp::MAX);
    let (count, resets_at): (u32, i64) = c
        .prepare_cached(sql)
        .and_then(|mut s| {
            s.query_row(params![key, nanos(fresh), nanos(now)], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
        })
        .map_err(store_error)?;
    Ok(LimitWindow {
        count,
        resets_at: Timestamp::from_nanosecond(i128::from(resets_at)).unwrap_or(fresh),
    })
}

pub(super) fn running(
    c: &Connection,
    key: &str,
    now: Timestamp,
) -> Result<Option<LimitWindow>, StoreError> {
    let sql = "SELECT count, resets_at FROM limits WHERE key = ? AND resets_at > ?";
    let found: Option<(u32, i64)> = c
        .prepare_cached(sql)
        .and_then(|mut s| {
            let pair = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
            s.query_row(params![key, nanos(now)], pair).optional()
        })
        .map_err(store_error)?;
    Ok(found.map(|(count, resets_at)| LimitWindow {
        count,
        resets_at: Timestamp::from_nanosecond(i128::from(resets_at)).unwrap_or(now),
    }))
}

pub(super) fn forget(c: &Connection, now: Timestamp) -> Result<u64, StoreError> {
    execute(c, "DELETE FROM limits WHERE resets_at <= ?", [nanos(now)]).map(|n| n as u64)
}

pub(super) fn ping(c: &Connection) -> Result<(), StoreError> {
    c.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
        .map_err(store_error)
}
