//! `groups.rs` and `hostile_groups.rs` once more, kept by a daemon that writes the account database
//! itself (`accounts.writer = "direct"`, see `support::daemon`).
#![allow(clippy::duplicate_mod, reason = "each of them brings what it shares")]

#[path = "groups.rs"]
mod groups;
#[path = "hostile_groups.rs"]
mod hostile_groups;
