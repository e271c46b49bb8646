//! bcrypt behind one port: libxcrypt's `crypt_r`, which the host itself verifies with, and the
//! `bcrypt` crate, which stands in where libcrypt has no `$2b$`; and the bounded pool they run on.

mod crate_bcrypt;
mod libxcrypt;
mod pool;

use std::sync::Arc;

pub use crate_bcrypt::CrateBcrypt;
pub use libxcrypt::Libxcrypt;
pub use pool::HashPool;

use crate::ports::PasswordHasher;

/// The faster hasher that works on this machine, by a test with a known hash.
#[must_use]
pub fn best_hasher() -> Arc<dyn PasswordHasher> {
    if Libxcrypt.works() {
        Arc::new(Libxcrypt)
    } else {
        tracing::warn!(
            "libcrypt here has no bcrypt ($2b$); using the slower one of the bcrypt crate"
        );
        Arc::new(CrateBcrypt)
    }
}
