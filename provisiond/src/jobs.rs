//! What the host would start in a member's name later: the crontab, at(1) jobs, the lingering user
//! manager. A suspended account has none of them; they wait below the state directory, and come
//! back when it is resumed.
//!
//! Debian's cron, atd and logind refuse an expired account by PAM anyway. Here nothing hangs on
//! that: an atd that refuses a job has lost it, and other crons ask nobody.

use std::ffi::{CStr, CString};
use std::fs::{File, FileTimes};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{RenameFlags, renameat2};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, fsync, unlinkat};
use provision_api::{RegistrationId, Username};

use crate::dirfd::{self, PERMISSIONS, TrustError};
use crate::{crash_point, pulse};

/// Where Debian keeps them. What is not there is not used on this host.
const SPOOLS: &[Spool] = &[
    Spool {
        kind: "crontab",
        path: "/var/spool/cron/crontabs",
        of: Of::Name,
    },
    Spool {
        kind: "at",
        path: "/var/spool/cron/atjobs",
        of: Of::Owner,
    },
    Spool {
        kind: "linger",
        path: "/var/lib/systemd/linger",
        of: Of::Name,
    },
];
const STORE: &str = "jobs";
const MAX_NAMES: usize = 100_000;

/// A directory whose files make the host start something.
struct Spool {
    kind: &'static str,
    path: &'static str,
    of: Of,
}

/// By what a file in a spool is a member's.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// Its name is the member's.
    Name,
    /// It belongs to the member.
    Owner,
}

/// What can go wrong with jobs.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// Others than root could change what is above a directory.
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    /// The kernel refused.
    #[error("{path}: {source}")]
    Io {
        /// What it was about.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
}

/// The jobs of this host's members.
#[derive(Clone, Debug)]
pub struct Jobs {
    state: PathBuf,
}

impl Jobs {
    /// Jobs that wait are kept below the state directory.
    #[must_use]
    pub fn new(state: impl Into<PathBuf>) -> Self {
        Self {
            state: state.into(),
        }
    }

    /// Takes away what the host would start in the member's name. May be repeated: what came
    /// since then replaces what waits already.
    ///
    /// # Errors
    /// Some of it may be taken away by then.
    pub fn hold(
        &self,
        registration: RegistrationId,
        name: &Username,
        uid: u32,
    ) -> Result<(), JobError> {
        for spool in SPOOLS {
            let Some(dir) = spool.open()? else { continue };
            for file in spool.files(&dir, name, uid)? {
                let held = self.open(registration)?;
                let waits = [spool.kind.as_bytes(), b"-", file.as_bytes()].concat();
                let waits = CString::new(waits)
                    .map_err(io::Error::from)
                    .map_err(at(spool.path))?;
                dirfd::remove_name(&held, waits.as_c_str()).map_err(at(spool.path))?;
                tracing::info!(spool = spool.path, "a job is kept from starting");
                move_file(&dir, &file, &held, &waits).map_err(at(spool.path))?;
            }
        }
        Ok(())
    }

    /// Puts back what was taken away. Where something of the same name came meanwhile, which can
    /// only be root's doing, that stays.
    ///
    /// # Errors
    /// Some of it may be back by then.
    pub fn give_back(&self, registration: RegistrationId) -> Result<(), JobError> {
        let held = self.open(registration)?;
        for spool in SPOOLS {
            let prefix = format!("{}-", spool.kind).into_bytes();
            let names = dirfd::names(&held, MAX_NAMES, |n| n.to_bytes().starts_with(&prefix));
            for waits in names.map_err(at(STORE))? {
                let Some(dir) = spool.open()? else { continue };
                let file = waits.to_bytes().get(prefix.len()..).unwrap_or_default();
                let file = CString::new(file)
                    .map_err(io::Error::from)
                    .map_err(at(spool.path))?;
                if dirfd::stat_name(&dir, file.as_c_str())
                    .map_err(at(spool.path))?
                    .is_some()
                {
                    tracing::warn!(
                        spool = spool.path,
                        "a job came while its owner was suspended; it stays"
                    );
                    dirfd::remove_name(&held, waits.as_c_str()).map_err(at(STORE))?;
                    continue;
                }
                move_file(&held, &waits, &dir, &file).map_err(at(spool.path))?;
            }
        }
        self.delete(registration)
    }

    /// Deletes what waits.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn delete(&self, registration: RegistrationId) -> Result<(), JobError> {
        let held = self.open(registration)?;
        crash_point::at("jobs.delete.before");
        for name in dirfd::names(&held, MAX_NAMES, |_| true).map_err(at(STORE))? {
            dirfd::remove_name(&held, name.as_c_str()).map_err(at(STORE))?;
            crash_point::at("jobs.delete.one");
        }
        let store = self.store()?;
        let path = registration.to_string();
        unlinkat(&store, path.as_str(), UnlinkatFlags::RemoveDir).map_err(at(path))?;
        crash_point::at("jobs.delete.after");
        Ok(())
    }

    fn open(&self, registration: RegistrationId) -> Result<OwnedFd, JobError> {
        let path = registration.to_string();
        dirfd::open_or_make_dir(self.store()?, path.as_str()).map_err(at(path))
    }

    fn store(&self) -> Result<OwnedFd, JobError> {
        // The state directory is root's alone, so what is in it is.
        let state = dirfd::open_trusted(&self.state)?;
        dirfd::open_or_make_dir(&state, STORE).map_err(at(STORE))
    }
}

impl Spool {
    /// Opens the directory, whose group may write in it; `None` if the host has none.
    fn open(&self) -> Result<Option<OwnedFd>, JobError> {
        let path = Path::new(self.path);
        let (Some(above), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let above = match dirfd::open_trusted(above) {
            Ok(above) => above,
            Err(TrustError::Unreadable {
                source: Errno::ENOENT,
                ..
            }) => return Ok(None),
            Err(e) => return Err(e.into()),
        };
        match dirfd::open_dir(&above, name) {
            Ok(dir) => Ok(Some(dir)),
            Err(Errno::ENOENT) => Ok(None),
            Err(e) => Err(at(self.path)(e)),
        }
    }

    fn files(&self, dir: &OwnedFd, name: &Username, uid: u32) -> Result<Vec<CString>, JobError> {
        let wanted =
            |file: &CStr| self.of == Of::Owner || file.to_bytes() == name.as_str().as_bytes();
        let mut files = dirfd::names(dir, MAX_NAMES, wanted).map_err(at(self.path))?;
        files.retain(|file| {
            let stat = dirfd::stat_name(dir, file.as_c_str()).ok().flatten();
            stat.is_some_and(|stat| self.of == Of::Name || is_job_of(&stat, uid))
        });
        Ok(files)
    }
}

fn is_job_of(stat: &FileStat, uid: u32) -> bool {
    stat.st_uid == uid && dirfd::kind(stat) == SFlag::S_IFREG
}

/// Moves a file that may have to be copied, as `/var/spool` can be a file system of its own.
/// Whoever looks sees it in one of the two places, whole. A name that is taken is an error.
fn move_file(from: &OwnedFd, name: &CStr, to: &OwnedFd, new: &CStr) -> io::Result<()> {
    let flags = RenameFlags::RENAME_NOREPLACE;
    crash_point::at("jobs.move.before");
    match renameat2(from, name, to, new, flags) {
        Ok(()) => crash_point::at("jobs.move.renamed"),
        Err(Errno::EXDEV) => {
            let draft = c".registrar-draft";
            dirfd::remove_name(to, draft)?;
            let copied = copy_file(from, name, to, draft).and_then(|()| {
                crash_point::at("jobs.move.copied");
                Ok(renameat2(to, draft, to, new, flags)?)
            });
            if copied.is_err() {
                dirfd::remove_name(to, draft)?;
            }
            copied?;
            fsync(to)?;
            crash_point::at("jobs.move.placed");
            dirfd::remove_name(from, name)?;
        }
        Err(e) => return Err(e.into()),
    }
    fsync(to)?;
    fsync(from)?;
    crash_point::at("jobs.move.after");
    Ok(())
}

fn copy_file(from: &OwnedFd, name: &CStr, to: &OwnedFd, new: &CStr) -> io::Result<()> {
    let mut source = dirfd::open_file(from, name)?;
    let stat = nix::sys::stat::fstat(&source)?;
    if dirfd::kind(&stat) != SFlag::S_IFREG {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut copy: File = dirfd::create_file(to.as_fd(), new)?;
    pulse::beat();
    io::copy(&mut source, &mut copy)?;
    fchown(
        &copy,
        Some(Uid::from_raw(stat.st_uid)),
        Some(Gid::from_raw(stat.st_gid)),
    )?;
    fchmod(&copy, Mode::from_bits_truncate(stat.st_mode & PERMISSIONS))?;
    let modified = source.metadata()?.modified()?;
    copy.set_times(FileTimes::new().set_modified(modified))?;
    copy.sync_all()
}

fn at<E: Into<io::Error>>(path: impl ToString) -> impl FnOnce(E) -> JobError {
    move |error| JobError::Io {
        path: path.to_string(),
        source: error.into(),
    }
}
