//! The locks of shadow-utils, so that its tools and this writer exclude each other.
//!
//! Two layers, as in its `lib/commonio.c`: lckpwdf(3), a record lock on `.pwd.lock` for which a
//! program waits up to 15 s, and then a `FILE.lock` for each file, which names the holder's
//! process id. A `FILE.lock` whose process is gone is taken over; one that is empty, or whose
//! process lives, is someone else's.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{AtFlags, FcntlArg, OFlag, fcntl, openat};
use nix::libc;
use nix::sys::signal::kill;
use nix::sys::stat::Mode;
use nix::unistd::{Pid, linkat};

use super::Name;
use crate::{crash_point, dirfd};

/// How long lckpwdf(3) waits.
const WAIT: Duration = Duration::from_secs(15);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);
const PWD_LOCK: &CStr = c".pwd.lock";

/// Why the database can't be locked.
#[derive(Debug)]
pub(super) enum LockError {
    /// Someone else has it, or left something that only a person can judge.
    Held(String),
    /// The file system said no.
    Io(io::Error),
}

impl<E: Into<io::Error>> From<E> for LockError {
    fn from(error: E) -> Self {
        Self::Io(error.into())
    }
}

/// The locks on some files; given back when dropped, the files' first, as ulckpwdf(3) comes last.
#[derive(Debug)]
pub(super) struct Locks<'a> {
    etc: &'a OwnedFd,
    files: Vec<CString>,
    // An open file description's lock, not the process's: it is not lost when something else in
    // this process closes the file, and other processes see no difference.
    _all: File,
}

impl Drop for Locks<'_> {
    fn drop(&mut self) {
        for lock in &self.files {
            if let Err(error) = dirfd::remove_name(self.etc, lock.as_c_str()) {
                tracing::warn!(?lock, %error, "a lock can't be given back");
            }
        }
    }
}

/// Locks these files in the held directory.
pub(super) fn take<'a>(etc: &'a OwnedFd, names: &[Name]) -> Result<Locks<'a>, LockError> {
    let mut locks = Locks {
        etc,
        files: Vec::new(),
        _all: lock_all(etc)?,
    };
    let pid = std::process::id();
    // One file for all of the links: to others only its content counts.
    let own = named(Name::PASSWD, &pid.to_string())?;
    dirfd::remove_name(etc, own.as_c_str())?;
    let mut file = dirfd::create_file(etc, own.as_c_str())?;
    crash_point::at("direct.lock.all");
    let linked = write_pid(&mut file, pid).and_then(|()| {
        crash_point::at("direct.lock.named");
        for name in names {
            let lock = named(*name, "lock")?;
            link(etc, &own, &lock)?;
            locks.files.push(lock);
            crash_point::at("direct.lock.one");
            // link(2) over NFS may say yes and mean no.
            let links = file.metadata()?.nlink();
            if u64::try_from(locks.files.len()).is_ok_and(|made| links != made + 1) {
                return Err(LockError::Held("a lock file has too many links".into()));
            }
        }
        Ok(())
    });
    dirfd::remove_name(etc, own.as_c_str())?;
    linked.map(|()| locks)
}

/// Takes away what an earlier run left that had the same process id, as happens where ids are
/// few: shadow-utils would take this very process for the holder. Nothing is locked yet.
pub(super) fn forget_own(etc: &OwnedFd, names: &[Name]) -> Result<(), LockError> {
    for name in names {
        let lock = named(*name, "lock")?;
        if holder(etc, &lock).is_ok_and(|pid| pid == own_pid()) {
            dirfd::remove_name(etc, lock.as_c_str())?;
        }
    }
    Ok(())
}

/// As lckpwdf(3).
fn lock_all(etc: &OwnedFd) -> Result<File, LockError> {
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW;
    let file = File::from(openat(
        etc,
        PWD_LOCK,
        flags,
        Mode::from_bits_truncate(0o600),
    )?);
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    let started = Instant::now();
    let mut pause = Duration::from_millis(1);
    loop {
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole)) {
            Ok(_) => return Ok(file),
            Err(Errno::EAGAIN | Errno::EACCES) if started.elapsed() < WAIT => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            Err(Errno::EAGAIN | Errno::EACCES) => {
                let said = format!("another program holds .pwd.lock for {} s", WAIT.as_secs());
                return Err(LockError::Held(said));
            }
            Err(e) => return Err(e.into()),
        }
    }
}

/// On the disk before anyone can see it: an empty lock after a power cut would be nobody's.
fn write_pid(file: &mut File, pid: u32) -> Result<(), LockError> {
    // The NUL is shadow-utils' own way.
    file.write_all(format!("{pid}\0").as_bytes())?;
    Ok(file.sync_data()?)
}

fn link(etc: &OwnedFd, own: &CStr, lock: &CStr) -> Result<(), LockError> {
    let try_it = || linkat(etc, own, etc, lock, AtFlags::empty());
    match try_it() {
        Err(Errno::EEXIST) => {}
        other => return Ok(other?),
    }
    let pid = holder(etc, lock)?;
    // EPERM is an answer of a process that lives.
    if pid != own_pid() && kill(pid, None) != Err(Errno::ESRCH) {
        return Err(LockError::Held(format!(
            "{} is held by process {pid}",
            lock.to_string_lossy()
        )));
    }
    tracing::warn!(?lock, %pid, "taking over the lock of a process that is gone");
    dirfd::remove_name(etc, lock)?;
    Ok(try_it()?)
}

/// Whom a lock file names.
fn holder(etc: &OwnedFd, lock: &CStr) -> Result<Pid, LockError> {
    let mut text = String::new();
    let file = dirfd::open_file(etc, lock)?;
    let read = file.take(32).read_to_string(&mut text);
    let pid = text.trim_end_matches(['\0', '\n']).trim().parse::<i32>();
    match (read, pid) {
        (Ok(_), Ok(pid)) if pid > 0 => Ok(Pid::from_raw(pid)),
        _ => Err(LockError::Held(format!(
            "{} names no process; remove it if no program works on the accounts",
            lock.to_string_lossy()
        ))),
    }
}

fn own_pid() -> Pid {
    Pid::this()
}

fn named(name: Name, suffix: &str) -> Result<CString, LockError> {
    CString::new(format!("{name}.{suffix}")).map_err(|e| LockError::Io(e.into()))
}
