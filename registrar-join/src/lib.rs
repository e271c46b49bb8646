//! The captive program of `ssh join@host`: sshd runs it as the user `join`, and it walks the sign-up
//! form in a terminal. It starts nothing, opens no file but the one in which sshd says how the person
//! came in, and can reach nothing but one Unix socket of registrar-web.
//!
//! `walk` asks the person and the service, by the traits of `terminal` and `service`; `visitor` is
//! what sshd says of who is there. Arrows point down in that order.

#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    unsafe_code
)]

pub mod lockdown;
pub mod service;
pub mod terminal;
pub mod visitor;
pub mod walk;
