//! The process that delivers, as the member.
//!
//! It has no rights but those of the member, so a trap in the home harms nobody else; it follows
//! no symbolic link all the same, so that a notice lands in the Maildir or nowhere. The protocol
//! is that of <https://cr.yp.to/proto/maildir.html>: write in `tmp`, fsync, link to `new`.

use std::ffi::{OsStr, OsString};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};
use std::process::ExitCode;

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::prctl;
use nix::sys::stat::{Mode, fstat};
use nix::unistd::{fsync, getgroups, getresgid, getresuid, linkat};

use crate::dirfd;

const MAX_MESSAGE: u64 = 64 << 10;

/// Why a message was not delivered.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    /// The program was not called as provisiond calls it.
    #[error("usage: deliver HOME NAME < MESSAGE")]
    Usage,
    /// It still has rights that it should have given up.
    #[error("nothing is delivered with the rights of root or of a group of others")]
    Privileged,
    /// The message is longer than any notice.
    #[error("the message has more than 64 KiB")]
    TooLong,
    /// A directory on the way is something else, or belongs to someone else.
    #[error("{0} is no directory of yours")]
    Foreign(&'static str),
    /// The kernel refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// What the kernel said.
        source: io::Error,
    },
}

/// What `main` does when its first argument is [`super::DELIVER`]: delivers standard input to the
/// Maildir in the home that is the second argument, under a name made from the third.
#[must_use]
pub fn deliver_main() -> ExitCode {
    // Else the member could trace this process, and have code of theirs among the daemon's processes.
    // The kernel keeps them out before this, too, where only root may read the program.
    if let Err(e) = prctl::set_dumpable(false) {
        let _ = writeln!(io::stderr(), "prctl: {e}");
        return ExitCode::FAILURE;
    }
    let arguments: Vec<OsString> = std::env::args_os().skip(2).collect();
    match deliver(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Standard error goes to provisiond's log; without it there is the exit code.
            let _ = writeln!(io::stderr(), "{e}");
            ExitCode::FAILURE
        }
    }
}

fn deliver(arguments: &[OsString]) -> Result<(), DeliveryError> {
    let [home, name] = arguments else {
        return Err(DeliveryError::Usage);
    };
    let name = name.to_str().ok_or(DeliveryError::Usage)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(plain) {
        return Err(DeliveryError::Usage);
    }
    let uid = unprivileged_uid()?;
    let mut message = Vec::new();
    io::stdin()
        .take(MAX_MESSAGE + 1)
        .read_to_end(&mut message)
        .map_err(io_error("standard input"))?;
    if u64::try_from(message.len()).is_ok_and(|length| length > MAX_MESSAGE) {
        return Err(DeliveryError::TooLong);
    }

    let home = walk(Path::new(home))?;
    let maildir = own_dir(&home, "Maildir", uid)?;
    let tmp = own_dir(&maildir, "tmp", uid)?;
    let new = own_dir(&maildir, "new", uid)?;
    let name = format!("{name}.P{}", std::process::id());
    dirfd::write_new(&tmp, name.as_str(), &message, 0o600).map_err(io_error("Maildir/tmp"))?;
    let linked = linkat(&tmp, name.as_str(), &new, name.as_str(), AtFlags::empty())
        .and_then(|()| fsync(&new));
    // What stays in tmp is swept by the reader after 36 hours, so a failure here does no harm.
    let _ = dirfd::remove_name(&tmp, name.as_str());
    linked.map_err(io_error("Maildir/new"))
}

/// The uid, if nothing of root is left in this process (setresuid(2) and setgroups(2) happened).
fn unprivileged_uid() -> Result<u32, DeliveryError> {
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
        Err(DeliveryError::Privileged)
    }
}

/// Opens the home, without following links. A directory on the way may be closed for reading.
fn walk(home: &Path) -> Result<OwnedFd, DeliveryError> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mut dir = open("/", flags, Mode::empty()).map_err(io_error("/"))?;
    for component in home.components() {
        match component {
            Component::RootDir => {}
            Component::Normal(name) => {
                dir = openat(&dir, name, flags, Mode::empty()).map_err(opening("the home"))?;
            }
            _ => return Err(DeliveryError::Usage),
        }
    }
    Ok(dir)
}

fn own_dir(parent: &OwnedFd, name: &'static str, uid: u32) -> Result<OwnedFd, DeliveryError> {
    let dir = dirfd::open_dir(parent, OsStr::new(name)).map_err(opening(name))?;
    let stat = fstat(&dir).map_err(io_error(name))?;
    if stat.st_uid == uid {
        Ok(dir)
    } else {
        Err(DeliveryError::Foreign(name))
    }
}

fn opening(what: &'static str) -> impl FnOnce(Errno) -> DeliveryError {
    move |e| match e {
        Errno::ELOOP | Errno::ENOTDIR => DeliveryError::Foreign(what),
        e => io_error(what)(e),
    }
}

fn io_error<E: Into<io::Error>>(what: &'static str) -> impl FnOnce(E) -> DeliveryError {
    move |e| DeliveryError::Io {
        what,
        source: e.into(),
    }
}
