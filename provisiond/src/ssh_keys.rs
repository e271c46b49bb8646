//! The SSH keys that came over the web: one root-owned file an account, outside of the homes.
//!
//! sshd(8) reads them by `AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/registrar_keys/%u`.
//! With `StrictModes` it takes such a file if it, and each directory above it, belongs to root or
//! the user and is writable for its owner only. The file is readable for all, as sshd opens it as
//! the user.

use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;

use nix::unistd::fsync;
use provision_api::{SshPublicKey, Username};

use crate::crash_point;
use crate::dirfd::{self, TrustError};

/// Sixteen keys of 16384 bits with their comments fit well.
const MAX_BYTES: u64 = 256 << 10;
const MODE: u32 = 0o644;

/// The directory of the key files.
#[derive(Clone, Debug)]
pub struct KeyDirectory {
    path: PathBuf,
}

/// What can go wrong with a key file.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// Others than root could change what is in the directory.
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    /// The kernel refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The key file.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
}

impl KeyDirectory {
    /// The keys in the directory `path`, which must be there, root:root with mode 0755.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Replaces the keys of an account; without any, the file goes.
    ///
    /// # Errors
    /// The directory can't be trusted or written. The old keys are then still there.
    pub fn write(&self, username: &Username, keys: &[SshPublicKey]) -> Result<(), KeyFileError> {
        if keys.is_empty() {
            return self.remove(username);
        }
        let mut text = format!(
            "# Keys of {username}, written by provisiond. Change them on the registrar's page, or\n\
             # add your own to ~/.ssh/authorized_keys: this file is replaced as a whole.\n"
        );
        for key in keys {
            text.push_str(key.as_line());
            text.push('\n');
        }
        let dir = self.open()?;
        let name = username.as_str();
        let draft = draft_of(username);
        crash_point::at("keys.write.before");
        dirfd::replace_file(&dir, name, draft.as_str(), text.as_bytes(), MODE)
            .map_err(|source| self.io(username, source))?;
        crash_point::at("keys.write.after");
        Ok(())
    }

    /// Removes the keys of an account, if there are any.
    ///
    /// # Errors
    /// The directory can't be trusted or written.
    pub fn remove(&self, username: &Username) -> Result<(), KeyFileError> {
        let dir = self.open()?;
        crash_point::at("keys.remove.before");
        let draft = draft_of(username);
        dirfd::remove_name(&dir, username.as_str())
            // What a crash left in the middle of a write goes as well.
            .and_then(|was_there| Ok(dirfd::remove_name(&dir, draft.as_str())? || was_there))
            .and_then(|was_there| if was_there { fsync(&dir) } else { Ok(()) })
            .map_err(|e| self.io(username, e.into()))?;
        crash_point::at("keys.remove.after");
        Ok(())
    }

    /// Whether there is a key file for the account.
    ///
    /// # Errors
    /// As for [`KeyDirectory::count`].
    pub fn exists(&self, username: &Username) -> Result<bool, KeyFileError> {
        Ok(self.read(username)?.is_some())
    }

    /// How many keys there are for the account.
    ///
    /// # Errors
    /// The directory can't be trusted, or the file is no regular file or can't be read.
    pub fn count(&self, username: &Username) -> Result<usize, KeyFileError> {
        let content = self.read(username)?.unwrap_or_default();
        let is_key = |line: &&[u8]| !line.is_empty() && !line.starts_with(b"#");
        Ok(content.split(|byte| *byte == b'\n').filter(is_key).count())
    }

    /// Where the keys of an account are.
    #[must_use]
    pub fn file_of(&self, username: &Username) -> PathBuf {
        self.path.join(username.as_str())
    }

    fn read(&self, username: &Username) -> Result<Option<Vec<u8>>, KeyFileError> {
        dirfd::read_file(self.open()?, username.as_str(), MAX_BYTES)
            .map_err(|source| self.io(username, source))
    }

    fn open(&self) -> Result<OwnedFd, KeyFileError> {
        Ok(dirfd::open_trusted(&self.path)?)
    }

    fn io(&self, username: &Username, source: io::Error) -> KeyFileError {
        KeyFileError::Io {
            path: self.file_of(username),
            source,
        }
    }
}

/// Under which name a key file is written. A dot can't start a username, so sshd never takes it
/// for somebody's file.
fn draft_of(username: &Username) -> String {
    format!(".{username}")
}
