//! What provisiond knows: accounts, tombstones, unfinished operations, answers already given.
//!
//! [`Registry`] is the state in memory, a pure function of the journal's events. [`Store`] owns
//! the journal and commits to both, in that order.

mod record;
mod state;
mod store;

pub use record::{Record, Tombstone};
pub use state::{CREATION_WINDOW, Registry};
pub use store::{Store, StoreError};
