use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many warnings of one kind are written in a window.
const MAX_SAID: u32 = 100;
const WINDOW: Duration = Duration::from_secs(10);

/// Keeps a caller from filling the log with what it is refused: journald drops lines of a service
/// that writes too many (`RateLimitBurst=`, journald.conf(5)), and with them would go the line of
/// a change that was made in between.
#[derive(Debug)]
pub(super) struct Quiet(Mutex<Window>);

#[derive(Debug)]
struct Window {
    since: Instant,
    said: u32,
    unsaid: u64,
}

impl Quiet {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Window {
            since: Instant::now(),
            said: 0,
            unsaid: 0,
        }))
    }

    /// Whether a warning may be written now; at the start of a window says how many were not.
    pub(super) fn may_say(&self, what: &'static str) -> bool {
        let (may, unsaid) = self.count(Instant::now());
        if unsaid > 0 {
            tracing::warn!(what, unsaid, "more of these were not logged");
        }
        may
    }

    fn count(&self, now: Instant) -> (bool, u64) {
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unsaid = 0;
        if now.duration_since(window.since) >= WINDOW {
            unsaid = window.unsaid;
            *window = Window {
                since: now,
                said: 0,
                unsaid: 0,
            };
        }
        let may = window.said < MAX_SAID;
        if may {
            window.said += 1;
        } else {
            window.unsaid += 1;
        }
        (may, unsaid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut_short_and_counted_and_the_next_window_is_open_again() {
        let quiet = Quiet::new();
        let start = Instant::now();
        let said = (0..5_000).filter(|_| quiet.count(start).0).count();
        assert_eq!(said, 100);
        assert_eq!(quiet.count(start + WINDOW + WINDOW), (true, 4_900));
        assert_eq!(quiet.count(start + WINDOW + WINDOW), (true, 0));
    }
}
