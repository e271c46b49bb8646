//! Files and directories by descriptors: one name at a time below a directory that is held open,
//! and never through a symbolic link.
//!
//! `openat2(RESOLVE_NO_SYMLINKS)` would do as much in one call, but the unit's
//! `RestrictSUIDSGID=yes` makes it fail with ENOSYS.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Component, Path, PathBuf};

use nix::NixPath;
use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat, renameat};
use nix::sched::{CloneFlags, unshare};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat, fstatat, mkdirat, umask};
use nix::unistd::{UnlinkatFlags, fsync, unlinkat};

use crate::crash_point;

/// The permission bits, setuid, setgid and sticky included.
pub(crate) const PERMISSIONS: u32 = 0o7777;

/// Why a directory that root is to rely on can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Someone else than root could put something else in its place.
    #[error("{}: {why}", path.display())]
    Untrusted {
        /// The directory, or the one above it, that is wrong.
        path: PathBuf,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is not there, or can't be read.
    #[error("can't open {}: {source}", path.display())]
    Unreadable {
        /// The directory, or the one above it.
        path: PathBuf,
        /// What the kernel said.
        source: Errno,
    },
}

/// Opens the directory `path` if nobody but root can say what is there: no component is a
/// symbolic link, each belongs to root, and each is writable for its owner only (one above the
/// last may be sticky instead, like `/tmp`).
///
/// # Errors
/// The first component that is not like that.
pub(crate) fn open_trusted(path: &Path) -> Result<OwnedFd, TrustError> {
    let mut components = path.components();
    if components.next() != Some(Component::RootDir) {
        let why = "is not an absolute path";
        return Err(TrustError::Untrusted {
            path: path.to_owned(),
            why,
        });
    }
    let mut walked = PathBuf::from("/");
    let unreadable = |path: &Path, source| TrustError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    let mut dir = open("/", flags, Mode::empty()).map_err(|e| unreadable(&walked, e))?;
    for component in components {
        judge(&dir, &walked, true)?;
        let Component::Normal(name) = component else {
            let why = "has `..` in it";
            return Err(TrustError::Untrusted {
                path: path.to_owned(),
                why,
            });
        };
        walked.push(name);
        dir = open_dir(&dir, name).map_err(|source| match source {
            Errno::ELOOP | Errno::ENOTDIR => TrustError::Untrusted {
                path: walked.clone(),
                why: "is not a directory itself (a symbolic link?): configure the real path",
            },
            source => unreadable(&walked, source),
        })?;
    }
    judge(&dir, &walked, false)?;
    Ok(dir)
}

fn judge(dir: &OwnedFd, path: &Path, sticky_will_do: bool) -> Result<(), TrustError> {
    let stat = fstat(dir).map_err(|source| TrustError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let untrusted = |why| {
        Err(TrustError::Untrusted {
            path: path.to_owned(),
            why,
        })
    };
    if stat.st_uid != 0 {
        return untrusted("does not belong to root");
    }
    let sticky = sticky_will_do && stat.st_mode & 0o1000 != 0;
    if stat.st_mode & 0o022 != 0 && !sticky {
        return untrusted("is writable for others than root");
    }
    Ok(())
}

/// Opens the directory `name` in `parent`. ELOOP or ENOTDIR if it is something else.
pub(crate) fn open_dir<P: ?Sized + NixPath>(parent: impl AsFd, name: &P) -> nix::Result<OwnedFd> {
    let flags = OFlag::O_RDONLY
        | OFlag::O_DIRECTORY
        | OFlag::O_NOFOLLOW
        | OFlag::O_CLOEXEC
        | OFlag::O_NONBLOCK;
    openat(parent, name, flags, Mode::empty())
}

/// Opens the file `name` in `parent` for reading; never waits for a FIFO's other end.
pub(crate) fn open_file<P: ?Sized + NixPath>(parent: impl AsFd, name: &P) -> nix::Result<File> {
    let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
    openat(parent, name, flags, Mode::empty()).map(File::from)
}

/// Makes and opens the file `name`, for its owner only; EEXIST if anything has that name.
pub(crate) fn create_file<P: ?Sized + NixPath>(parent: impl AsFd, name: &P) -> nix::Result<File> {
    let flags =
        OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent, name, flags, Mode::from_bits_truncate(0o600)).map(File::from)
}

/// Opens the directory `name`, made now (for its owner only) if it was not there.
pub(crate) fn open_or_make_dir<P: ?Sized + NixPath>(
    parent: impl AsFd,
    name: &P,
) -> nix::Result<OwnedFd> {
    match mkdirat(&parent, name, Mode::from_bits_truncate(0o700)) {
        Ok(()) => {
            let dir = open_dir(&parent, name)?;
            // A setgid parent would have handed its bit down.
            fchmod(&dir, Mode::from_bits_truncate(0o700))?;
            Ok(dir)
        }
        Err(Errno::EEXIST) => open_dir(&parent, name),
        Err(e) => Err(e),
    }
}

/// Makes the directory `name` with this mode, whatever the umask says, and what its parent hands down.
///
/// For a directory that inherits the setgid bit: `chmod` after `mkdir` would take the bit away, and
/// under the unit's `RestrictSUIDSGID=yes` nothing can set it. The umask is the whole process's; the
/// thread that makes the directory gets one of its own (`CLONE_FS`), so no file of another thread is
/// made without it.
pub(crate) fn make_dir_unmasked(
    parent: impl AsFd + Sync,
    name: &str,
    mode: u32,
) -> nix::Result<()> {
    std::thread::scope(|scope| {
        let make = || {
            unshare(CloneFlags::CLONE_FS)?;
            umask(Mode::empty());
            mkdirat(&parent, name, Mode::from_bits_truncate(mode))
        };
        let thread = std::thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn_scoped(scope, make)
            .map_err(|_| Errno::EAGAIN)?;
        thread.join().unwrap_or(Err(Errno::EIO))
    })
}

/// What `name` itself is; `None` if there is nothing.
pub(crate) fn stat_name<P: ?Sized + NixPath>(
    parent: impl AsFd,
    name: &P,
) -> nix::Result<Option<FileStat>> {
    match fstatat(parent, name, AtFlags::AT_SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::ENOENT) => Ok(None),
        Err(e) => Err(e),
    }
}

/// The kind of file, of `st_mode`.
pub(crate) fn kind(stat: &FileStat) -> SFlag {
    SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits())
}

/// Calls `take` with each name in `dir` but `.` and `..`, and keeps none, so that no directory
/// fills the memory.
pub(crate) fn each_name<E: From<Errno>>(
    dir: impl AsFd,
    mut take: impl FnMut(&CStr) -> Result<(), E>,
) -> Result<(), E> {
    let mut listing = Dir::from_fd(open_dir(dir, c".")?)?;
    for entry in listing.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if name != c"." && name != c".." {
            take(name)?;
        }
    }
    Ok(())
}

/// At most `limit` of the names in `dir` that `wanted` takes; `.` and `..` are none.
pub(crate) fn names(
    dir: impl AsFd,
    limit: usize,
    wanted: impl Fn(&CStr) -> bool,
) -> nix::Result<Vec<CString>> {
    // A description of its own, so that the position of `dir` stays what it was.
    let mut listing = Dir::from_fd(open_dir(dir, c".")?)?;
    let mut found = Vec::new();
    for entry in listing.iter() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." || !wanted(name) {
            continue;
        }
        found.push(name.to_owned());
        if found.len() >= limit {
            break;
        }
    }
    Ok(found)
}

/// Reads the regular file `name` in `dir`, of at most `limit` bytes; `None` if it is not there.
///
/// # Errors
/// It is something else (also a symbolic link), is longer, or can't be read.
pub(crate) fn read_file<P: ?Sized + NixPath>(
    dir: impl AsFd,
    name: &P,
    limit: u64,
) -> io::Result<Option<Vec<u8>>> {
    let file = match open_file(dir, name) {
        Ok(file) => file,
        Err(Errno::ENOENT) => return Ok(None),
        Err(e) => return Err(e.into()),
    };
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut content = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)?;
    if u64::try_from(content.len()).is_ok_and(|length| length > limit) {
        return Err(io::Error::other(format!("it has more than {limit} bytes")));
    }
    Ok(Some(content))
}

/// Puts a file with this content and mode in the place of `name`: whoever opens `name` sees all
/// of the old or all of the new, after a power cut as well.
///
/// `temporary` is the name under which it is written first; what is left there is thrown away.
///
/// # Errors
/// What the kernel said; `name` is then as it was.
pub(crate) fn replace_file<P: ?Sized + NixPath>(
    dir: impl AsFd,
    name: &P,
    temporary: &P,
    content: &[u8],
    mode: u32,
) -> io::Result<()> {
    remove_name(&dir, temporary)?;
    let written = write_new(&dir, temporary, content, mode).and_then(|()| {
        crash_point::at("file.replace.written");
        renameat(&dir, temporary, &dir, name)?;
        crash_point::at("file.replace.renamed");
        fsync(&dir)?;
        Ok(())
    });
    if written.is_err() {
        remove_name(&dir, temporary)?;
    }
    written
}

/// Makes the file `name` with this content and mode, on the disk when this returns.
///
/// # Errors
/// What the kernel said, EEXIST if anything has that name.
pub(crate) fn write_new<P: ?Sized + NixPath>(
    dir: impl AsFd,
    name: &P,
    content: &[u8],
    mode: u32,
) -> io::Result<()> {
    let mut file = create_file(dir, name)?;
    file.write_all(content)?;
    fchmod(&file, Mode::from_bits_truncate(mode))?;
    file.sync_all()
}

/// Removes `name` if it is there and no directory. `true` if it was there.
pub(crate) fn remove_name<P: ?Sized + NixPath>(dir: impl AsFd, name: &P) -> nix::Result<bool> {
    match unlinkat(dir, name, UnlinkatFlags::NoRemoveDir) {
        Ok(()) => Ok(true),
        Err(Errno::ENOENT) => Ok(false),
        Err(e) => Err(e),
    }
}

/// A held directory, borrowed; shortens signatures.
pub(crate) type DirRef<'a> = BorrowedFd<'a>;
