//! `hostile_web_authority.rs` and `hostile_web_limits.rs` once more, against a daemon that writes the
//! account database itself (`accounts.writer = "direct"`, see `support::daemon`).
#![allow(clippy::duplicate_mod, reason = "each of them brings what it shares")]

#[path = "hostile_web_authority.rs"]
mod hostile_web_authority;
#[path = "hostile_web_limits.rs"]
mod hostile_web_limits;
