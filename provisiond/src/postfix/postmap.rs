//! One run of postmap(1).

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How much of its complaints is kept.
const MAX_STDERR: u64 = 4 << 10;
const POLL: Duration = Duration::from_millis(2);

/// Why postmap(1) did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum PostmapError {
    /// It could not be started or waited for.
    #[error("can't run {}: {source}", program.display())]
    Run {
        /// Its path.
        program: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// It took too long and was ended.
    #[error("{} did not end within {} s", program.display(), deadline.as_secs())]
    Deadline {
        /// Its path.
        program: PathBuf,
        /// The time it had.
        deadline: Duration,
    },
    /// It said no.
    #[error("{}: {status}: {stderr}", program.display())]
    Failed {
        /// Its path.
        program: PathBuf,
        /// How it ended.
        status: ExitStatus,
        /// The end of what it complained about.
        stderr: String,
    },
}

/// Compiles `table` (`hash:/path`).
pub(super) fn compile(
    program: &Path,
    table: &OsStr,
    deadline: Duration,
) -> Result<(), PostmapError> {
    let run = |source| PostmapError::Run {
        program: program.to_owned(),
        source,
    };
    let mut child = Command::new(program)
        .arg(table)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(run)?;
    let stderr = child.stderr.take();
    // Read beside the wait, so that a talkative child does not block on a full pipe.
    let reader = thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            // What can't be read is not missed: the exit status decides.
            let _ = stderr.by_ref().take(MAX_STDERR).read_to_end(&mut text);
            let _ = io::copy(&mut stderr, &mut io::sink());
        }
        String::from_utf8_lossy(&text).trim().replace('\n', "; ")
    });
    let started = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(run)? {
            break status;
        }
        if started.elapsed() >= deadline {
            // It may have ended this very moment; then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
            return Err(PostmapError::Deadline {
                program: program.to_owned(),
                deadline,
            });
        }
        thread::sleep(POLL);
    };
    let stderr = reader.join().unwrap_or_default();
    if status.success() {
        return Ok(());
    }
    Err(PostmapError::Failed {
        program: program.to_owned(),
        status,
        stderr,
    })
}
