use crate::domain::{BcryptHash, Password};

/// Why a password could not be hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The pool's queue is full; try again after so many seconds.
    #[error("too many passwords are being hashed; try again in {retry_after_seconds} s")]
    Busy {
        /// Seconds.
        retry_after_seconds: u32,
    },
    /// The hasher itself failed.
    #[error("hashing failed: {0}")]
    Failed(String),
}

/// bcrypt, in the one form that host and service share. Slow on purpose: call it on a pool.
pub trait PasswordHasher: Send + Sync {
    /// Hashes with that cost (10 to 14) and salt.
    ///
    /// # Errors
    /// [`HashError::Failed`].
    fn hash(&self, password: &Password, cost: u32, salt: [u8; 16])
    -> Result<BcryptHash, HashError>;

    /// Whether the text is the password of the hash.
    ///
    /// # Errors
    /// [`HashError::Failed`].
    fn verify(&self, typed: &str, hash: &BcryptHash) -> Result<bool, HashError>;
}
