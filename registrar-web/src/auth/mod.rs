//! Who is there: logins, access tokens, sessions.
//!
//! A login begins a session ([`crate::domain::Session`]), whose refresh token brings short-lived
//! access tokens, or that the cookie of a browser opens; a member may be asked for a second factor
//! before ([`crate::domain::SecondFactor`]).
//! Every use of an access token looks the session and the member up, so signing out
//! or suspending ends it at once, on every instance.

mod access;
mod confirm;
mod credentials;
mod error;
mod first_login;
mod gate;
mod host_side;
mod keys;
mod login;
mod opened;
mod pages;
mod password;
mod recovery;
mod refresh;
mod sessions;
mod signing_key;
mod ssh_keys;
mod two_factor;
mod world;

pub use access::{AccessToken, Claims};
pub use credentials::CredentialError;
pub use error::{LoginError, TokenError};
pub use host_side::HostSide;
pub use keys::{KeyError, KeyRing};
pub use opened::{Opened, PageLogin};
pub use recovery::RecoveryProof;
pub use sessions::Caller;
pub use two_factor::{Asked, Entered, FactorError, FactorStatus, ResetError, Resetter, TotpSetup};
pub use world::{Auth, AuthPolicy, Client, RotateError, Tokens, Typed};
