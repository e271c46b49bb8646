//! What the privileged tests share.
#![allow(dead_code, unreachable_pub)] // each test binary uses a part of it

pub mod daemon;
pub mod groups;
pub mod homes;
pub mod picture;
pub mod private_host;
pub mod snapshot;
pub mod tools;
pub mod turns;
pub mod wire;
