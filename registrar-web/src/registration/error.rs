use crate::domain::{FieldErrors, MendError, ReviewError, Username};
use crate::ports::{ProvisionFailure, StoreError};

/// Why nobody was registered. Nothing is left of the attempt.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// The mode is `closed`.
    #[error("registration is closed here at the moment")]
    Closed,
    /// As many have joined as there is room for.
    #[error("all places are taken here at the moment")]
    Full,
    /// Fields break their rules.
    #[error("some fields have to be mended")]
    Fields(FieldErrors),
    /// Someone has the name, or the host does.
    #[error("the name {username} is not available: {reason}")]
    NameUnavailable {
        /// Which.
        username: Username,
        /// Why.
        reason: String,
    },
    /// Too many from this client.
    #[error("too many registrations from your network; try again in {retry_after_seconds} s")]
    Limited {
        /// Seconds.
        retry_after_seconds: u32,
    },
    /// Too many at once.
    #[error("many people are signing up right now; try again in {retry_after_seconds} s")]
    Busy {
        /// Seconds.
        retry_after_seconds: u32,
    },
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("{0}")]
    Internal(String),
}

/// Why an address was not proven.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// No registration waits for this token, or none of that name for a code.
    #[error("this link or code is not known; it may have been replaced by a newer one")]
    Unknown,
    /// Too late.
    #[error("this link or code has expired; register again")]
    Expired,
    /// Proven before.
    #[error("this address has been verified already")]
    Used {
        /// Whose.
        username: Username,
    },
    /// Another code.
    #[error("this is not the code of the mail; {tries_left} more tries")]
    WrongCode {
        /// How many more.
        tries_left: u8,
    },
    /// Five wrong codes.
    #[error("too many wrong codes; ask for a new mail")]
    TooManyTries,
    /// It failed meanwhile.
    #[error("this registration has ended")]
    Ended,
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why something of a receipt was not done. Nothing was changed then.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// The link opens nothing.
    #[error("this link opens nothing; it may be cut off, or its registration is forgotten")]
    Unknown,
    /// A field breaks its rule.
    #[error("some fields have to be mended")]
    Fields(FieldErrors),
    /// It can't be mended as things are.
    #[error(transparent)]
    Mend(#[from] MendError),
    /// There is nothing to answer.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// The code is not taken.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why an admin's wish was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AdminError {
    /// No such registration.
    #[error("there is no such registration")]
    NotFound,
    /// The decision can't be taken.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// It is not in a state in which this can be done.
    #[error("{0}")]
    WrongState(String),
    /// The host side did not do it.
    #[error(transparent)]
    Host(#[from] ProvisionFailure),
    /// The store can't be used.
    #[error(transparent)]
    Store(#[from] StoreError),
}
