//! provisiond

mod dirfd;
pub mod home;
pub mod notify;
pub mod postfix;
pub mod ssh_keys;
