//! provisiond

mod dirfd;
pub mod home;
