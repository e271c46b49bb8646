//! Runs of this very program as a member: without groups, in a process group of their own, with a
//! cleared environment, and for a limited time.
//!
//! Root never reads or writes in a member's home. What must be done there is done by such a run,
//! which looks at its own rights first ([`inside`]) and is the member's from its first instruction.

pub(crate) mod inside;

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};

use crate::home::Ids;
use crate::sys;

/// The most that is kept of what such a run complains about.
const MAX_STDERR: usize = 16 << 10;
/// The longest line made of it.
const MAX_LINE: usize = 1_000;
/// How long an ended child may take to be gone.
const END_WAIT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(2);

/// Why a run as a member gave no exit status.
#[derive(Debug, thiserror::Error)]
pub enum MemberRunError {
    /// Nothing is run as root in this way.
    #[error("a run as uid {uid}, gid {gid} is refused")]
    NoMember {
        /// The uid asked for.
        uid: u32,
        /// The gid asked for.
        gid: u32,
    },
    /// The process could not be started or waited for.
    #[error("{0}")]
    Run(#[from] io::Error),
    /// It took too long and was ended.
    #[error("not done within {} s", .0.as_secs())]
    Deadline(Duration),
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// What it complained about: as it wrote it, cut short. The member may have written it.
    pub(crate) complaint: Vec<u8>,
    /// Whether it wrote more than that.
    pub(crate) is_cut: bool,
    /// Whether it got its standard input.
    pub(crate) sent: io::Result<()>,
}

impl Ended {
    /// The complaint as one printable line.
    pub(crate) fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.complaint);
        let printable = text.trim().chars().filter(|c| !c.is_control());
        printable.take(MAX_LINE).collect()
    }
}

/// Starts such runs.
#[derive(Clone, Debug)]
pub(crate) struct MemberRun {
    program: PathBuf,
    deadline: Duration,
}

impl MemberRun {
    /// Runs that may take so long.
    pub(crate) fn new(deadline: Duration) -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            deadline,
        }
    }

    /// Runs of another program than this one.
    pub(crate) fn with_program(self, program: PathBuf) -> Self {
        Self { program, ..self }
    }

    /// Runs that may take another time.
    pub(crate) fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// Runs it once with these arguments. The input must be shorter than what a pipe holds.
    pub(crate) fn run(
        &self,
        arguments: &[&OsStr],
        input: &[u8],
        ids: Ids,
    ) -> Result<Ended, MemberRunError> {
        let Ids { uid, gid } = ids;
        let no_member = |id| id == 0 || id == u32::MAX;
        if no_member(uid) || no_member(gid) {
            return Err(MemberRunError::NoMember { uid, gid });
        }
        let mut child = Command::new(&self.program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .gid(gid)
            // As root, this clears the supplementary groups as well; the child looks again.
            .uid(uid)
            .spawn()?;
        // This does not wait for the child: the pipe takes it.
        let sent = match child.stdin.take() {
            Some(mut stdin) => stdin.write_all(input),
            None => Ok(()),
        };
        let mut stderr = Complaint::of(child.stderr.take());
        let started = Instant::now();
        let status = loop {
            stderr.read_on();
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() >= self.deadline {
                end(child, ids);
                return Err(MemberRunError::Deadline(self.deadline));
            }
            thread::sleep(POLL);
        };
        stderr.read_on();
        Ok(Ended {
            status,
            is_cut: stderr.is_cut,
            complaint: stderr.text,
            sent,
        })
    }
}

/// What a child writes to its standard error: the beginning is kept, the rest is read away, so that
/// a talkative child does not wait for a reader.
struct Complaint {
    pipe: Option<ChildStderr>,
    text: Vec<u8>,
    is_cut: bool,
}

impl Complaint {
    /// Never waits: the child runs as the member, who may make a copy of the pipe outlive it.
    fn of(pipe: Option<ChildStderr>) -> Self {
        let flags = FcntlArg::F_SETFL(OFlag::O_NONBLOCK);
        Self {
            pipe: pipe.filter(|pipe| fcntl(pipe, flags).is_ok()),
            text: Vec::new(),
            is_cut: false,
        }
    }

    /// Reads what there is, or so much of it that a child which never stops writing does not keep
    /// the caller from looking at the clock.
    fn read_on(&mut self) {
        let Some(pipe) = &mut self.pipe else { return };
        let mut chunk = [0; 4096];
        for _ in 0..16 {
            match pipe.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(read) => {
                    let room = MAX_STDERR.saturating_sub(self.text.len());
                    let kept = chunk.get(..read.min(room)).unwrap_or_default();
                    self.text.extend_from_slice(kept);
                    self.is_cut |= read > room;
                }
            }
        }
    }
}

/// Ends a child that runs as a member. The daemon has no `CAP_KILL`, so a process with the member's
/// effective uid sends the signal, which the member can't hold up. The child may be stuck in the
/// kernel all the same, in a file system of the member's own: then a thread reaps it once it ends.
fn end(child: Child, ids: Ids) {
    // Not waited for yet, so the id is still the child's.
    let sent = i32::try_from(child.id())
        .map_err(io::Error::other)
        .and_then(sys::process)
        .and_then(|process| sys::kill_one_of(ids.uid, &process));
    if let Err(error) = sent {
        tracing::warn!(%error, "a run as a member that hangs can't be ended");
    }
    let mut left = vec![child];
    let started = Instant::now();
    while started.elapsed() < END_WAIT {
        left.retain_mut(|child| !matches!(child.try_wait(), Ok(Some(_))));
        if left.is_empty() {
            return;
        }
        thread::sleep(POLL);
    }
    thread::spawn(move || {
        for mut child in left {
            let _ = child.wait();
        }
    });
}
