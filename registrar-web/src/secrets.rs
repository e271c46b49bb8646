//! Secrets of the service's own: read from files that nobody else may read, made on first start.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::crash_point;
use crate::domain::VerificationKey;
use crate::ports::{Entropy, EntropyExt};

/// Why a secret can't be had.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file can't be read or made.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others may read it.
    #[error("{path} can be read by others; make it yours alone: chmod 600 {path}")]
    Exposed {
        /// Which.
        path: PathBuf,
    },
    /// It is not what it should be.
    #[error(
        "{path} does not hold 32 bytes; put the file back from a backup, or remove it to have a new key made (mails that are under way then no longer verify)"
    )]
    Malformed {
        /// Which.
        path: PathBuf,
    },
}

/// The key of verification tokens, in the state directory; made when it is not there.
///
/// # Errors
/// See [`SecretError`].
pub fn verification_key(
    directory: &Path,
    entropy: &dyn Entropy,
) -> Result<VerificationKey, SecretError> {
    let path = directory.join("verification.key");
    let file = |source| SecretError::File {
        path: path.clone(),
        source,
    };
    match read(&path, 64)? {
        Some(bytes) => {
            let key = <[u8; 32]>::try_from(bytes.as_slice());
            Ok(VerificationKey::new(
                key.map_err(|_| SecretError::Malformed { path })?,
            ))
        }
        None => {
            let key: [u8; 32] = entropy.bytes();
            make(directory, &path, &key).map_err(file)?;
            Ok(VerificationKey::new(key))
        }
    }
}

/// Reads a file that nobody else may read, up to that many bytes; `None` when there is none.
pub(crate) fn read(path: &Path, most: u64) -> Result<Option<Zeroizing<Vec<u8>>>, SecretError> {
    let file = |source| SecretError::File {
        path: path.to_owned(),
        source,
    };
    match OpenOptions::new().read(true).open(path) {
        Ok(open) => {
            if open.metadata().map_err(file)?.permissions().mode() & 0o077 != 0 {
                return Err(SecretError::Exposed {
                    path: path.to_owned(),
                });
            }
            let mut bytes = Zeroizing::new(Vec::new());
            open.take(most).read_to_end(&mut bytes).map_err(file)?;
            Ok(Some(bytes))
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(file(e)),
    }
}

/// Writes a new file whole or not at all, so that a crash leaves no half key.
pub(crate) fn make(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    crash_point::at("key.made.before");
    let partial = write_beside(directory, path, bytes)?;
    crash_point::at("key.made.written");
    // Two instances that start at once: the first link wins and the other reads it on its restart.
    std::fs::hard_link(&partial, path)?;
    crash_point::at("key.made.linked");
    std::fs::remove_file(&partial)?;
    std::fs::File::open(directory)?.sync_all()?;
    crash_point::at("key.made.after");
    Ok(())
}

/// Puts a file in the place of another, whole or not at all.
pub(crate) fn replace(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let partial = write_beside(directory, path, bytes)?;
    std::fs::rename(&partial, path)?;
    std::fs::File::open(directory)?.sync_all()
}

fn write_beside(directory: &Path, path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let partial = path.with_extension("partial");
    // What a crash left may be a second name of the file itself: it must not be written to.
    match std::fs::remove_file(&partial) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(partial)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{RegistrationId, Timestamp, Verification};
    use crate::ports::OsEntropy;

    fn token(key: &VerificationKey) -> String {
        let id = RegistrationId::new(uuid::Uuid::from_u128(1));
        let at = Timestamp::UNIX_EPOCH;
        Verification::issue(key, id, [0; 16], at, at)
            .token
            .as_str()
            .to_owned()
    }

    #[test]
    fn the_key_is_made_once_for_the_owner_alone_and_survives_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state");
        let first = verification_key(&state, &OsEntropy).unwrap();
        let again = verification_key(&state, &OsEntropy).unwrap();
        assert_eq!(token(&first), token(&again));
        let mode = std::fs::metadata(state.join("verification.key"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_cut_off_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        verification_key(dir.path(), &OsEntropy).unwrap();
        let path = dir.path().join("verification.key");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(
            verification_key(dir.path(), &OsEntropy),
            Err(SecretError::Exposed { .. })
        ));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
        std::fs::write(&path, b"short").unwrap();
        assert!(matches!(
            verification_key(dir.path(), &OsEntropy),
            Err(SecretError::Malformed { .. })
        ));
    }

    #[test]
    fn what_a_crash_left_beside_a_file_is_not_a_way_to_write_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("some.key");
        make(dir.path(), &path, b"old").unwrap();
        let read_again = std::fs::File::open(&path).unwrap();
        // As after the link and before the removal.
        std::fs::hard_link(&path, path.with_extension("partial")).unwrap();
        replace(dir.path(), &path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
        let mut before = String::new();
        (&read_again).read_to_string(&mut before).unwrap();
        assert_eq!(before, "old", "replaced whole, not written over");
        assert!(!path.with_extension("partial").exists());
    }
}
