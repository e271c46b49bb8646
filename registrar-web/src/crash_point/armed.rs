use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::ports::Deadly;
use crate::ports::{Clock, Mailer, Provisioner, Store, SystemClock};

/// Where to die, and at which pass.
static TARGET: LazyLock<Option<(String, usize)>> = LazyLock::new(|| {
    let target = std::env::var("REGISTRAR_CRASH_AT").ok()?;
    Some(match target.split_once('#') {
        Some((point, pass)) => (point.to_owned(), pass.parse().unwrap_or(1)),
        None => (target, 1),
    })
});
static LOG: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("REGISTRAR_CRASH_LOG").ok());
static PASSES: LazyLock<Mutex<HashMap<String, usize>>> = LazyLock::new(Mutex::default);

/// Ends the process if a test asked for it to end here.
pub fn at(point: &str) {
    if TARGET.is_none() && LOG.is_none() {
        return;
    }
    let pass = {
        let mut passes = PASSES.lock().unwrap_or_else(PoisonError::into_inner);
        let pass = passes.entry(point.to_owned()).or_default();
        *pass += 1;
        *pass
    };
    if let Some(log) = LOG.as_ref() {
        let file = OpenOptions::new().create(true).append(true).open(log);
        // In one write, as threads write at once. A record that is missing is missed by the test.
        let line = format!("{point}#{pass}\n");
        let _ = file.and_then(|mut file| file.write_all(line.as_bytes()));
    }
    if matches!(TARGET.as_ref(), Some((name, at)) if name == point && *at == pass) {
        let _ = writeln!(std::io::stderr(), "crash point {point}#{pass}");
        let _ = kill(Pid::this(), Signal::SIGKILL);
        loop {
            std::thread::park();
        }
    }
}

/// The clock of the program.
#[must_use]
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(MovableClock)
}

/// The store, with its crash points.
#[must_use]
pub fn around_store(store: Arc<dyn Store>) -> Arc<dyn Store> {
    Arc::new(Deadly(store))
}

/// The host side, with its crash points.
#[must_use]
pub fn around_provisioner(provisioner: Arc<dyn Provisioner>) -> Arc<dyn Provisioner> {
    Arc::new(Deadly(provisioner))
}

/// The mail system, with its crash points.
#[must_use]
pub fn around_mailer(mailer: Arc<dyn Mailer>) -> Arc<dyn Mailer> {
    Arc::new(Deadly(mailer))
}

/// The machine's clock, ahead by what the file of `REGISTRAR_CRASH_CLOCK` says.
#[derive(Clone, Copy, Debug, Default)]
struct MovableClock;

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let ahead = std::env::var("REGISTRAR_CRASH_CLOCK")
            .ok()
            .and_then(|file| std::fs::read_to_string(file).ok())
            .and_then(|text| text.trim().parse().ok())
            .unwrap_or(0);
        SystemClock.now() + SignedDuration::from_secs(ahead)
    }
}
