//! The one place of this program's frame where the compiler can't check.

use std::io;
use std::os::fd::FromRawFd;
use std::os::unix::net::UnixListener;

/// The sockets that the service manager passed, with their names (`sd_listen_fds(3)`). Call once.
///
/// # Errors
/// The environment says something else than what systemd writes.
pub(super) fn passed_sockets() -> io::Result<Vec<(String, UnixListener)>> {
    let passed = sd_notify::listen_fds_with_names()?;
    Ok(passed
        .map(|(fd, name)| {
            // SAFETY: the service manager opened this descriptor for this process (LISTEN_PID was
            // compared) and nothing else here owns it, as this function is called once, at start.
            #[allow(unsafe_code)]
            let socket = unsafe { UnixListener::from_raw_fd(fd) };
            (name, socket)
        })
        .collect())
}
