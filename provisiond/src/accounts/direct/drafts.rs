//! The files of the database as they are, and drafts of new ones: `edit` in the errors of accounts.

use std::os::fd::OwnedFd;

use super::Name;
use super::edit::{Current, Edit, Staged};
use crate::accounts::{AccountError, lines};

pub(super) fn read(etc: &OwnedFd, name: Name) -> Result<Option<Current>, AccountError> {
    let path = name.path();
    Current::read(etc, name).map_err(|source| AccountError::Unreadable { path, source })
}

pub(super) fn required(etc: &OwnedFd, name: Name) -> Result<Current, AccountError> {
    read(etc, name)?.ok_or_else(|| AccountError::Unreadable {
        path: name.path(),
        source: std::io::ErrorKind::NotFound.into(),
    })
}

/// Whether the name is there with that number already. Name or number in other hands is an error.
pub(super) fn is_there(
    kind: &str,
    file: &Current,
    name: &str,
    id: u32,
) -> Result<bool, AccountError> {
    let text = file.text();
    let with_number: Vec<_> = lines::numbered(text, id).collect();
    let named_so: Vec<_> = lines::named(text, name).collect();
    if named_so.iter().any(|line| !with_number.contains(line)) {
        return Err(AccountError::Foreign(format!(
            "the {kind} {name} exists with another number"
        )));
    }
    if with_number.iter().any(|line| !named_so.contains(line)) {
        return Err(AccountError::Foreign(format!(
            "another {kind} has the number {id}"
        )));
    }
    Ok(!named_so.is_empty())
}

/// Writes the new versions, or none.
pub(super) fn stage_all<'a>(
    etc: &OwnedFd,
    edits: impl IntoIterator<Item = Edit<'a>>,
) -> Result<Vec<Staged>, AccountError> {
    let mut staged: Vec<Staged> = Vec::new();
    for edit in edits {
        match edit.stage(etc) {
            Ok(new) => staged.push(new),
            Err(source) => {
                staged.iter().for_each(|new| new.discard(etc));
                return Err(unwritable(edit.name())(source));
            }
        }
    }
    Ok(staged)
}

pub(super) fn unwritable(name: Name) -> impl FnOnce(std::io::Error) -> AccountError {
    move |source| AccountError::Unwritable {
        path: name.path(),
        source,
    }
}
