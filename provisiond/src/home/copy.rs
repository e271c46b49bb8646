//! Skel into a staged home.

use std::ffi::{CStr, OsStr};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use nix::fcntl::readlinkat;
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::symlinkat;

use super::error::{HomeError, SkelRefusal, at};
use crate::dirfd::{self, DirRef};

const MAX_ENTRIES: usize = 2_000;
const MAX_DEPTH: usize = 16;
const MAX_BYTES: u64 = 32 << 20;

/// Copies what is in `skel` into the directory `to`. Owner and time are not copied, nor are
/// extended attributes (a file capability would be as good as a setuid bit).
pub(super) fn skel(skel: &Path, to: &OwnedFd) -> Result<(), HomeError> {
    let from = dirfd::open_trusted(skel)?;
    let mut copy = Copy {
        path: skel.to_owned(),
        depth: 0,
        entries: 0,
        bytes: 0,
    };
    copy.directory(from.as_fd(), to.as_fd())
}

/// A copy under way, and what it has used of its limits.
struct Copy {
    path: PathBuf,
    depth: usize,
    entries: usize,
    bytes: u64,
}

impl Copy {
    fn directory(&mut self, from: DirRef<'_>, to: DirRef<'_>) -> Result<(), HomeError> {
        if self.depth > MAX_DEPTH {
            return Err(self.refuse(SkelRefusal::TooMuch));
        }
        let names =
            dirfd::names(from, MAX_ENTRIES + 1, |_| true).map_err(at(self.path.display()))?;
        for name in names {
            self.entries += 1;
            self.path.push(OsStr::from_bytes(name.as_bytes()));
            self.depth += 1;
            if self.entries > MAX_ENTRIES {
                return Err(self.refuse(SkelRefusal::TooMuch));
            }
            self.entry(from, to, &name)?;
            self.depth -= 1;
            self.path.pop();
        }
        Ok(())
    }

    fn entry(&mut self, from: DirRef<'_>, to: DirRef<'_>, name: &CStr) -> Result<(), HomeError> {
        let stat = dirfd::stat_name(from, name).map_err(self.at())?;
        let Some(stat) = stat else {
            return Ok(()); // gone since it was listed
        };
        match dirfd::kind(&stat) {
            SFlag::S_IFREG => self.file(from, to, name),
            SFlag::S_IFDIR => {
                let from = dirfd::open_dir(from, name).map_err(self.at())?;
                let mode = self.mode(&fstat(&from).map_err(self.at())?)?;
                let to = dirfd::open_or_make_dir(to, name).map_err(self.at())?;
                self.directory(from.as_fd(), to.as_fd())?;
                fchmod(&to, mode).map_err(self.at())
            }
            SFlag::S_IFLNK => {
                let target = readlinkat(from, name).map_err(self.at())?;
                symlinkat(target.as_os_str(), to, name).map_err(self.at())
            }
            SFlag::S_IFIFO => Err(self.refuse(SkelRefusal::Fifo)),
            SFlag::S_IFSOCK => Err(self.refuse(SkelRefusal::Socket)),
            _ => Err(self.refuse(SkelRefusal::Device)),
        }
    }

    fn file(&mut self, from: DirRef<'_>, to: DirRef<'_>, name: &CStr) -> Result<(), HomeError> {
        let source = dirfd::open_file(from, name).map_err(self.at())?;
        let stat = fstat(&source).map_err(self.at())?;
        if dirfd::kind(&stat) != SFlag::S_IFREG {
            return Err(self.refuse(SkelRefusal::Device)); // swapped since it was looked at
        }
        let mode = self.mode(&stat)?;
        let mut target: File = dirfd::create_file(to, name).map_err(self.at())?;
        let left = MAX_BYTES.saturating_sub(self.bytes);
        let copied =
            io::copy(&mut source.take(left.saturating_add(1)), &mut target).map_err(self.at())?;
        if copied > left {
            return Err(self.refuse(SkelRefusal::TooMuch));
        }
        self.bytes = self.bytes.saturating_add(copied);
        fchmod(&target, mode).map_err(self.at())
    }

    /// The mode for the copy.
    fn mode(&self, stat: &FileStat) -> Result<Mode, HomeError> {
        if stat.st_mode & 0o6000 != 0 {
            return Err(self.refuse(SkelRefusal::SetId));
        }
        Ok(Mode::from_bits_truncate(stat.st_mode & 0o1777))
    }

    fn refuse(&self, why: SkelRefusal) -> HomeError {
        HomeError::Skel {
            path: self.path.clone(),
            why,
        }
    }

    fn at<E: Into<io::Error>>(&self) -> impl FnOnce(E) -> HomeError {
        at(self.path.display().to_string())
    }
}
