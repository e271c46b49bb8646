use mongodb::error::{Error, ErrorKind, WriteFailure};

use super::indexes;
use crate::ports::StoreError;

/// A value of a unique index is taken.
const DUPLICATE_KEY: i32 = 11000;

/// What driver or server said, in the words of the port. Messages about documents may quote them,
/// so of those only the code is told.
pub(super) fn store_error(error: &Error) -> StoreError {
    if let Some(unique) = duplicate(error).and_then(indexes::unique_in) {
        return StoreError::Duplicate(unique);
    }
    StoreError::Unavailable(match &*error.kind {
        ErrorKind::Command(e) => format!("the server answered {} ({})", e.code_name, e.code),
        ErrorKind::Write(WriteFailure::WriteError(e)) => {
            format!("the server refused a write with code {}", e.code)
        }
        ErrorKind::Write(WriteFailure::WriteConcernError(e)) => {
            format!(
                "the write was not acknowledged: {} ({})",
                e.code_name, e.code
            )
        }
        ErrorKind::Authentication { .. } => "the server refused user name or password".into(),
        // Neither of them names more than hosts and states.
        ErrorKind::ServerSelection { message, .. } => message.clone(),
        ErrorKind::Io(e) => e.to_string(),
        other => format!("{other:?}")
            .split([' ', '(', '{'])
            .next()
            .unwrap_or("driver error")
            .to_owned(),
    })
}

/// Whether a unique index refused the write.
pub(super) fn is_duplicate(error: &Error) -> bool {
    duplicate(error).is_some()
}

fn duplicate(error: &Error) -> Option<&str> {
    match &*error.kind {
        ErrorKind::Write(WriteFailure::WriteError(e)) if e.code == DUPLICATE_KEY => {
            Some(&e.message)
        }
        ErrorKind::Command(e) if e.code == DUPLICATE_KEY => Some(&e.message),
        _ => None,
    }
}
