//! The journal: an append-only file of events under the state directory.
//!
//! One line an event: 16 hexadecimal digits of a checksum, a space, JSON. A line counts when it
//! is whole; it is synced before anything relies on it. A crash can leave one torn line, at the
//! end: it was never relied on, and is cut off. A bad line anywhere else is damage that no crash
//! makes, and the daemon refuses to start rather than guess.

mod event;
mod file;
mod fingerprint;
mod group_event;
mod lines;

pub use event::{Answer, Answered, Event, Intent, Outcome, Work};
pub use file::{Journal, JournalError, Opened};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use group_event::{GroupEvent, GroupIntent, GroupOutcome, GroupWork};
pub use lines::{Lines, Place};
