//! The root daemon of Cosmic Registrar: it makes Linux accounts, homes and mail set-ups, and
//! trusts nobody who asks for them.
//!
//! `server` reads calls and judges peers, `operations` carries them out one after the other,
//! `registry` and `journal` remember, `accounts`, `home`, `shared_dirs`, `archive`, `jobs`, `postfix`,
//! `ssh_keys` and `notify` touch the host. Arrows point down in that order.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    unsafe_code
)]

pub mod accounts;
pub mod archive;
pub mod clock;
pub mod config;
pub mod crash_point;
pub mod daemon;
mod dirfd;
pub mod home;
pub mod jobs;
pub mod journal;
pub mod live;
pub mod logging;
pub mod member;
pub mod names;
pub mod notify;
pub mod operations;
pub mod postfix;
pub mod proof;
pub mod pulse;
pub mod registry;
pub mod reload;
pub mod server;
pub mod shared_dirs;
pub mod ssh_keys;
mod sys;
