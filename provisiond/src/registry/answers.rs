use std::collections::VecDeque;

use provision_api::RequestId;

use crate::journal::Place;

/// How long an answer is remembered, in seconds: three times the life of an unverified
/// registration, so longer than any caller keeps asking.
const KEPT: i64 = 3 * 24 * 3600;

/// How many answers are remembered at most, so that a flood can't fill the memory. Three calls for
/// each account, at the default cap of creations, are fewer within that time.
const MAX: usize = 16_384;

/// Which calls were answered, and where in the journal the answers stand.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Oldest first.
    given: VecDeque<Given>,
}

#[derive(Clone, Copy, Debug)]
struct Given {
    request: RequestId,
    at: i64,
    place: Place,
}

impl Answers {
    pub(super) fn remember(&mut self, request: RequestId, at: i64, place: Place) {
        while let Some(oldest) = self.given.front() {
            if oldest.at > at - KEPT && self.given.len() < MAX {
                break;
            }
            self.given.pop_front();
        }
        self.given.push_back(Given { request, at, place });
    }

    /// Where the last answer to that call stands. Looks at all of them: that takes microseconds,
    /// and an index would take more memory than they do.
    pub(super) fn place_of(&self, request: RequestId) -> Option<Place> {
        let mut newest_first = self.given.iter().rev();
        newest_first
            .find(|given| given.request == request)
            .map(|given| given.place)
    }

    /// Oldest first.
    pub(super) fn places(&self) -> impl Iterator<Item = Place> {
        self.given.iter().map(|given| given.place)
    }

    /// Gives each answer, oldest first, a new place.
    pub(super) fn moved(&mut self, places: &mut impl Iterator<Item = Place>) {
        for (given, place) in self.given.iter_mut().zip(places) {
            given.place = place;
        }
    }

    pub(super) fn len(&self) -> usize {
        self.given.len()
    }
}
