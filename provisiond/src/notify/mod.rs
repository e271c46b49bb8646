//! What provisiond itself tells a member: a message into the Maildir, delivered as that user.
//!
//! Root never writes in a member's home. So provisiond starts itself once more, as the user and
//! without groups, with the message on standard input ([`deliver_main`]). If the web service is
//! taken over, this is what its changes can't get around.

mod deliver;
mod message;

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use provision_api::Username;

pub use deliver::deliver_main;
pub(crate) use deliver::{message_of_stdin, put};
pub use message::Notice;

use crate::home::{Ids, MailDomain};
use crate::member::{MemberRun, MemberRunError};

/// The first argument of a run that is only to deliver.
pub const DELIVER: &str = "deliver";
/// How long a delivery may take.
const DEADLINE: Duration = Duration::from_secs(10);

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
    domain: MailDomain,
    run: MemberRun,
}

impl Notifier {
    /// Delivers by this very program, with addresses in `domain`.
    #[must_use]
    pub fn new(domain: MailDomain) -> Self {
        let run = MemberRun::new(DEADLINE);
        Self { domain, run }
    }

    /// Delivers by another program that calls [`deliver_main`].
    #[must_use]
    pub fn with_program(self, program: impl Into<PathBuf>) -> Self {
        let run = self.run.with_program(program.into());
        Self { run, ..self }
    }

    /// Gives a delivery another time than 10 s to end.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        let run = self.run.with_deadline(deadline);
        Self { run, ..self }
    }

    /// Puts a notice into the Maildir of its recipient; `now` is in seconds since the epoch.
    ///
    /// # Errors
    /// It can't be delivered. Nothing was written outside of the Maildir.
    pub fn deliver(&self, notice: Notice, to: Recipient<'_>, now: i64) -> Result<(), NotifyError> {
        let username = || to.username.clone();
        let name = format!("{now}.{}", self.domain.as_str());
        let text = notice.message(to.username, &self.domain, now);
        let arguments = [OsStr::new(DELIVER), to.home.as_os_str(), OsStr::new(&name)];
        let ran = self.run.run(&arguments, text.as_bytes(), to.ids);
        let ended = ran.map_err(|error| match error {
            MemberRunError::NoMember { uid, gid } => NotifyError::NoMember { uid, gid },
            MemberRunError::Run(source) => NotifyError::Run {
                username: username(),
                source,
            },
            MemberRunError::Deadline(deadline) => NotifyError::Deadline {
                username: username(),
                deadline,
            },
        })?;
        if ended.status.success() {
            return Ok(());
        }
        let why = ended.said();
        match ended.sent {
            Err(source) if why.is_empty() => Err(NotifyError::Run {
                username: username(),
                source,
            }),
            _ if why.is_empty() => Err(NotifyError::Refused {
                username: username(),
                why: ended.status.to_string(),
            }),
            _ => Err(NotifyError::Refused {
                username: username(),
                why,
            }),
        }
    }
}
