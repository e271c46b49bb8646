use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Event, JournalError};

/// What one read takes: nearly every line is shorter.
const FIRST_READ: usize = 1024;

/// Longer than any line: a message of the interface has at most 64 KiB, and a line holds little more.
const MAX_LINE: usize = 512 * 1024;

/// Where a line of the journal begins, in bytes from the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u64);

impl Place {
    /// The place so many bytes into the file.
    #[must_use]
    pub fn at(offset: u64) -> Self {
        Self(offset)
    }

    /// Bytes from the start of the file.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.0
    }
}

/// Reads single lines of the journal, beside the writer. It goes on reading the file that it was
/// made for after the journal was written anew: places are of that file.
#[derive(Clone, Debug)]
pub struct Lines {
    file: Arc<File>,
    path: Arc<PathBuf>,
}

impl Lines {
    pub(super) fn new(file: Arc<File>, path: PathBuf) -> Self {
        Self {
            file,
            path: Arc::new(path),
        }
    }

    /// The event at that place.
    ///
    /// # Errors
    /// The file can't be read, or the line is not what was written.
    pub fn read(&self, place: Place) -> Result<Event, JournalError> {
        let mut line = vec![0; FIRST_READ];
        let mut filled = 0;
        loop {
            let rest = line.get_mut(filled..).unwrap_or_default();
            let read = match self.file.read_at(rest, place.0 + filled as u64) {
                Ok(read) => read,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(source) => {
                    return Err(JournalError::Io {
                        action: "read a record of",
                        path: self.path.to_path_buf(),
                        source,
                    });
                }
            };
            let seen = filled;
            filled += read;
            let fresh = line.get(seen..filled).unwrap_or_default();
            if let Some(end) = fresh.iter().position(|byte| *byte == b'\n') {
                let whole = line.get(..=seen + end).and_then(parse);
                return whole.ok_or_else(|| self.damaged(place));
            }
            if read == 0 || filled >= MAX_LINE {
                return Err(self.damaged(place));
            }
            if filled == line.len() {
                line.resize(line.len() * 4, 0);
            }
        }
    }

    /// The record at that place is not what was written there.
    #[must_use]
    pub fn damaged(&self, place: Place) -> JournalError {
        JournalError::DamagedRecord {
            path: self.path.to_path_buf(),
            offset: place.0,
        }
    }
}

/// An event as a line.
pub(super) fn format(event: &Event) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(event)?;
    let mut line = format!("{:016x} ", checksum(&json)).into_bytes();
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// The event of a whole line, or `None` if that is not what was written.
pub(super) fn parse(line: &[u8]) -> Option<Event> {
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
