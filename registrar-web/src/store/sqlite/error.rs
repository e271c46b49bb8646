use rusqlite::{Error, ErrorCode};

use crate::ports::StoreError;
use crate::store::record::unique_of;

/// What SQLite said, in the words of the port.
pub(super) fn store_error(error: Error) -> StoreError {
    if let Error::SqliteFailure(failure, Some(message)) = &error
        && failure.code == ErrorCode::ConstraintViolation
        && let Some(unique) = violated(message)
    {
        return StoreError::Duplicate(unique);
    }
    StoreError::Unavailable(error.to_string())
}

/// Reads `UNIQUE constraint failed: table.column`, as <https://sqlite.org/rescode.html> has it.
fn violated(message: &str) -> Option<crate::ports::Unique> {
    let column = message.strip_prefix("UNIQUE constraint failed: ")?;
    let (_table, column) = column.split_once('.')?;
    unique_of(column)
}

/// Whether the file is no database, or a damaged one.
pub(super) fn is_damaged(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase)
    )
}
