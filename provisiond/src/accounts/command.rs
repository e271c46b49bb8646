use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::pulse;

/// The most that is kept of what a tool prints.
const MAX_OUTPUT: u64 = 4096;
/// The same of one that is run for what it prints.
const MAX_ANSWER: u64 = 64 << 10;

/// Why a tool gave no exit code.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// It could not be started or spoken to.
    #[error("{tool} can't be run: {source}")]
    Run {
        /// Absolute path.
        tool: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// It took too long and was killed.
    #[error("{tool} did not end within {} s and was killed", waited.as_secs())]
    TimedOut {
        /// Absolute path.
        tool: &'static str,
        /// The time allowed.
        waited: Duration,
    },
}

/// How a tool ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; -1 when a signal ended it.
    pub(crate) code: i32,
    /// What it printed, one line, printable, bounded.
    pub(crate) said: String,
    /// The same as it was printed.
    pub(crate) output: Vec<u8>,
}

/// Runs a tool, as [`run`] does, for what it prints.
pub(crate) fn run_for_output(
    tool: &'static str,
    arguments: &[&str],
    deadline: Duration,
) -> Result<Ended, CommandError> {
    run_keeping(MAX_ANSWER, tool, arguments, None, None, deadline)
}

/// Runs a tool by absolute path with an argument array and a cleared environment; a secret goes
/// to its standard input and nowhere else.
///
/// The tool is in a process group of its own, so a Ctrl-C meant for provisiond does not end it
/// half-way. It runs as root and inherits `held`, a lock, if there is one: so that is held until
/// both the daemon and the tool have ended.
pub(super) fn run(
    tool: &'static str,
    arguments: &[&str],
    input: Option<&str>,
    held: Option<&OwnedFd>,
    deadline: Duration,
) -> Result<Ended, CommandError> {
    run_keeping(MAX_OUTPUT, tool, arguments, input, held, deadline)
}

fn run_keeping(
    most: u64,
    tool: &'static str,
    arguments: &[&str],
    input: Option<&str>,
    held: Option<&OwnedFd>,
    deadline: Duration,
) -> Result<Ended, CommandError> {
    let failed = |source| CommandError::Run { tool, source };
    let (mut output, writer) = std::io::pipe().map_err(failed)?;
    let mut command = Command::new(tool);
    command
        .args(arguments)
        .env_clear()
        // UTF-8, so that a full name outside ASCII is taken as text.
        .env("LC_ALL", "C.UTF-8")
        .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
        .current_dir("/")
        .process_group(0)
        .stdin(if input.is_some() {
            Stdio::piped()
        } else {
            Stdio::null()
        })
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer);
    pulse::beat();
    let started = Instant::now();
    let mut child = spawn(&mut command, held).map_err(failed)?;
    // Closes our copies of the pipe's writing end.
    drop(command);

    let (sender, receiver) = mpsc::channel();
    std::thread::Builder::new()
        .name("tool-output".into())
        .stack_size(64 * 1024)
        .spawn(move || {
            let mut text = Vec::new();
            let _ = (&mut output).take(most).read_to_end(&mut text);
            // Read on, so that a talkative tool does not block.
            let _ = std::io::copy(&mut output, &mut std::io::sink());
            let _ = sender.send(text);
        })
        .map_err(failed)?;
    if let (Some(text), Some(mut stdin)) = (input, child.stdin.take()) {
        // A tool that ended early closes the pipe; its exit code tells more than EPIPE.
        let _ = stdin.write_all(text.as_bytes());
    }

    let text = receiver.recv_timeout(deadline).unwrap_or_default();
    loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            return Ok(Ended {
                code: status.code().unwrap_or(-1),
                said: one_line(&text),
                output: text,
            });
        }
        if started.elapsed() >= deadline {
            if let Ok(pid) = i32::try_from(child.id()) {
                let _ = killpg(Pid::from_raw(pid), Signal::SIGKILL);
            }
            let _ = child.wait();
            return Err(CommandError::TimedOut {
                tool,
                waited: deadline,
            });
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Starts a child that inherits `held`. Only the worker's thread starts children, so no other
/// child gets it in between.
fn spawn(command: &mut Command, held: Option<&OwnedFd>) -> std::io::Result<Child> {
    let Some(held) = held else {
        return command.spawn();
    };
    fcntl(held, FcntlArg::F_SETFD(FdFlag::empty()))?;
    let child = command.spawn();
    fcntl(held, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC))?;
    child
}

fn one_line(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let line: String = text
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(300)
        .collect();
    if line.is_empty() {
        "(it printed nothing)".into()
    } else {
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_that_hangs_is_killed_at_its_deadline() {
        let started = Instant::now();
        let wait = Duration::from_millis(100);
        let error = run("/bin/sleep", &["60"], None, None, wait).unwrap_err();
        assert!(matches!(error, CommandError::TimedOut { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_talkative_tool_is_cut_short_and_still_ends() {
        let wait = Duration::from_secs(20);
        let ended = run("/usr/bin/seq", &["1000000"], None, None, wait).unwrap();
        assert_eq!(ended.code, 0);
        assert!(ended.said.len() <= 300 && ended.said.starts_with("1 2 3"));
    }

    #[test]
    fn the_environment_of_the_daemon_does_not_reach_a_tool() {
        let ended = run("/usr/bin/env", &[], None, None, Duration::from_secs(20)).unwrap();
        assert_eq!(
            ended.said,
            "LC_ALL=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin"
        );
    }
}
