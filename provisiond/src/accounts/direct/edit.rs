//! One new version of a file of the account database, as shadow-utils puts it in place.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl::{RenameFlags, renameat, renameat2};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat};
use nix::unistd::{Gid, Uid, fchown};

use super::Name;
use crate::accounts::lines;
use crate::{crash_point, dirfd};

/// What is read at most: some millions of accounts.
const MAX_BYTES: u64 = 512 << 20;

/// What shadow-utils keeps of a file's mode.
const KEPT_MODE: u32 = 0o664;

/// A file as it is now. Only of use while its lock is held.
pub(super) struct Current {
    name: Name,
    stat: FileStat,
    content: Vec<u8>,
}

impl Current {
    /// Reads it; `None` if there is none, as hosts without gshadow have it.
    pub(super) fn read(etc: &OwnedFd, name: Name) -> io::Result<Option<Self>> {
        let file = match dirfd::open_file(etc, name.as_str()) {
            Ok(file) => file,
            Err(Errno::ENOENT) => return Ok(None),
            // A rename would put a file in the place of the link.
            Err(Errno::ELOOP) => return Err(io::Error::other("it is a symbolic link")),
            Err(e) => return Err(e.into()),
        };
        let stat = fstat(&file)?;
        let length = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
        if !file.metadata()?.is_file() || length > MAX_BYTES {
            return Err(io::Error::other("it is no regular file, or a huge one"));
        }
        let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or(0) + 1);
        file.take(MAX_BYTES).read_to_end(&mut content)?;
        Ok(Some(Self {
            name,
            stat,
            content,
        }))
    }

    /// All of it.
    pub(super) fn text(&self) -> &[u8] {
        &self.content
    }

    /// Where its first line of that name is, without the line's end.
    pub(super) fn line_of(&self, name: &str) -> Option<Range<usize>> {
        lines::named(&self.content, name).next()
    }

    /// The fields of the line there; `None` if they are not so many.
    pub(super) fn fields<const COUNT: usize>(
        &self,
        line: &Range<usize>,
    ) -> Option<[String; COUNT]> {
        let line = self.content.get(line.clone()).unwrap_or_default();
        let text = String::from_utf8_lossy(line);
        let fields: Vec<String> = text.split(':').map(str::to_owned).collect();
        fields.try_into().ok()
    }

    /// Writes the version with one more line: at the end, but before the lines with which passwd(5)
    /// hands over to NIS.
    fn with_line(&self, etc: &OwnedFd, line: &str) -> io::Result<Staged> {
        let at = lines::before_nis(&self.content);
        let (before, after) = self.content.split_at_checked(at).unwrap_or_default();
        let open_end = !before.is_empty() && !before.ends_with(b"\n");
        let break_before: &[u8] = if open_end { b"\n" } else { b"" };
        self.stage(etc, &[before, break_before, line.as_bytes(), b"\n", after])
    }

    /// Writes the version in which the line there (see [`line_of`](Self::line_of)) is another.
    fn with_line_replaced(
        &self,
        etc: &OwnedFd,
        old: Range<usize>,
        line: &str,
    ) -> io::Result<Staged> {
        let before = self.content.get(..old.start).unwrap_or_default();
        let after = self.content.get(old.end..).unwrap_or_default();
        self.stage(etc, &[before, line.as_bytes(), after])
    }

    fn stage(&self, etc: &OwnedFd, parts: &[&[u8]]) -> io::Result<Staged> {
        let (name, new) = (self.name, format!("{}+", self.name));
        dirfd::remove_name(etc, new.as_str())?;
        let written = dirfd::create_file(etc, new.as_str())
            .map_err(io::Error::from)
            .and_then(|file| self.fill(file, parts));
        if let Err(e) = written {
            dirfd::remove_name(etc, new.as_str())?;
            return Err(e);
        }
        crash_point::at("direct.written");
        Ok(Staged { name, new })
    }

    fn fill(&self, mut file: File, parts: &[&[u8]]) -> io::Result<()> {
        let (uid, gid) = (self.stat.st_uid, self.stat.st_gid);
        // Before the content: it was made for root alone.
        fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        fchmod(
            &file,
            Mode::from_bits_truncate(self.stat.st_mode & KEPT_MODE),
        )?;
        let mut last = None;
        for part in parts {
            crash_point::at("direct.half-written");
            file.write_all(part)?;
            last = part.last().or(last);
        }
        // As shadow-utils ends the last line.
        if last.is_some_and(|byte| *byte != b'\n') {
            file.write_all(b"\n")?;
        }
        file.sync_all()
    }
}

/// A change of one line of a file.
pub(super) struct Edit<'a> {
    file: &'a Current,
    /// What it replaces; `None` for one more.
    old: Option<Range<usize>>,
    line: String,
}

impl<'a> Edit<'a> {
    /// One more line.
    pub(super) fn add(file: &'a Current, line: String) -> Self {
        let old = None;
        Self { file, old, line }
    }

    /// Another line there, see [`Current::line_of`].
    pub(super) fn replace(file: &'a Current, old: Range<usize>, line: String) -> Self {
        let old = Some(old);
        Self { file, old, line }
    }

    /// Of which file.
    pub(super) fn name(&self) -> Name {
        self.file.name
    }

    /// Writes the new version beside the present one.
    pub(super) fn stage(&self, etc: &OwnedFd) -> io::Result<Staged> {
        match &self.old {
            None => self.file.with_line(etc, &self.line),
            Some(old) => self.file.with_line_replaced(etc, old.clone(), &self.line),
        }
    }
}

/// A new version, on the disk beside the present one.
pub(super) struct Staged {
    name: Name,
    new: String,
}

impl Staged {
    pub(super) fn name(&self) -> Name {
        self.name
    }

    /// Puts it in place. What was there is the backup `FILE-` from now on.
    pub(super) fn put_in_place(&self, etc: &OwnedFd) -> io::Result<()> {
        let (name, new, backup) = (
            self.name.as_str(),
            self.new.as_str(),
            format!("{}-", self.name),
        );
        // Exchanged and not linked: at no moment do two names mean the same file, which the next
        // tool that writes its backup in place would truncate.
        crash_point::at("direct.place.before");
        match renameat2(etc, new, etc, name, RenameFlags::RENAME_EXCHANGE) {
            Ok(()) => {
                crash_point::at("direct.place.exchanged");
                renameat(etc, new, etc, backup.as_str())?;
            }
            // A file system that can't: no new backup is made.
            Err(Errno::EINVAL | Errno::ENOSYS) => renameat(etc, new, etc, name)?,
            Err(e) => return Err(e.into()),
        }
        crash_point::at("direct.place.after");
        Ok(())
    }

    /// Throws it away.
    pub(super) fn discard(&self, etc: &OwnedFd) {
        if let Err(error) = dirfd::remove_name(etc, self.new.as_str()) {
            tracing::warn!(file = self.new, %error, "a file that is not wanted stays");
        }
    }
}
