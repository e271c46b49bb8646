//! What this process gives up before it reads a byte of anyone's.

use nix::libc;
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::geteuid;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// The most address space, in bytes: many times what the walk needs.
const MEMORY: u64 = 256 * 1024 * 1024;
/// The most descriptors: the standard ones, signals, one socket, the file of sshd.
const DESCRIPTORS: u64 = 16;

/// The process could not be locked down, so it must not go on.
#[derive(Debug, thiserror::Error)]
pub enum LockdownError {
    /// It runs as root, which the limits do not bind.
    #[error("registrar-join is run by sshd as the user join, and not as root")]
    Root,
    /// The kernel refuses a limit.
    #[error("sign-up is not possible at the moment; please tell the people who run this host")]
    Refused(#[source] nix::Error),
    /// The kernel does not take the filter of system calls.
    #[error("sign-up is not possible at the moment; please tell the people who run this host")]
    Unfiltered(#[source] seccompiler::Error),
}

/// Gives up, for good: to start a process or another program, to gain power by starting one, to reach a
/// network, to write to a file, to leave an image of its memory, to be looked into by others of its
/// user.
///
/// # Errors
/// See [`LockdownError`].
pub fn lock_down() -> Result<(), LockdownError> {
    if geteuid().is_root() {
        return Err(LockdownError::Root);
    }
    let limits = || {
        prctl::set_no_new_privs()?;
        prctl::set_dumpable(false)?;
        for (resource, most) in [
            (Resource::RLIMIT_NPROC, 0),
            (Resource::RLIMIT_FSIZE, 0),
            (Resource::RLIMIT_CORE, 0),
            (Resource::RLIMIT_AS, MEMORY),
            (Resource::RLIMIT_NOFILE, DESCRIPTORS),
        ] {
            setrlimit(resource, most, most)?;
        }
        Ok(())
    };
    limits().map_err(LockdownError::Refused)?;
    let filtered = filter().and_then(|program| seccompiler::apply_filter(&program));
    filtered.map_err(LockdownError::Unfiltered)
}

/// The system calls that the walk makes (seccomp(2)). For any other the kernel says that it has none
/// such, so that a libc which tries a newer one first goes on with the older.
fn filter() -> Result<BpfProgram, seccompiler::Error> {
    let mut rules: Vec<(i64, Vec<SeccompRule>)> =
        CALLS.iter().map(|call| (*call, Vec::new())).collect();
    let changes = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC;
    for (call, argument, how, value) in [
        (libc::SYS_socket, 0, SeccompCmpOp::Eq, bits(libc::AF_UNIX)),
        (
            libc::SYS_openat,
            2,
            SeccompCmpOp::MaskedEq(bits(changes)),
            bits(libc::O_RDONLY),
        ),
        (
            libc::SYS_tgkill,
            0,
            SeccompCmpOp::Eq,
            u64::from(std::process::id()),
        ),
    ] {
        let only = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, how, value)?;
        rules.push((call, vec![SeccompRule::new(vec![only])?]));
    }
    let no_such_call = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let filter = SeccompFilter::new(
        rules.into_iter().collect(),
        no_such_call,
        SeccompAction::Allow,
        std::env::consts::ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}

fn bits(constant: libc::c_int) -> u64 {
    u64::from(constant.unsigned_abs())
}

/// Besides opening for reading, local sockets and signals to itself: reading and writing what is open;
/// the terminal; memory; time. Not execve(2), not fork(2) and its like, not bind(2), not kill(2),
/// nothing that changes a directory.
const CALLS: &[i64] = &[
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_lseek,
    libc::SYS_fcntl,
    libc::SYS_ioctl,
    libc::SYS_ppoll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    libc::SYS_connect,
    libc::SYS_sendto,
    libc::SYS_recvfrom,
    libc::SYS_setsockopt,
    libc::SYS_getsockopt,
    libc::SYS_shutdown,
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_restart_syscall,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_alarm,
    libc::SYS_setitimer,
    libc::SYS_signalfd4,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];
