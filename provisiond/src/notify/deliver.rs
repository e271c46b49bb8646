//! The process that delivers, as the member.
//!
//! The protocol is that of <https://cr.yp.to/proto/maildir.html>: write in `tmp`, fsync, link to
//! `new`.

use std::ffi::OsString;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;

use nix::fcntl::AtFlags;
use nix::unistd::{fsync, linkat};

use crate::dirfd;
use crate::member::inside::{
    InsideError, io_error, own_dir, plain_name, stay_alone, stay_untraced, unprivileged_uid, walk,
};

const MAX_MESSAGE: u64 = 64 << 10;

/// What `main` does when its first argument is [`super::DELIVER`]: delivers standard input to the
/// Maildir in the home that is the second argument, under a name made from the third.
#[must_use]
pub fn deliver_main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(2).collect();
    match stay_untraced().and_then(|()| deliver(&arguments)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            // Standard error goes to provisiond's log; without it there is the exit code.
            let _ = writeln!(io::stderr(), "{e}");
            ExitCode::FAILURE
        }
    }
}

fn deliver(arguments: &[OsString]) -> Result<(), InsideError> {
    let [home, name] = arguments else {
        return Err(InsideError::Usage);
    };
    let name = plain_name(name)?;
    let uid = unprivileged_uid()?;
    // Where it can't, a notice is still better than none.
    let _ = stay_alone();
    let message = message_of_stdin()?;
    let maildir = own_dir(&walk(Path::new(home))?, "Maildir", uid)?;
    let tmp = own_dir(&maildir, "tmp", uid)?;
    let new = own_dir(&maildir, "new", uid)?;
    let name = format!("{name}.P{}", std::process::id());
    put(&tmp, &name, &new, &name, &message)
}

/// Standard input, if it is as long as a message of provisiond's can be.
pub(crate) fn message_of_stdin() -> Result<Vec<u8>, InsideError> {
    let mut message = Vec::new();
    io::stdin()
        .take(MAX_MESSAGE + 1)
        .read_to_end(&mut message)
        .map_err(io_error("standard input"))?;
    if u64::try_from(message.len()).is_ok_and(|length| length > MAX_MESSAGE) {
        return Err(InsideError::TooLong);
    }
    Ok(message)
}

/// Puts a message into `new`, whole or not at all.
pub(crate) fn put(
    tmp: &OwnedFd,
    draft: &str,
    new: &OwnedFd,
    name: &str,
    message: &[u8],
) -> Result<(), InsideError> {
    dirfd::write_new(tmp, draft, message, 0o600).map_err(io_error("Maildir/tmp"))?;
    let linked = linkat(tmp, draft, new, name, AtFlags::empty()).and_then(|()| fsync(new));
    // What stays in tmp is swept by the reader after 36 hours, so a failure here does no harm.
    let _ = dirfd::remove_name(tmp, draft);
    linked.map_err(io_error("Maildir/new"))
}
