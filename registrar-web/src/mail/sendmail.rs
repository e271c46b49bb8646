//! Mail through the local mail system's `sendmail` program.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::clean;
use super::envelope::{Sender, Written};
use crate::ports::{MailError, Mailer, Message};

/// How long the program may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// `EX_DATAERR`, `EX_NOUSER` and `EX_NOHOST` (sysexits.h): about this mail. Every other failure is
/// about the machine or its configuration and may end.
const ABOUT_THE_MAIL: [i32; 3] = [65, 67, 68];

/// Hands mails to `sendmail`.
pub struct Sendmail {
    program: PathBuf,
    sender: Sender,
}

impl Sendmail {
    /// Uses that program.
    #[must_use]
    pub fn new(program: PathBuf, sender: Sender) -> Self {
        Self { program, sender }
    }

    async fn run(&self, mail: &Written) -> std::io::Result<Output> {
        let mut command = Command::new(&self.program);
        // -i: a line with a dot alone does not end the mail.
        command
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .arg("-i");
        if let Some(from) = mail.envelope.from() {
            command.arg("-f").arg(from);
        }
        let mut child = command
            .arg("--")
            .args(mail.envelope.to())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A group of its own: it starts programs of its own.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let mut said = child.stderr.take();
        // Goes before the child does, so that its number is still the group's.
        let group = Group::of(&child);
        if let Some(mut input) = child.stdin.take() {
            // RFC 5322 lines end in CRLF on the wire; programs take the system's own.
            let text: Vec<u8> = mail.bytes.iter().copied().filter(|b| *b != b'\r').collect();
            // A program that ends without reading tells why by its exit status.
            match input.write_all(&text).await {
                Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => return Err(e),
                _ => drop(input),
            }
        }
        let mut stderr = Vec::new();
        let reading = async {
            match &mut said {
                Some(said) => said.read_to_end(&mut stderr).await,
                None => Ok(0),
            }
        };
        let (status, read) = tokio::join!(child.wait(), reading);
        let status = status?;
        // What it has left behind now may be a delivery under way.
        group.let_go();
        read?;
        Ok(Output {
            status,
            stdout: Vec::new(),
            stderr,
        })
    }
}

/// The processes of a running program; killed when dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.map(Pid::from_raw))
    }

    fn let_go(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // An error says that none of them is left.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

#[async_trait]
impl Mailer for Sendmail {
    async fn send(&self, message: &Message) -> Result<(), MailError> {
        let mail = self
            .sender
            .write(message)
            .map_err(|e| MailError::Refused(clean(&e.to_string())))?;
        let output = match tokio::time::timeout(TIMEOUT, self.run(&mail)).await {
            Ok(Ok(output)) => output,
            Ok(Err(e)) => {
                let said = format!("{}: {e}", self.program.display());
                return Err(MailError::Transient(clean(&said)));
            }
            Err(_) => return Err(MailError::Transient("sendmail did not end in time".into())),
        };
        if output.status.success() {
            return Ok(());
        }
        let said = clean(&format!(
            "sendmail, {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ));
        match output.status.code() {
            Some(code) if ABOUT_THE_MAIL.contains(&code) => Err(MailError::Refused(said)),
            _ => Err(MailError::Transient(said)),
        }
    }
}
