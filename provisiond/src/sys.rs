//! The one place where provisiond does what the compiler can't check.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

use nix::errno::Errno;
use nix::libc;

/// A number that no user has: systemd's list of uids (UIDS-GIDS.md) keeps it out of use for good,
/// as it is -1 in 16 bits.
const NOBODYS: u32 = 65_535;

/// How often a child may be hit by that of another provisiond on the same kernel, as in a container
/// or a test: both have nobody's number as their real uid.
const MET: u32 = 20;

/// The sockets that the service manager passed, with their names (`sd_listen_fds(3)`). Call once.
///
/// # Errors
/// The environment says something else than what systemd writes.
pub(crate) fn activated_sockets() -> io::Result<Vec<(String, UnixListener)>> {
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

/// Sends SIGKILL to every process of a user in one system call.
///
/// A child does it that has the user's number as its effective uid alone, so `kill(-1)` reaches
/// all that is the user's and nothing else, and no process id is looked up that another process
/// could have by now. The kernel holds its list of processes still meanwhile and gives up a
/// `fork` of whoever has the signal, so no fork bomb gets away. The child's real and saved uid
/// are nobody's and it runs no program, so the user's processes can neither signal nor trace it.
///
/// # Errors
/// No child can be made, or it may not change its uid. Root and nobody's number are refused.
pub(crate) fn kill_all_of(uid: u32) -> io::Result<()> {
    kill_after(
        uid,
        libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
    )
}

/// Sends SIGKILL to one process that has this real uid, by a child as in [`kill_all_of`]. What
/// `process`, a handle as [`process()`] gives it, means can't become another process.
///
/// # Errors
/// As for [`kill_all_of`]; it is no error if the process is gone.
pub(crate) fn kill_one_of(uid: u32, process: &OwnedFd) -> io::Result<()> {
    let fd = process.as_raw_fd();
    as_killer(uid, move || {
        let (flags, no_info) = (0_u32, std::ptr::null::<libc::siginfo_t>());
        let signal = libc::SIGKILL;
        // SAFETY: an open descriptor, which the child inherited; no memory is passed.
        #[allow(unsafe_code)]
        let sent =
            unsafe { libc::syscall(libc::SYS_pidfd_send_signal, fd, signal, no_info, flags) };
        sent == 0
    })
}

/// A handle of the process that has this id now.
///
/// # Errors
/// There is none.
pub(crate) fn process(pid: i32) -> io::Result<OwnedFd> {
    // SAFETY: takes numbers; a descriptor that it returns is new and owned by nobody else.
    #[allow(unsafe_code)]
    unsafe {
        let fd = libc::syscall(libc::SYS_pidfd_open, pid, 0_u32);
        match i32::try_from(fd) {
            Ok(fd) if fd >= 0 => Ok(OwnedFd::from_raw_fd(fd)),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

/// The signal is sent after a pause, in which a test attacks the child.
fn kill_after(uid: u32, pause: libc::timespec) -> io::Result<()> {
    as_killer(uid, move || {
        // SAFETY: a pointer to what lives for the call, a null, and numbers.
        #[allow(unsafe_code)]
        unsafe {
            if pause.tv_nsec > 0 {
                libc::nanosleep(&pause, std::ptr::null_mut());
            }
            libc::kill(-1, libc::SIGKILL) == 0
        }
    })
}

/// Has a child send a signal with the user's number as its effective uid alone.
fn as_killer(uid: u32, send: impl Fn() -> bool + Send + Sync + 'static) -> io::Result<()> {
    if matches!(uid, 0 | NOBODYS | u32::MAX) {
        return Err(io::Error::other(format!(
            "processes of uid {uid} are not ended"
        )));
    }
    // Never run: the closure below ends the child before.
    let mut command = Command::new("/bin/false");
    command
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // SAFETY: between fork and its end the child makes system calls only, each of them
    // async-signal-safe (setgroups and setres*id too: glibc's broadcast to other threads finds
    // none in a forked child). It allocates nothing and takes no lock; `io::Error` from an errno
    // does not allocate. `_exit` runs no destructor and no handler of the parent's.
    #[allow(unsafe_code)]
    unsafe {
        command.pre_exec(move || {
            let become_them = libc::setgroups(0, std::ptr::null()) == 0
                && libc::setresgid(NOBODYS, NOBODYS, NOBODYS) == 0
                && libc::setresuid(NOBODYS, uid, NOBODYS) == 0;
            // ESRCH: there was nobody but the child.
            let done = become_them && (send() || Errno::last() == Errno::ESRCH);
            if done {
                libc::_exit(0);
            }
            Err(io::Error::last_os_error())
        });
    }
    let mut status = command.spawn()?.wait()?;
    for _ in 0..MET {
        if status.signal() != Some(libc::SIGKILL) {
            break;
        }
        status = command.spawn()?.wait()?;
    }
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "the signal was not sent: {status}"
        )))
    }
}

/// Whether any process has this real uid, one that ended and was not waited for included. Sees
/// all of them, also where `/proc` hides them (`ProtectProc=ptraceable`).
///
/// # Errors
/// What the kernel said.
pub(crate) fn is_anyone(uid: u32) -> io::Result<bool> {
    Errno::clear();
    // SAFETY: takes and gives numbers, and changes nothing.
    #[allow(unsafe_code)]
    let priority = unsafe { libc::getpriority(libc::PRIO_USER, uid) };
    // -1 is a priority as well, see getpriority(2).
    match (priority, Errno::last_raw()) {
        (-1, libc::ESRCH) => Ok(false),
        (-1, errno) if errno != 0 => Err(io::Error::from_raw_os_error(errno)),
        _ => Ok(true),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Child;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    /// Two numbers that neither this machine nor another run of this test uses.
    fn member_and_bystander() -> (u32, u32) {
        let member = 1_000_000 + 2 * std::process::id();
        (member, member + 1)
    }

    /// Stops and traces whatever new process it may, all the time. What it could trace it prints.
    const ATTACK: &str = "$| = 1; print qq(ready\n); \
        while (1) { kill 'STOP', -1; \
            open my $f, '<', '/proc/loadavg'; my ($last) = <$f> =~ / (\\d+)$/; close $f; \
            for my $p ($last - 3 .. $last + 1) { next if $p == $$; \
                print qq(traced $p\n) if syscall(101, 16, $p, 0, 0) == 0; kill 'STOP', $p } }";

    fn start(uid: u32, program: &str) -> Child {
        Command::new("/usr/bin/perl")
            .args(["-e", program])
            .uid(uid)
            .gid(uid)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn first_line(child: &mut Child) -> String {
        let mut line = String::new();
        let output = child.stdout.as_mut().unwrap();
        io::BufRead::read_line(&mut io::BufReader::with_capacity(1, output), &mut line).unwrap();
        line
    }

    fn is_root() -> bool {
        let root = nix::unistd::geteuid().is_root();
        if !root {
            let _ = io::Write::write_all(&mut io::stderr(), b"not run: needs root to be members\n");
        }
        root
    }

    /// polkit CVE-2013-4288 was a decision about a process id that became another process; here
    /// the question is whether the process that ends others can be kept from it.
    #[test]
    fn who_ends_a_members_processes_can_be_neither_stopped_nor_traced_by_them() {
        if !is_root() {
            return;
        }
        let (member, bystander_uid) = member_and_bystander();
        let mut bystander = start(bystander_uid, "$| = 1; print qq(ready\n); sleep 600");
        let mut attacker = start(member, ATTACK);
        assert_eq!(first_line(&mut bystander), "ready\n");
        assert_eq!(first_line(&mut attacker), "ready\n");
        let (sender, ended) = mpsc::channel();
        std::thread::spawn(move || {
            let pause = libc::timespec {
                tv_sec: 0,
                tv_nsec: 300_000_000,
            };
            sender.send(kill_after(member, pause)).unwrap();
        });
        let ended = ended.recv_timeout(Duration::from_secs(20));
        ended.expect("the members stopped it").unwrap();
        let mut said = String::new();
        io::Read::read_to_string(&mut attacker.stdout.take().unwrap(), &mut said).unwrap();
        assert_eq!(attacker.wait().unwrap().signal(), Some(libc::SIGKILL));
        assert_eq!(said, "", "it was traced");
        assert_eq!(bystander.try_wait().unwrap(), None, "a bystander was hit");
        assert!(!is_anyone(member).unwrap() && is_anyone(bystander_uid).unwrap());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }

    #[test]
    fn root_and_nobody_are_not_ended() {
        for uid in [0, NOBODYS, u32::MAX] {
            kill_all_of(uid).unwrap_err();
        }
    }
}
