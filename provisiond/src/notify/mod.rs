//! What provisiond itself tells a member: a message into the Maildir, delivered as that user.
//!
//! Root never writes in a member's home. So provisiond starts itself once more, as the user and
//! without groups, with the message on standard input ([`deliver_main`]). If the web service is
//! taken over, this is what its changes can't get around.

mod deliver;
mod message;

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, OFlag, fcntl};
use provision_api::Username;

pub use deliver::{DeliveryError, deliver_main};
pub use message::Notice;

use crate::home::{Ids, MailDomain};
use crate::sys;

/// The first argument of a run that is only to deliver.
pub const DELIVER: &str = "deliver";
const MAX_STDERR: u64 = 1 << 10;
/// How long an ended child may take to be gone.
const END_WAIT: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(2);

/// Who is told.
#[derive(Clone, Copy, Debug)]
pub struct Recipient<'a> {
    /// For the address.
    pub username: &'a Username,
    /// As whom the message is written.
    pub ids: Ids,
    /// Where the Maildir is.
    pub home: &'a Path,
}

/// Why a member could not be told.
#[derive(Debug, thiserror::Error)]
pub enum NotifyError {
    /// Nothing is delivered as root.
    #[error("a message for uid {uid}, gid {gid} is refused")]
    NoMember {
        /// The uid asked for.
        uid: u32,
        /// The gid asked for.
        gid: u32,
    },
    /// The process that delivers could not be started, written to or waited for.
    #[error("can't deliver to {username}: {source}")]
    Run {
        /// Who was to be told.
        username: Username,
        /// What the kernel said.
        source: io::Error,
    },
    /// It took too long and was ended.
    #[error("can't deliver to {username}: not done within {} s", deadline.as_secs())]
    Deadline {
        /// Who was to be told.
        username: Username,
        /// The time it had.
        deadline: Duration,
    },
    /// The Maildir did not take it.
    #[error("can't deliver to {username}: {why}")]
    Refused {
        /// Who was to be told.
        username: Username,
        /// What the process complained about.
        why: String,
    },
}

/// Delivers notices.
#[derive(Clone, Debug)]
pub struct Notifier {
    program: PathBuf,
    domain: MailDomain,
    deadline: Duration,
}

impl Notifier {
    /// Delivers by this very program, with addresses in `domain`.
    #[must_use]
    pub fn new(domain: MailDomain) -> Self {
        Self {
            program: PathBuf::from("/proc/self/exe"),
            domain,
            deadline: Duration::from_secs(10),
        }
    }

    /// Delivers by another program that calls [`deliver_main`].
    #[must_use]
    pub fn with_program(mut self, program: impl Into<PathBuf>) -> Self {
        self.program = program.into();
        self
    }

    /// Gives a delivery another time than 10 s to end.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Puts a notice into the Maildir of its recipient; `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// It can't be delivered. Nothing was written outside of the Maildir.
    pub fn deliver(&self, notice: Notice, to: Recipient<'_>, now: i64) -> Result<(), NotifyError> {
        let Ids { uid, gid } = to.ids;
        let no_member = |id| id == 0 || id == u32::MAX;
        if no_member(uid) || no_member(gid) {
            return Err(NotifyError::NoMember { uid, gid });
        }
        let username = || to.username.clone();
        let run = |source| NotifyError::Run {
            username: username(),
            source,
        };
        let name = format!("{now}.{}", self.domain.as_str());
        let text = notice.message(to.username, &self.domain, now);
        let mut child = Command::new(&self.program)
            .arg(DELIVER)
            .arg(to.home)
            .arg(name)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .gid(gid)
            // As root, this clears the supplementary groups as well; the child looks again.
            .uid(uid)
            .spawn()
            .map_err(run)?;
        // Shorter than what a pipe holds, so this does not wait for the child.
        let sent = child
            .stdin
            .take()
            .map(|mut stdin| stdin.write_all(text.as_bytes()));
        let stderr = child.stderr.take();
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().map_err(run)? {
                break status;
            }
            if started.elapsed() >= self.deadline {
                end(child, to.ids);
                return Err(NotifyError::Deadline {
                    username: username(),
                    deadline: self.deadline,
                });
            }
            thread::sleep(POLL);
        };
        if status.success() {
            return Ok(());
        }
        let mut why = Vec::new();
        if let Some(stderr) = stderr {
            // What it wrote is in the pipe. Not until the end of it: the child ran as the member,
            // who may have made a copy of the pipe outlive it.
            let flags = OFlag::O_NONBLOCK;
            if fcntl(&stderr, FcntlArg::F_SETFL(flags)).is_ok() {
                // The end, or nothing more for now: both are all that there is.
                let _ = stderr.take(MAX_STDERR).read_to_end(&mut why);
            }
        }
        let why = String::from_utf8_lossy(&why);
        let why: String = why.trim().chars().filter(|c| !c.is_control()).collect();
        match sent {
            Some(Err(source)) if why.is_empty() => Err(run(source)),
            _ if why.is_empty() => Err(NotifyError::Refused {
                username: username(),
                why: status.to_string(),
            }),
            _ => Err(NotifyError::Refused {
                username: username(),
                why,
            }),
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
        tracing::warn!(%error, "a delivery that hangs can't be ended");
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
