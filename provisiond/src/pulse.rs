//! The sign of life of the one thread that changes accounts.
//!
//! Every wait of that thread has an end of its own (a tool's deadline, a budget of names), and
//! whatever waits or loops beats here. So a long silence in the middle of a call means that the
//! thread is stuck, for example in a look-up of users that never answers; then the service
//! manager's watchdog is not fed any more, and restarts the daemon.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

static STARTED: OnceLock<Instant> = OnceLock::new();
/// Milliseconds after `STARTED`.
static LAST: AtomicU64 = AtomicU64::new(0);

/// The thread is alive.
pub fn beat() {
    LAST.store(now(), Ordering::Relaxed);
}

/// For how long there was no sign of life.
#[must_use]
pub fn silence() -> Duration {
    Duration::from_millis(now().saturating_sub(LAST.load(Ordering::Relaxed)))
}

fn now() -> u64 {
    let started = STARTED.get_or_init(Instant::now);
    u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beat_ends_the_silence() {
        beat();
        std::thread::sleep(Duration::from_millis(30));
        assert!(silence() >= Duration::from_millis(20));
        beat();
        assert!(silence() < Duration::from_millis(20));
    }
}
