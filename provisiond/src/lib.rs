//! provisiond

mod dirfd;
pub mod home;
pub mod postfix;
pub mod ssh_keys;
