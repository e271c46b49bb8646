//! What the privileged tests share.
#![allow(dead_code, unreachable_pub)] // each test binary uses a part of it

pub mod daemon;
pub mod private_host;
pub mod tools;
