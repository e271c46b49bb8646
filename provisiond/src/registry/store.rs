use std::fs::{DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};

use super::{CREATION_WINDOW, Registry};
use crate::journal::{Event, Journal, JournalError};

/// How long a start waits for what an earlier provisiond left running.
const LOCK_WAIT: Duration = Duration::from_secs(20);

/// How many lines of history are kept in any case, so that a small journal is not written anew all
/// the time.
const SLACK: u64 = 20_000;

/// Why the state can't be opened or changed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory can't be used.
    #[error("state directory {}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Others could read or change the state.
    #[error("state directory {} must belong to uid {uid} with mode 0700", path.display())]
    Exposed {
        /// The directory.
        path: PathBuf,
        /// Who should own it.
        uid: u32,
    },
    /// Another provisiond, or a command that one left behind, still works on the host.
    #[error("another provisiond holds {}", path.display())]
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The registry on disk and in memory. One writer; any number of readers beside it.
#[derive(Debug)]
pub struct Store {
    journal: Journal,
    registry: Arc<RwLock<Registry>>,
    lock: Flock<File>,
    /// No rewrite before the journal has that many lines: the last try failed.
    compact_after: u64,
}

impl Store {
    /// Opens the state directory, makes it if it is missing, and replays the journal.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub fn open(directory: &Path, now: i64) -> Result<Self, StoreError> {
        let directory_error = |source| StoreError::Directory {
            path: directory.to_owned(),
            source,
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(directory_error)?;
        let meta = std::fs::symlink_metadata(directory).map_err(directory_error)?;
        let me = nix::unistd::geteuid().as_raw();
        if !meta.is_dir() || meta.uid() != me || meta.mode() & 0o077 != 0 {
            return Err(StoreError::Exposed {
                path: directory.to_owned(),
                uid: me,
            });
        }
        let lock = take_lock(directory)?;
        let opened = Journal::open(directory)?;
        let mut registry = Registry::new(opened.lines());
        let journal = opened.replay(|event, place| registry.apply(event, place))?;
        registry.forget_creations_before(now - CREATION_WINDOW);
        Ok(Self {
            journal,
            registry: Arc::new(RwLock::new(registry)),
            lock,
            compact_after: 0,
        })
    }

    /// Another handle of the lock on the state directory, for the tools that change accounts: each
    /// inherits it. So after a `kill -9` of provisiond the next start waits until the last of them
    /// has ended, and only then looks at what it did.
    ///
    /// # Errors
    /// No file descriptor is left.
    pub fn lock_handle(&self) -> io::Result<OwnedFd> {
        self.lock.as_fd().try_clone_to_owned()
    }

    /// A view for readers. It is locked for writing only while an event is taken in.
    #[must_use]
    pub fn shared(&self) -> Arc<RwLock<Registry>> {
        Arc::clone(&self.registry)
    }

    /// Asks the registry something.
    pub fn read<T>(&self, ask: impl FnOnce(&Registry) -> T) -> T {
        ask(&self.registry.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes an event to the journal, syncs it, and takes it into the registry.
    ///
    /// # Errors
    /// The event is in neither.
    pub fn commit(&mut self, event: Event) -> Result<(), JournalError> {
        let place = self.journal.append(&event)?;
        self.registry
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .apply(event, place);
        let lines = self.journal.lines();
        if lines >= self.compact_after && self.read(|r| lines > most_lines(r)) {
            // The event is safe already; a rewrite that fails leaves the long journal in use.
            if let Err(error) = self.compact() {
                self.compact_after = lines.saturating_add(SLACK);
                tracing::error!(%error, "the journal can't be written anew");
            }
        }
        Ok(())
    }

    /// Writes the journal anew, without its history.
    ///
    /// # Errors
    /// The old journal stays in use.
    pub fn compact(&mut self) -> Result<(), JournalError> {
        let registry = Arc::clone(&self.registry);
        // Readers go on beside it; nobody else writes.
        let places = {
            let registry = registry.read().unwrap_or_else(PoisonError::into_inner);
            self.journal.rewrite(registry.snapshot())?
        };
        registry
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .moved(self.journal.reader(), &places);
        Ok(())
    }

    /// Whether only a restart can help.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.journal.is_broken()
    }
}

/// How long the journal may grow before most of it is history.
fn most_lines(registry: &Registry) -> u64 {
    let live = u64::try_from(registry.snapshot_len()).unwrap_or(u64::MAX);
    live.saturating_mul(2).saturating_add(SLACK)
}

fn take_lock(directory: &Path) -> Result<Flock<File>, StoreError> {
    let path = directory.join("lock");
    let io_error = |source| StoreError::Directory {
        path: path.clone(),
        source,
    };
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(io_error)?;
    let started = Instant::now();
    loop {
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(lock) => return Ok(lock),
            Err((_, nix::errno::Errno::EAGAIN)) if started.elapsed() > LOCK_WAIT => {
                return Err(StoreError::Locked { path });
            }
            Err((back, nix::errno::Errno::EAGAIN)) => file = back,
            Err((_, e)) => return Err(io_error(e.into())),
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
