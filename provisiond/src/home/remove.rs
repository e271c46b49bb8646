//! Deleting trees whose owners may still be at work in them.
//!
//! Nothing is found by a path: each directory is opened by one name below a held one, without
//! following links, and a name is only ever unlinked. A directory that has something in it is
//! moved up into the trash and comes next, so there is no depth, no recursion and no third open
//! directory, and after a crash the trash says what is left to do. The trash is root's alone, so
//! `..` leads nobody out of a moved directory. (The race of copying and removing by path is
//! CVE-2013-4235 of shadow.)

use std::ffi::CStr;
use std::fmt::Display;
use std::os::fd::{AsFd, OwnedFd};

use nix::NixPath;
use nix::errno::Errno;
use nix::fcntl::{RenameFlags, renameat2};
use nix::sys::stat::fstat;
use nix::unistd::{UnlinkatFlags, unlinkat};

use super::error::{HomeError, at};
use crate::dirfd::{self, DirRef};
use crate::pulse;

/// Names unlinked or moved in one call, so that no one tree keeps the worker for good.
const BUDGET: usize = 2_000_000;
const BATCH: usize = 4_096;

/// The trash of one owner, a registration or the number of a group: the entries `OWNER-N`.
pub(crate) struct Trash<'a> {
    dir: DirRef<'a>,
    prefix: String,
    next: u64,
    budget: usize,
}

impl<'a> Trash<'a> {
    pub(crate) fn of(dir: DirRef<'a>, owner: impl Display) -> Self {
        Self {
            dir,
            prefix: format!("{owner}-"),
            next: 0,
            budget: BUDGET,
        }
    }

    /// Moves `name` from another directory of the same file system into the trash.
    pub(crate) fn take<P: ?Sized + NixPath>(
        &mut self,
        from: impl AsFd,
        name: &P,
    ) -> nix::Result<()> {
        loop {
            let own = format!("{}{}", self.prefix, self.next);
            let flags = RenameFlags::RENAME_NOREPLACE;
            match renameat2(&from, name, self.dir, own.as_str(), flags) {
                Err(Errno::EEXIST) => self.next = self.next.saturating_add(1),
                result => return result,
            }
        }
    }

    /// Deletes all of it.
    pub(crate) fn empty(&mut self) -> Result<(), HomeError> {
        loop {
            let prefix = self.prefix.clone().into_bytes();
            let mine = |name: &CStr| name.to_bytes().starts_with(&prefix);
            let names = dirfd::names(self.dir, BATCH, mine).map_err(at("trash"))?;
            if names.is_empty() {
                return Ok(());
            }
            for name in names {
                self.delete(&name)?;
            }
        }
    }

    /// Deletes one entry of the trash; what was in its directories may be new entries then.
    fn delete(&mut self, name: &CStr) -> Result<(), HomeError> {
        let path = name.to_string_lossy();
        match dirfd::open_dir(self.dir, name) {
            Ok(dir) => {
                let (here, there) = fstat(self.dir)
                    .and_then(|here| Ok((here, fstat(&dir)?)))
                    .map_err(at(&path))?;
                if here.st_dev != there.st_dev {
                    return Err(HomeError::OtherFileSystem {
                        path: path.into_owned(),
                    });
                }
                self.clear(&dir)?;
                self.spend()?;
                match unlinkat(self.dir, name, UnlinkatFlags::RemoveDir) {
                    // Written to meanwhile: it stays in the trash and comes again.
                    Ok(()) | Err(Errno::ENOENT | Errno::ENOTEMPTY) => Ok(()),
                    Err(e) => Err(at(&path)(e)),
                }
            }
            Err(Errno::ENOTDIR | Errno::ELOOP) => {
                self.spend()?;
                dirfd::remove_name(self.dir, name)
                    .map(drop)
                    .map_err(at(&path))
            }
            Err(Errno::ENOENT) => Ok(()),
            Err(e) => Err(at(&path)(e)),
        }
    }

    /// Unlinks or moves away what is in a directory.
    fn clear(&mut self, dir: &OwnedFd) -> Result<(), HomeError> {
        loop {
            let names = dirfd::names(dir, BATCH, |_| true).map_err(at("trash"))?;
            if names.is_empty() {
                return Ok(());
            }
            for name in names {
                self.spend()?;
                let path = name.to_string_lossy();
                match unlinkat(dir, name.as_c_str(), UnlinkatFlags::NoRemoveDir) {
                    Ok(()) | Err(Errno::ENOENT) => continue,
                    Err(Errno::EISDIR) => {}
                    Err(Errno::EBUSY) => return Err(mounted(&path)),
                    Err(e) => return Err(at(&path)(e)),
                }
                match unlinkat(dir, name.as_c_str(), UnlinkatFlags::RemoveDir) {
                    // ENOTDIR: swapped for something else; the next round sees to it.
                    Ok(()) | Err(Errno::ENOENT | Errno::ENOTDIR) => continue,
                    Err(Errno::ENOTEMPTY) => {}
                    Err(Errno::EBUSY) => return Err(mounted(&path)),
                    Err(e) => return Err(at(&path)(e)),
                }
                match self.take(dir, name.as_c_str()) {
                    Ok(()) | Err(Errno::ENOENT) => {}
                    Err(Errno::EBUSY | Errno::EXDEV) => return Err(mounted(&path)),
                    Err(e) => return Err(at(&path)(e)),
                }
            }
        }
    }

    fn spend(&mut self) -> Result<(), HomeError> {
        pulse::beat();
        self.budget = self.budget.checked_sub(1).ok_or(HomeError::NotYetEmpty)?;
        Ok(())
    }
}

fn mounted(path: &str) -> HomeError {
    HomeError::OtherFileSystem {
        path: path.to_owned(),
    }
}
