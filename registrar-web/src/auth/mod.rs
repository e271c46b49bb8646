//! Who is there: logins, access tokens, sessions.
//!
//! A login begins a session ([`crate::domain::Session`]), whose refresh token brings short-lived
//! access tokens. Every use of an access token looks the session and the member up, so signing out
//! or suspending ends it at once, on every instance.

mod access;
mod error;
mod gate;
mod keys;
mod login;
mod refresh;
mod sessions;
mod signing_key;
mod world;

pub use access::{AccessToken, Claims};
pub use error::{LoginError, TokenError};
pub use keys::{KeyError, KeyRing};
pub use sessions::Caller;
pub use world::{Auth, AuthPolicy, Client, RotateError, Tokens};
