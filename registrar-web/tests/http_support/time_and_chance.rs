//! Time and randomness, which tests own.

use super::*;

/// Time that stands still until told otherwise.
pub struct TestClock(pub(super) Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

pub(super) struct TestEntropy(pub(super) Mutex<ChaCha8Rng>);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}
