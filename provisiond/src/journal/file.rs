use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::lines::{Lines, Place};
use super::{Event, lines};
use crate::crash_point;

const NAME: &str = "journal";
const NEW_NAME: &str = "journal.new";

/// Small, so that the start leaves no hole in the heap.
const READ_BUFFER: usize = 64 * 1024;

/// Why the journal can't be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The file system said no.
    #[error("{}: can't {action}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A line before the last is not what was written.
    #[error(
        "{}: line {line} is damaged; put the state directory back from a backup", path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: u64,
    },
    /// A line that was whole when it was written or replayed is not what was written any more.
    #[error(
        "{}: the record at byte {offset} is damaged; put the state directory back from a backup",
        path.display()
    )]
    DamagedRecord {
        /// The file.
        path: PathBuf,
        /// Where the line begins.
        offset: u64,
    },
    /// An event can't be written as JSON.
    #[error("an event can't be written down: {0}")]
    Encode(#[from] serde_json::Error),
    /// An earlier write left the file in an unknown state.
    #[error("{}: an earlier write failed; restart provisiond once the disk is well", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
    },
}

/// A journal that was opened and not read yet.
#[derive(Debug)]
pub struct Opened {
    directory: PathBuf,
    path: PathBuf,
    file: Arc<File>,
}

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    path: PathBuf,
    file: Arc<File>,
    length: u64,
    lines: u64,
    broken: bool,
}

impl Opened {
    /// Reads single lines of this file.
    #[must_use]
    pub fn lines(&self) -> Lines {
        Lines::new(Arc::clone(&self.file), self.path.clone())
    }

    /// Hands each event to `replay`, in order, with its place.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn replay(self, mut replay: impl FnMut(Event, Place)) -> Result<Journal, JournalError> {
        let Self {
            directory,
            path,
            file,
        } = self;
        let io_error = |action, source| JournalError::Io {
            action,
            path: path.clone(),
            source,
        };
        let total = file.metadata().map_err(|e| io_error("examine", e))?.len();
        let mut reader = BufReader::with_capacity(READ_BUFFER, &*file);
        let (mut length, mut count) = (0_u64, 0_u64);
        let mut line = Vec::with_capacity(1024);
        loop {
            line.clear();
            let read = reader
                .read_until(b'\n', &mut line)
                .map_err(|e| io_error("read", e))?;
            if read == 0 {
                break;
            }
            let end = length + u64::try_from(read).unwrap_or(u64::MAX);
            match lines::parse(&line) {
                Some(event) => replay(event, Place::at(length)),
                None if end >= total => {
                    tracing::warn!(
                        path = %path.display(), line = count + 1,
                        "cutting off a line that a crash left unfinished"
                    );
                    break;
                }
                None => {
                    let line = count + 1;
                    return Err(JournalError::Damaged { path, line });
                }
            }
            length = end;
            count += 1;
        }
        drop(reader);
        if length != total {
            file.set_len(length).map_err(|e| io_error("cut", e))?;
            file.sync_all().map_err(|e| io_error("sync", e))?;
        }
        Ok(Journal {
            directory,
            path,
            file,
            length,
            lines: count,
            broken: false,
        })
    }
}

impl Journal {
    /// Opens or makes the journal in a directory.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn open(directory: &Path) -> Result<Opened, JournalError> {
        let path = directory.join(NAME);
        let io_error = |action, source| JournalError::Io {
            action,
            path: path.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|e| io_error("open", e))?;
        sync_directory(directory).map_err(|e| io_error("sync the directory of", e))?;
        Ok(Opened {
            directory: directory.to_owned(),
            path,
            file: Arc::new(file),
        })
    }

    /// How many events the file holds.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Whether a write failed in a way that only a restart can mend.
    #[must_use]
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Reads single lines of the file as it is now.
    #[must_use]
    pub fn reader(&self) -> Lines {
        Lines::new(Arc::clone(&self.file), self.path.clone())
    }

    /// Writes one event and syncs it. When this returns well, the event survives a crash. Returns
    /// where it stands.
    ///
    /// # Errors
    /// The event is not in the file; after [`JournalError::Broken`] no further write is taken.
    pub fn append(&mut self, event: &Event) -> Result<Place, JournalError> {
        if self.broken {
            return Err(JournalError::Broken {
                path: self.path.clone(),
            });
        }
        let line = lines::format(event)?;
        crash_point::at("journal.append.before");
        if let Err(source) = self.file.write_all_at(&line, self.length) {
            // A full disk may have taken half of the line: take it back.
            self.broken = self.file.set_len(self.length).is_err();
            return Err(self.io_error("write", source));
        }
        crash_point::at("journal.append.written");
        if let Err(source) = self.file.sync_data() {
            // After a failed sync nobody knows what is on the disk (fsync(2)).
            self.broken = true;
            return Err(self.io_error("sync", source));
        }
        crash_point::at("journal.append.synced");
        let place = Place::at(self.length);
        self.length += u64::try_from(line.len()).unwrap_or(0);
        self.lines += 1;
        Ok(place)
    }

    /// Replaces the journal by one that holds just these events. Returns where each of them stands
    /// in the new file.
    ///
    /// # Errors
    /// The old journal stays in place. If one of the events is an error, so is the whole.
    pub fn rewrite(
        &mut self,
        events: impl Iterator<Item = Result<Event, JournalError>>,
    ) -> Result<Vec<Place>, JournalError> {
        crash_point::at("journal.rewrite.before");
        let new = self.directory.join(NEW_NAME);
        let io_error = |action, source| JournalError::Io {
            action,
            path: new.clone(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)
            .map_err(|e| io_error("make", e))?;
        let mut writer = BufWriter::new(&file);
        let mut length = 0_u64;
        let mut places = Vec::new();
        for event in events {
            let line = lines::format(&event?)?;
            places.push(Place::at(length));
            writer.write_all(&line).map_err(|e| io_error("write", e))?;
            length += u64::try_from(line.len()).unwrap_or(0);
        }
        writer.flush().map_err(|e| io_error("write", e))?;
        drop(writer);
        crash_point::at("journal.rewrite.written");
        file.sync_all().map_err(|e| io_error("sync", e))?;
        crash_point::at("journal.rewrite.synced");
        std::fs::rename(&new, &self.path).map_err(|e| io_error("put in place", e))?;
        crash_point::at("journal.rewrite.renamed");
        (self.file, self.length) = (Arc::new(file), length);
        self.lines = u64::try_from(places.len()).unwrap_or(u64::MAX);
        // From here on the new file is the journal; if the rename is not known to be on the disk,
        // no event written to it is either.
        if let Err(source) = sync_directory(&self.directory) {
            self.broken = true;
            return Err(self.io_error("sync the directory of", source));
        }
        crash_point::at("journal.rewrite.after");
        Ok(places)
    }

    fn io_error(&self, action: &'static str, source: io::Error) -> JournalError {
        JournalError::Io {
            action,
            path: self.path.clone(),
            source,
        }
    }
}

fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64) -> Event {
        Event::Created { at }
    }

    fn open(directory: &Path) -> Result<Journal, JournalError> {
        Journal::open(directory)?.replay(|_, _| ())
    }

    fn replayed(directory: &Path) -> Vec<Event> {
        let mut events = Vec::new();
        let opened = Journal::open(directory).unwrap();
        opened.replay(|e, _| events.push(e)).unwrap();
        events
    }

    #[test]
    fn what_was_appended_is_replayed_in_order_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = open(directory.path()).unwrap();
        for at in 0..5 {
            journal.append(&event(at)).unwrap();
        }
        drop(journal);
        assert_eq!(
            replayed(directory.path()),
            (0..5).map(event).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_torn_line_at_the_end_is_cut_off_wherever_the_crash_came() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = open(directory.path()).unwrap();
        journal.append(&event(1)).unwrap();
        let whole = usize::try_from(journal.length).unwrap();
        journal.append(&event(2)).unwrap();
        drop(journal);
        let path = directory.path().join(NAME);
        let bytes = std::fs::read(&path).unwrap();
        for cut in whole..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert_eq!(replayed(directory.path()), [event(1)], "cut at {cut}");
            let mut journal = open(directory.path()).unwrap();
            journal.append(&event(3)).unwrap();
            assert_eq!(replayed(directory.path()), [event(1), event(3)]);
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_stops_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = open(directory.path()).unwrap();
        journal.append(&event(1)).unwrap();
        journal.append(&event(2)).unwrap();
        let path = directory.path().join(NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = open(directory.path()).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { line: 1, .. }));
    }

    #[test]
    fn a_rewritten_journal_holds_the_new_events_and_takes_more() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = open(directory.path()).unwrap();
        for at in 0..9 {
            journal.append(&event(at)).unwrap();
        }
        journal.rewrite([Ok(event(100))].into_iter()).unwrap();
        journal.append(&event(101)).unwrap();
        assert_eq!(replayed(directory.path()), [event(100), event(101)]);
        assert!(!directory.path().join(NEW_NAME).exists());
    }
}
