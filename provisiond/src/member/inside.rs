//! In the process that runs as the member: what it looks at before it touches the home.
//!
//! It has no rights but those of the member, so a trap in the home harms nobody else; it follows no
//! symbolic link to a directory all the same, so that what it writes lands in the home or nowhere.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open, openat};
use nix::sys::prctl::set_dumpable;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{getgroups, getresgid, getresuid};

use crate::dirfd;

/// Why such a process does not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InsideError {
    /// The program was not called as provisiond calls it.
    #[error("not called as provisiond calls it")]
    Usage,
    /// It still has rights that it should have given up.
    #[error("nothing is delivered with the rights of root or of a group of others")]
    Privileged,
    /// The message is longer than any that provisiond writes.
    #[error("the message has more than 64 KiB")]
    TooLong,
    /// A directory on the way is something else, or belongs to someone else.
    #[error("{0} is no directory of yours")]
    Foreign(&'static str),
    /// A file is not what it should be.
    #[error("{what} {is}")]
    File {
        /// Which.
        what: &'static str,
        /// How it is.
        is: &'static str,
    },
    /// The kernel refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The uid, if nothing of root is left in this process (setresuid(2) and setgroups(2) happened).
pub(crate) fn unprivileged_uid() -> Result<u32, InsideError> {
    let uids = getresuid().map_err(io_error("uid"))?;
    let gids = getresgid().map_err(io_error("gid"))?;
    let groups = getgroups().map_err(io_error("groups"))?;
    let one_user = uids.real == uids.effective && uids.real == uids.saved && !uids.real.is_root();
    let one_group =
        gids.real == gids.effective && gids.real == gids.saved && gids.real.as_raw() != 0;
    let no_more = groups.iter().all(|group| *group == gids.real);
    if one_user && one_group && no_more {
        Ok(uids.real.as_raw())
    } else {
        Err(InsideError::Privileged)
    }
}

/// First of all. Else the member could trace this process, and have code of theirs among the daemon's
/// processes. The kernel keeps them out before this, too, where only root may read the program.
pub(crate) fn stay_untraced() -> Result<(), InsideError> {
    set_dumpable(false).map_err(io_error("prctl"))
}

/// From now on the process can start no other one, whatever becomes of it.
pub(crate) fn stay_alone() -> Result<(), InsideError> {
    setrlimit(Resource::RLIMIT_NPROC, 0, 0).map_err(io_error("limits"))
}

/// Opens the home, without following links. A directory on the way may be closed for reading.
pub(crate) fn walk(home: &Path) -> Result<OwnedFd, InsideError> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut dir = open("/", flags, Mode::empty()).map_err(io_error("/"))?;
    for component in home.components() {
        match component {
            Component::RootDir => {}
            Component::Normal(name) => {
                dir = openat(&dir, name, flags, Mode::empty()).map_err(opening("the home"))?;
            }
            _ => return Err(InsideError::Usage),
        }
    }
    Ok(dir)
}

/// A directory of the member's own in `parent`.
pub(crate) fn own_dir(
    parent: &OwnedFd,
    name: &'static str,
    uid: u32,
) -> Result<OwnedFd, InsideError> {
    let dir = dirfd::open_dir(parent, OsStr::new(name)).map_err(opening(name))?;
    let stat = fstat(&dir).map_err(io_error(name))?;
    if stat.st_uid == uid {
        Ok(dir)
    } else {
        Err(InsideError::Foreign(name))
    }
}

/// A name that can only be that of a file in one directory, and that a mail reader shows.
pub(crate) fn plain_name(name: &OsStr) -> Result<&str, InsideError> {
    let name = name.to_str().ok_or(InsideError::Usage)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(InsideError::Usage);
    }
    Ok(name)
}

fn opening(what: &'static str) -> impl FnOnce(Errno) -> InsideError {
    move |e| match e {
        Errno::ELOOP | Errno::ENOTDIR => InsideError::Foreign(what),
        e => io_error(what)(e),
    }
}

pub(crate) fn io_error<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> InsideError {
    move |e| InsideError::Io {
        what,
        source: e.into(),
    }
}
