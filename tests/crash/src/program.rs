//! One of the two programs, as a process that can be armed to die at a point.

use std::fs::{self, OpenOptions};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Within this time a program is up.
const START: Duration = Duration::from_secs(30);

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The root daemon.
    Provisiond,
    /// The web service.
    Web,
}

impl Kind {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Provisiond => "provisiond",
            Self::Web => "registrar-web",
        }
    }

    fn variable(self, what: &str) -> String {
        match self {
            Self::Provisiond => format!("PROVISIOND_CRASH_{what}"),
            Self::Web => format!("REGISTRAR_CRASH_{what}"),
        }
    }

    /// The program of this build, which must have crash points.
    ///
    /// # Panics
    /// It was built without them.
    #[must_use]
    pub fn path(self) -> PathBuf {
        let exe = std::env::current_exe().expect("this program has a path");
        let build = exe.parent().and_then(Path::parent).expect("target/debug");
        let path = build.join(self.name());
        let version = Command::new(&path).arg("--version").output();
        let version = version.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        assert!(
            version.as_ref().is_ok_and(|v| v.contains("crash points")),
            "{} has no crash points: cargo build --workspace --bins --all-features ({version:?})",
            path.display()
        );
        path
    }

    /// Every point that the program has.
    ///
    /// # Panics
    /// See [`path`](Self::path).
    #[must_use]
    pub fn points(self) -> Vec<String> {
        let output = Command::new(self.path()).arg("--crash-points").output();
        let output = output.expect("it was run a moment ago");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().map(str::to_owned).collect()
    }
}

/// What a start is told of the points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Arm {
    /// Nothing.
    No,
    /// To write down what it passes.
    Record,
    /// To die at `POINT#PASS`.
    At(String),
}

/// A program that is started, ends and is started again.
pub struct Program {
    kind: Kind,
    path: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    ids: Option<u32>,
    child: Option<Child>,
    arm: Arm,
    /// How long the log was before the latest start.
    log_before: usize,
}

impl Program {
    /// The program, not yet started; `ids` is as whom it runs, when not as root.
    #[must_use]
    pub fn new(kind: Kind, arguments: &[&str], ids: Option<u32>) -> Self {
        Self {
            kind,
            path: kind.path(),
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            environment: Vec::new(),
            ids,
            child: None,
            arm: Arm::No,
            log_before: 0,
        }
    }

    /// Which one it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// From the next start on, with this variable.
    pub fn set(&mut self, name: &str, value: &str) {
        self.environment.retain(|(n, _)| n != name);
        self.environment.push((name.to_owned(), value.to_owned()));
    }

    /// Starts it and waits until `up`, or until it died on the way.
    ///
    /// # Panics
    /// It does neither.
    pub fn start(&mut self, arm: Arm, up: impl Fn() -> bool) {
        self.end();
        self.log_before = self.log().len();
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())
            .expect("a log in /run");
        // With the umask of the units, so that modes are shown to be chosen, not left over.
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", "umask 0077; exec \"$0\" \"$@\""])
            .arg(&self.path)
            .args(&self.arguments)
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        match &arm {
            Arm::No => {}
            Arm::Record => {
                let _ = fs::remove_file(self.record_file());
                command.env(self.kind.variable("LOG"), self.record_file());
            }
            Arm::At(point) => {
                command.env(self.kind.variable("AT"), point);
            }
        }
        if let Some(id) = self.ids {
            command.uid(id).gid(id);
        }
        self.arm = arm;
        self.child = Some(command.spawn().expect("the program"));
        let started = Instant::now();
        while !up() {
            if self.has_ended() {
                return;
            }
            assert!(
                started.elapsed() < START,
                "{} did not start:\n{}",
                self.kind.name(),
                self.log()
            );
            std::thread::sleep(Duration::from_millis(3));
        }
    }

    fn has_ended(&mut self) -> bool {
        let child = self.child.as_mut();
        child.is_none_or(|c| !matches!(c.try_wait(), Ok(None)))
    }

    /// Looks whether it has died; the point it died at.
    ///
    /// # Errors
    /// It ended in another way than it was armed to.
    pub fn death(&mut self) -> Result<Option<String>, String> {
        let Some(child) = self.child.as_mut() else {
            return Ok(None);
        };
        let Some(status) = child.try_wait().map_err(|e| e.to_string())? else {
            return Ok(None);
        };
        self.child = None;
        let name = self.kind.name();
        match &self.arm {
            Arm::At(point) if self.is_crash(status) => Ok(Some(point.clone())),
            arm => Err(format!("{name} ended by itself ({status}, {arm:?})")),
        }
    }

    /// Whether that is the end that it was armed for.
    fn is_crash(&self, status: ExitStatus) -> bool {
        let Arm::At(point) = &self.arm else {
            return false;
        };
        let said = format!("crash point {point}\n");
        status.signal() == Some(9) && self.recent_log().contains(&said)
    }

    /// SIGTERM, and waits. That it comes to its point only now is no error.
    ///
    /// # Errors
    /// It did not end well.
    pub fn stop(&mut self) -> Result<(), String> {
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        if let Ok(pid) = i32::try_from(child.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGTERM);
        }
        match child.wait() {
            Ok(status) if status.success() || self.is_crash(status) => Ok(()),
            other => Err(format!("{} was told to stop: {other:?}", self.kind.name())),
        }
    }

    /// SIGKILL, from outside.
    pub fn end(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// What it passed since it was told to record.
    #[must_use]
    pub fn passed(&self) -> Vec<String> {
        let text = fs::read_to_string(self.record_file()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Its log of all starts.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Its log since the latest start.
    fn recent_log(&self) -> String {
        self.log().split_off(self.log_before)
    }

    fn log_file(&self) -> PathBuf {
        PathBuf::from(format!("/run/{}.log", self.kind.name()))
    }

    fn record_file(&self) -> PathBuf {
        PathBuf::from(format!("/run/records/{}", self.kind.name()))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}
