//! GNU tar, run in a directory that is held open, with the archive on standard input or output:
//! it is told no path at all.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::sys::stat::{Mode, umask};
use nix::unistd::Pid;

use super::{ArchiveError, at};
use crate::pulse;

/// The tool; on Debian it is of the packages that no system is without.
pub const TAR: &str = "/usr/bin/tar";

/// A run is ended when it moves nothing for so long. There is no deadline for the whole: how much
/// a member keeps is not known.
const STALLED: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(10);
const MAX_SAID: u64 = 1 << 10;

/// Packs all of `tree`.
pub(super) fn create(archive: &File, tree: &OwnedFd) -> Result<(), ArchiveError> {
    #[rustfmt::skip]
    let arguments = [
        "--create", "--file=-", "--format=posix", "--pax-option=delete=atime,delete=ctime",
        "--sparse", "--acls", "--xattrs", "--numeric-owner", "--one-file-system", "--", ".",
    ];
    let mut command = tar(&arguments, tree);
    command
        .stdin(Stdio::null())
        .stdout(clone(archive)?)
        .stderr(Stdio::piped());
    run("--create", &mut command, archive).map(drop)
}

/// Reads the archive and compares it with `tree`. Returns how many entries it has.
pub(super) fn compare(archive: &File, tree: &OwnedFd) -> Result<u64, ArchiveError> {
    rewind(archive)?;
    let arguments = ["--compare", "--verbose", "--file=-", "--numeric-owner"];
    let mut command = tar(&arguments, tree);
    command
        .stdin(clone(archive)?)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    run("--compare", &mut command, archive)
}

/// Unpacks the archive into `tree`, with or without setuid and setgid bits.
pub(super) fn extract(archive: &File, tree: &OwnedFd, set_id: bool) -> Result<(), ArchiveError> {
    rewind(archive)?;
    let permissions = if set_id {
        "--preserve-permissions"
    } else {
        "--no-same-permissions"
    };
    #[rustfmt::skip]
    let arguments = [
        "--extract", "--file=-", permissions, "--same-owner", "--numeric-owner", "--acls",
        "--xattrs", "--delay-directory-restore",
    ];
    let mut command = tar(&arguments, tree);
    command
        .stdin(clone(archive)?)
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    // Without -p, tar takes the umask's bits away.
    let umask = umask(Mode::empty());
    let extracted = run("--extract", &mut command, archive);
    nix::sys::stat::umask(umask);
    extracted.map(drop)
}

fn tar(arguments: &[&str], tree: &OwnedFd) -> Command {
    let mut command = Command::new(TAR);
    command
        .args(arguments)
        .env_clear()
        .env("LC_ALL", "C")
        // The child has the same descriptors until it becomes tar.
        .current_dir(format!("/proc/self/fd/{}", tree.as_raw_fd()))
        .process_group(0);
    command
}

/// Runs to the end; returns how many lines were printed.
fn run(what: &'static str, command: &mut Command, archive: &File) -> Result<u64, ArchiveError> {
    let failed = |source| ArchiveError::Io {
        path: TAR.to_owned(),
        source,
    };
    tracing::debug!(tool = TAR, what, "running");
    let mut child = command.spawn().map_err(failed)?;
    let printed = child
        .stdout
        .take()
        .map(|out| in_a_thread(move || lines(out)));
    let said = child
        .stderr
        .take()
        .map(|err| in_a_thread(move || beginning(err)));
    let status = wait(&mut child, archive).map_err(failed)?;
    let printed = join(printed.transpose().map_err(failed)?).map_err(failed)?;
    let said = join(said.transpose().map_err(failed)?).map_err(failed)?;
    match status {
        Some(status) if status.success() => Ok(printed),
        Some(status) if said.is_empty() => Err(ArchiveError::Tar {
            what,
            why: status.to_string(),
        }),
        Some(_) => Err(ArchiveError::Tar { what, why: said }),
        None => Err(ArchiveError::Tar {
            what,
            why: format!("moved nothing for {} s and was ended", STALLED.as_secs()),
        }),
    }
}

/// Waits for the end; `None` if it stalled. The archive's position, which the child moves, shows
/// that it is at work.
fn wait(child: &mut Child, mut archive: &File) -> io::Result<Option<std::process::ExitStatus>> {
    let mut moved = (archive.stream_position()?, Instant::now());
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        pulse::beat();
        let position = archive.stream_position()?;
        if position != moved.0 {
            moved = (position, Instant::now());
        } else if moved.1.elapsed() > STALLED {
            if let Ok(pid) = i32::try_from(child.id()) {
                let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(POLL);
    }
}

fn in_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> io::Result<JoinHandle<T>> {
    std::thread::Builder::new()
        .name("tar-output".into())
        .stack_size(64 * 1024)
        .spawn(work)
}

fn join<T: Default>(thread: Option<JoinHandle<T>>) -> io::Result<T> {
    match thread.map(JoinHandle::join) {
        None => Ok(T::default()),
        Some(Ok(value)) => Ok(value),
        Some(Err(_)) => Err(io::Error::other("reading its output failed")),
    }
}

/// Counts lines; tar writes a line break within a name as `\n`.
fn lines(mut out: impl Read) -> u64 {
    let mut chunk = [0; 8192];
    let mut count = 0_u64;
    while let Ok(read @ 1..) = out.read(&mut chunk) {
        let breaks = chunk
            .iter()
            .take(read)
            .filter(|byte| **byte == b'\n')
            .count();
        count = count.saturating_add(u64::try_from(breaks).unwrap_or_default());
    }
    count
}

/// The first lines, printable; the rest is read and thrown away.
fn beginning(mut err: impl Read) -> String {
    let mut text = Vec::new();
    let _ = (&mut err).take(MAX_SAID).read_to_end(&mut text);
    let _ = io::copy(&mut err, &mut io::sink());
    let text = String::from_utf8_lossy(&text);
    text.trim()
        .replace('\n', "; ")
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect()
}

fn clone(archive: &File) -> Result<File, ArchiveError> {
    archive.try_clone().map_err(at(TAR))
}

fn rewind(mut archive: &File) -> Result<(), ArchiveError> {
    archive.rewind().map_err(at(TAR))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// What a unit with `RestrictSUIDSGID=yes` and `UMask=0077` leaves possible.
    #[test]
    fn without_setuid_and_setgid_bits_all_else_is_unpacked_whatever_the_umask_is() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("to"));
        fs::create_dir_all(from.join("team")).unwrap();
        fs::create_dir(&to).unwrap();
        fs::write(from.join("tool"), "x").unwrap();
        for (path, mode) in [("team", 0o2775), ("tool", 0o4755), (".", 0o711)] {
            fs::set_permissions(from.join(path), fs::Permissions::from_mode(mode)).unwrap();
        }
        let open = |path: &std::path::Path| OwnedFd::from(File::open(path).unwrap());
        let archive = tempfile::tempfile().unwrap();
        create(&archive, &open(&from)).unwrap();
        assert_eq!(compare(&archive, &open(&from)).unwrap(), 3);

        let before = umask(Mode::from_bits_truncate(0o077));
        extract(&archive, &open(&to), false).unwrap();
        assert_eq!(umask(before).bits(), 0o077, "the umask was not put back");
        let mode = |path| fs::metadata(to.join(path)).unwrap().permissions().mode() & 0o7777;
        assert_eq!(["team", "tool", "."].map(mode), [0o775, 0o755, 0o711]);

        extract(&archive, &open(&to), true).unwrap();
        assert_eq!(["team", "tool", "."].map(mode), [0o2775, 0o4755, 0o711]);
        assert_eq!(compare(&archive, &open(&to)).unwrap(), 3);
    }
}
