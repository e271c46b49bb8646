//! The admin's command. It holds no power of its own: `registrar-web` and `provisiond` answer it on
//! their admin sockets because of who runs it (root, or a member of `registrar-admin`).

mod cli;
mod commands;
mod failure;
mod host;
mod outcome;
mod web;

pub use cli::Arguments;
pub use commands::run;
pub use failure::Failure;
pub use outcome::Outcome;
