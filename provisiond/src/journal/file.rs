use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::Event;

const NAME: &str = "journal";
const NEW_NAME: &str = "journal.new";

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

/// The open journal.
#[derive(Debug)]
pub struct Journal {
    directory: PathBuf,
    path: PathBuf,
    file: File,
    length: u64,
    lines: u64,
    broken: bool,
}

impl Journal {
    /// Opens or makes the journal in a directory, and hands each event to `replay`, in order.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub fn open(directory: &Path, mut replay: impl FnMut(Event)) -> Result<Self, JournalError> {
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

        let total = file.metadata().map_err(|e| io_error("examine", e))?.len();
        let mut reader = BufReader::with_capacity(256 * 1024, &file);
        let (mut length, mut lines) = (0_u64, 0_u64);
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
            match parse_line(&line) {
                Some(event) => replay(event),
                None if end >= total => {
                    tracing::warn!(
                        path = %path.display(), line = lines + 1,
                        "cutting off a line that a crash left unfinished"
                    );
                    break;
                }
                None => {
                    let line = lines + 1;
                    return Err(JournalError::Damaged { path, line });
                }
            }
            length = end;
            lines += 1;
        }
        drop(reader);
        if length != total {
            file.set_len(length).map_err(|e| io_error("cut", e))?;
            file.sync_all().map_err(|e| io_error("sync", e))?;
        }
        let mut journal = Self {
            directory: directory.to_owned(),
            path,
            file,
            length,
            lines,
            broken: false,
        };
        journal.seek_to_end()?;
        Ok(journal)
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

    /// Writes one event and syncs it. When this returns well, the event survives a crash.
    ///
    /// # Errors
    /// The event is not in the file; after [`JournalError::Broken`] no further write is taken.
    pub fn append(&mut self, event: &Event) -> Result<(), JournalError> {
        if self.broken {
            return Err(JournalError::Broken {
                path: self.path.clone(),
            });
        }
        let line = format_line(event)?;
        if let Err(source) = self.file.write_all(&line) {
            // A full disk may have taken half of the line: take it back.
            self.broken = self.file.set_len(self.length).is_err() || self.seek_to_end().is_err();
            return Err(self.io_error("write", source));
        }
        if let Err(source) = self.file.sync_data() {
            // After a failed sync nobody knows what is on the disk (fsync(2)).
            self.broken = true;
            return Err(self.io_error("sync", source));
        }
        self.length += u64::try_from(line.len()).unwrap_or(0);
        self.lines += 1;
        Ok(())
    }

    /// Replaces the journal by one that holds just these events.
    ///
    /// # Errors
    /// The old journal stays in place.
    pub fn rewrite(&mut self, events: impl Iterator<Item = Event>) -> Result<(), JournalError> {
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
        let (mut length, mut lines) = (0_u64, 0_u64);
        for event in events {
            let line = format_line(&event)?;
            writer.write_all(&line).map_err(|e| io_error("write", e))?;
            length += u64::try_from(line.len()).unwrap_or(0);
            lines += 1;
        }
        writer.flush().map_err(|e| io_error("write", e))?;
        drop(writer);
        file.sync_all().map_err(|e| io_error("sync", e))?;
        std::fs::rename(&new, &self.path).map_err(|e| io_error("put in place", e))?;
        (self.file, self.length, self.lines) = (file, length, lines);
        // From here on the new file is the journal; if the rename is not known to be on the disk,
        // no event written to it is either.
        if let Err(source) = sync_directory(&self.directory) {
            self.broken = true;
            return Err(self.io_error("sync the directory of", source));
        }
        self.seek_to_end()
    }

    fn seek_to_end(&mut self) -> Result<(), JournalError> {
        match self.file.seek(SeekFrom::Start(self.length)) {
            Ok(_) => Ok(()),
            Err(source) => Err(self.io_error("seek in", source)),
        }
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

fn format_line(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(event)?;
    let mut line = format!("{:016x} ", checksum(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

fn parse_line(line: &[u8]) -> Option<Event> {
    let line = line.strip_suffix(b"\n")?;
    let (sum, json) = line.split_at_checked(17)?;
    let sum = std::str::from_utf8(sum).ok()?.strip_suffix(' ')?;
    if u64::from_str_radix(sum, 16).ok()? != checksum(json) {
        return None;
    }
    serde_json::from_slice(json).ok()
}

/// FNV-1a, 64 bit: against torn writes, not against anyone who can write to the state directory.
fn checksum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at: i64) -> Event {
        Event::Created { at }
    }

    fn replayed(directory: &Path) -> Vec<Event> {
        let mut events = Vec::new();
        Journal::open(directory, |e| events.push(e)).unwrap();
        events
    }

    #[test]
    fn what_was_appended_is_replayed_in_order_after_a_restart() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(directory.path(), |_| ()).unwrap();
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
        let mut journal = Journal::open(directory.path(), |_| ()).unwrap();
        journal.append(&event(1)).unwrap();
        let whole = usize::try_from(journal.length).unwrap();
        journal.append(&event(2)).unwrap();
        drop(journal);
        let path = directory.path().join(NAME);
        let bytes = std::fs::read(&path).unwrap();
        for cut in whole..bytes.len() {
            std::fs::write(&path, &bytes[..cut]).unwrap();
            assert_eq!(replayed(directory.path()), [event(1)], "cut at {cut}");
            let mut journal = Journal::open(directory.path(), |_| ()).unwrap();
            journal.append(&event(3)).unwrap();
            assert_eq!(replayed(directory.path()), [event(1), event(3)]);
        }
    }

    #[test]
    fn a_damaged_line_in_the_middle_stops_the_start() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(directory.path(), |_| ()).unwrap();
        journal.append(&event(1)).unwrap();
        journal.append(&event(2)).unwrap();
        let path = directory.path().join(NAME);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = Journal::open(directory.path(), |_| ()).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { line: 1, .. }));
    }

    #[test]
    fn a_rewritten_journal_holds_the_new_events_and_takes_more() {
        let directory = tempfile::tempdir().unwrap();
        let mut journal = Journal::open(directory.path(), |_| ()).unwrap();
        for at in 0..9 {
            journal.append(&event(at)).unwrap();
        }
        journal.rewrite([event(100)].into_iter()).unwrap();
        journal.append(&event(101)).unwrap();
        assert_eq!(replayed(directory.path()), [event(100), event(101)]);
        assert!(!directory.path().join(NEW_NAME).exists());
    }
}
