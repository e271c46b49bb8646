//! What provisiond knows: accounts, tombstones, unfinished operations, answers already given.
//!
//! [`Registry`] is an index in memory of the journal's events, a pure function of them: it knows
//! names, states and where in the journal the rest stands, and reads that when it is asked.
//! [`Store`] owns the journal and commits to both, in that order.

mod answers;
mod group;
mod groups;
mod index;
mod recent;
mod record;
mod state;
mod store;

pub use group::{GroupRecord, GroupTombstone};
pub use groups::Groups;
pub use record::{Record, Tombstone};
pub use state::{CREATION_WINDOW, Registry};
pub use store::{Store, StoreError};
