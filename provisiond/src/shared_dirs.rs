//! The directories that the members of a group share.
//!
//! ```text
//! /home/groups/                 root:root 2711, made by tmpfiles.d
//!     NAME                      root:GROUP 2770, appears and goes by one rename
//!     .NAME.new                 one in the making
//!     .registrar/               root 0700
//!         aside/NAME            of an archived group: as it was, out of everyone's reach
//!         trash/GID-N           what is being deleted
//! ```
//!
//! Nothing sets a setgid bit: the unit's `RestrictSUIDSGID=yes` forbids it. The parent has the bit and
//! hands it down when a directory is made in it, `chown` leaves it on a directory, and nothing calls
//! `chmod` afterwards. For the same reason an archived directory is moved and not closed: what `chmod`
//! took away could not be given back.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{RenameFlags, renameat2};
use nix::sys::stat::{FileStat, SFlag, fstat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fsync, unlinkat};
use provision_api::GroupName;

use crate::crash_point;
use crate::dirfd::{self, PERMISSIONS, TrustError};
use crate::home::{HomeError, Trash, at, roots_alone};

const AREA: &str = ".registrar";
/// What `mkdir` is told; the parent adds the setgid bit.
const MADE_MODE: u32 = 0o770;
/// What is there then.
const MODE: u32 = 0o2770;
const SETGID: u32 = 0o2000;

/// What can go wrong with a shared directory.
#[derive(Debug, thiserror::Error)]
pub enum SharedDirError {
    /// The directory of the shared directories is not as it has to be.
    #[error(
        "groups.directory: {why}. It has to be root:root with mode 2711; \
         `systemd-tmpfiles --create cosmic-registrar.conf` makes {} so", path.display()
    )]
    Parent {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it, or with one above it.
        why: String,
    },
    /// Something else has the name.
    #[error("{} is there, and is not the directory of the group", path.display())]
    Foreign {
        /// Where.
        path: PathBuf,
    },
    /// Neither in its place nor aside.
    #[error("the directory of the group is gone; someone deleted it without provisiond")]
    Gone,
    /// It is not as promised.
    #[error("the directory should be root:{gid} 2770 and is {found}")]
    Postcondition {
        /// The group.
        gid: u32,
        /// Owner, group and mode as they are.
        found: String,
    },
    /// The rest is as with homes.
    #[error(transparent)]
    Other(#[from] HomeError),
}

/// The shared directories of this host.
#[derive(Clone, Debug)]
pub struct SharedDirs {
    root: PathBuf,
}

/// Beside the directories in use; root's alone.
struct Area {
    aside: OwnedFd,
    trash: OwnedFd,
}

impl SharedDirs {
    /// Directories below `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The path of a group's directory.
    #[must_use]
    pub fn path_of(&self, name: &GroupName) -> PathBuf {
        self.root.join(name.as_str())
    }

    /// Whether the parent is as it has to be.
    ///
    /// # Errors
    /// It is not; the error says how to mend it.
    pub fn check(&self) -> Result<(), SharedDirError> {
        self.open_setgid().map(drop)
    }

    /// Whether a directory of that name can be made.
    ///
    /// # Errors
    /// The parent is not as it has to be.
    pub fn is_free(&self, name: &GroupName) -> Result<bool, SharedDirError> {
        let root = self.open_setgid()?;
        let there = dirfd::stat_name(&root, name.as_str()).map_err(at(name))?;
        Ok(there.is_none())
    }

    /// Whether the group has its directory, in its place.
    ///
    /// # Errors
    /// Something else has the name, or the parent can't be trusted.
    pub fn is_in_place(&self, name: &GroupName, gid: u32) -> Result<bool, SharedDirError> {
        self.has(&self.open()?, name, gid, &self.path_of(name))
    }

    /// Makes the directory of a group, if it has none.
    ///
    /// # Errors
    /// Something else has the name; what is there is left alone.
    pub fn make(&self, name: &GroupName, gid: u32) -> Result<(), SharedDirError> {
        let root = self.open_setgid()?;
        // After a crash it may be there already.
        if self.has(&root, name, gid, &self.path_of(name))? {
            return Ok(());
        }
        let draft = draft(name);
        crash_point::at("shared.make.before");
        if !remove_draft(&root, &draft)? {
            let path = self.root.join(&draft);
            return Err(SharedDirError::Foreign { path });
        }
        dirfd::make_dir_unmasked(&root, &draft, MADE_MODE).map_err(at(&draft))?;
        crash_point::at("shared.make.made");
        let dir = dirfd::open_dir(&root, draft.as_str()).map_err(at(&draft))?;
        fchown(&dir, Some(Uid::from_raw(0)), Some(Gid::from_raw(gid))).map_err(at(&draft))?;
        let stat = fstat(&dir).map_err(at(&draft))?;
        if !is_of(&stat, gid) || stat.st_mode & PERMISSIONS != MODE {
            let (owner, group, mode) = (stat.st_uid, stat.st_gid, stat.st_mode & PERMISSIONS);
            let found = format!("{owner}:{group} {mode:o}");
            return Err(SharedDirError::Postcondition { gid, found });
        }
        fsync(&dir).map_err(at(&draft))?;
        crash_point::at("shared.make.owned");
        rename(&root, &draft, &root, name, self.path_of(name))?;
        crash_point::at("shared.make.after");
        Ok(())
    }

    /// Takes back what [`make`](Self::make) made, whatever of it is there. Nobody was in the group.
    ///
    /// # Errors
    /// There is something in it.
    pub fn unmake(&self, name: &GroupName, gid: u32) -> Result<(), SharedDirError> {
        let Ok(root) = self.open() else {
            // Without a parent that can be trusted nothing was made.
            return Ok(());
        };
        crash_point::at("shared.unmake.before");
        // What has either name and is another's was there before.
        remove_draft(&root, &draft(name))?;
        if self
            .has(&root, name, gid, &self.path_of(name))
            .is_ok_and(|own| own)
        {
            remove_empty(&root, name.as_str())?;
        }
        crash_point::at("shared.unmake.after");
        Ok(())
    }

    /// Takes the directory out of everyone's reach, as it is. Without one in its place there is
    /// nothing to do.
    ///
    /// # Errors
    /// Something else has the name, here or there.
    pub fn set_aside(&self, name: &GroupName, gid: u32) -> Result<(), SharedDirError> {
        let (root, area) = self.open_area()?;
        if !self.has(&root, name, gid, &self.path_of(name))? {
            return Ok(());
        }
        crash_point::at("shared.set-aside.before");
        rename(&root, name.as_str(), &area.aside, name, self.aside_of(name))?;
        crash_point::at("shared.set-aside.after");
        Ok(())
    }

    /// Undoes [`set_aside`](Self::set_aside).
    ///
    /// # Errors
    /// Something else has the name by now, or the directory is gone.
    pub fn bring_back(&self, name: &GroupName, gid: u32) -> Result<(), SharedDirError> {
        let (root, area) = self.open_area()?;
        if self.has(&root, name, gid, &self.path_of(name))? {
            return Ok(());
        }
        if !self.has(&area.aside, name, gid, &self.aside_of(name))? {
            return Err(SharedDirError::Gone);
        }
        crash_point::at("shared.bring-back.before");
        rename(&area.aside, name.as_str(), &root, name, self.path_of(name))?;
        crash_point::at("shared.bring-back.after");
        Ok(())
    }

    /// Deletes a directory that was set aside. May be called again, and goes on where it was.
    ///
    /// # Errors
    /// [`HomeError::NotYetEmpty`] if there was too much for one call.
    pub fn delete(&self, name: &GroupName, gid: u32) -> Result<(), SharedDirError> {
        let (_, area) = self.open_area()?;
        let mut trash = Trash::of(area.trash.as_fd(), gid);
        crash_point::at("shared.delete.before");
        if self.has(&area.aside, name, gid, &self.aside_of(name))? {
            trash.take(&area.aside, name.as_str()).map_err(at(name))?;
            crash_point::at("shared.delete.taken");
        }
        trash.empty()?;
        crash_point::at("shared.delete.after");
        Ok(())
    }

    fn aside_of(&self, name: &GroupName) -> PathBuf {
        self.root.join(AREA).join("aside").join(name.as_str())
    }

    fn open(&self) -> Result<OwnedFd, SharedDirError> {
        dirfd::open_trusted(&self.root).map_err(|error| {
            self.unfit(match error {
                TrustError::Unreadable {
                    path,
                    source: Errno::ENOENT,
                } => {
                    format!("{} is not there", path.display())
                }
                error => error.to_string(),
            })
        })
    }

    fn open_setgid(&self) -> Result<OwnedFd, SharedDirError> {
        let root = self.open()?;
        let stat = fstat(&root).map_err(at(self.root.display()))?;
        if stat.st_mode & SETGID == 0 {
            let why = format!("{} has no setgid bit to hand down", self.root.display());
            return Err(self.unfit(why));
        }
        Ok(root)
    }

    fn open_area(&self) -> Result<(OwnedFd, Area), SharedDirError> {
        let root = self.open()?;
        let path = self.root.join(AREA);
        let area = roots_alone(&root, AREA, &path)?;
        let aside = roots_alone(&area, "aside", &path.join("aside"))?;
        let trash = roots_alone(&area, "trash", &path.join("trash"))?;
        Ok((root, Area { aside, trash }))
    }

    fn unfit(&self, why: String) -> SharedDirError {
        SharedDirError::Parent {
            path: self.root.clone(),
            why,
        }
    }

    /// Whether the name there is the group's directory; an error if it is something else.
    fn has(
        &self,
        dir: &OwnedFd,
        name: &GroupName,
        gid: u32,
        path: &Path,
    ) -> Result<bool, SharedDirError> {
        match dirfd::stat_name(dir, name.as_str()).map_err(at(name))? {
            None => Ok(false),
            Some(stat) if is_of(&stat, gid) => Ok(true),
            Some(_) => Err(SharedDirError::Foreign {
                path: path.to_owned(),
            }),
        }
    }
}

/// Renames, never over anything, and syncs both ends; `path` is where it goes.
fn rename(
    from: &OwnedFd,
    old: &str,
    to: &OwnedFd,
    new: &GroupName,
    path: PathBuf,
) -> Result<(), SharedDirError> {
    match renameat2(from, old, to, new.as_str(), RenameFlags::RENAME_NOREPLACE) {
        Ok(()) => {}
        Err(Errno::EEXIST) => return Err(SharedDirError::Foreign { path }),
        Err(Errno::EBUSY) => {
            let path = old.to_owned();
            return Err(HomeError::OtherFileSystem { path }.into());
        }
        Err(e) => return Err(at(old)(e).into()),
    }
    crash_point::at("shared.renamed");
    fsync(to).and_then(|()| fsync(from)).map_err(at(old))?;
    Ok(())
}

/// No group's name begins with a dot.
fn draft(name: &GroupName) -> String {
    format!(".{name}.new")
}

/// Root may have changed the mode, but not whose it is.
fn is_of(stat: &FileStat, gid: u32) -> bool {
    dirfd::kind(stat) == SFlag::S_IFDIR && stat.st_uid == 0 && stat.st_gid == gid
}

/// Removes what an earlier try left; `false` if it is none of ours.
fn remove_draft(root: &OwnedFd, draft: &str) -> Result<bool, HomeError> {
    match dirfd::stat_name(root, draft).map_err(at(draft))? {
        None => Ok(true),
        Some(stat) if dirfd::kind(&stat) == SFlag::S_IFDIR && stat.st_uid == 0 => {
            remove_empty(root, draft).map(|()| true)
        }
        Some(_) => Ok(false),
    }
}

fn remove_empty(dir: &OwnedFd, name: &str) -> Result<(), HomeError> {
    match unlinkat(dir, name, UnlinkatFlags::RemoveDir) {
        Ok(()) | Err(Errno::ENOENT) => Ok(()),
        Err(e) => Err(at(name)(e)),
    }
}
