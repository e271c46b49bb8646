use std::collections::VecDeque;

use super::CREATION_WINDOW;

/// When something was begun, for an hourly cap.
#[derive(Debug, Default)]
pub(super) struct Recent {
    times: VecDeque<i64>,
}

impl Recent {
    /// One more now; forgets what no cap counts any more.
    pub(super) fn note(&mut self, now: i64) {
        self.forget_before(now.saturating_sub(CREATION_WINDOW));
        self.times.push_back(now);
    }

    /// One that was noted before.
    pub(super) fn put(&mut self, at: i64) {
        self.times.push_back(at);
    }

    pub(super) fn forget_before(&mut self, time: i64) {
        self.times.retain(|at| *at > time);
    }

    /// The times without those of what is under way, one for each: it notes itself again when its
    /// intent is replayed, and forgets what is older than an hour then.
    pub(super) fn over(&self, under_way: impl Iterator<Item = i64>) -> impl Iterator<Item = i64> {
        let mut times = self.times.clone();
        for at in under_way {
            if let Some(place) = times.iter().position(|time| *time == at) {
                times.remove(place);
            }
            times.retain(|time| *time > at.saturating_sub(CREATION_WINDOW));
        }
        times.into_iter()
    }

    pub(super) fn times(&self) -> impl Iterator<Item = i64> {
        self.times.iter().copied()
    }

    /// How many were begun in the hour before `now`, and in how many seconds the first of them
    /// leaves the window.
    pub(super) fn within(&self, now: i64) -> (u32, u32) {
        let recent = || {
            self.times()
                // What a clock that was ahead has stamped would count until that time comes.
                .filter(|at| (now - CREATION_WINDOW < *at) && (*at <= now))
        };
        let first = recent().min().unwrap_or(now);
        let wait = (first + CREATION_WINDOW - now).clamp(1, CREATION_WINDOW);
        (
            u32::try_from(recent().count()).unwrap_or(u32::MAX),
            u32::try_from(wait).unwrap_or(1),
        )
    }
}
