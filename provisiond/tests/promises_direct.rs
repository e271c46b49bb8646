//! The promises of `promises.rs` and `life.rs` once more, kept by a daemon that writes the account
//! database itself (`accounts.writer = "direct"`, see `support::daemon`).
#![allow(
    clippy::duplicate_mod,
    reason = "each list brings the support that it has by itself"
)]

#[path = "full_name.rs"]
mod full_name;
#[path = "life.rs"]
mod life;
#[path = "promises.rs"]
mod promises;
mod support;
