//! What the tests of this module share.

use jiff::Timestamp;
use uuid::Uuid;

use super::TotpSecret;
use crate::domain::{
    Access, DisplayName, Email, Profile, Role, User, UserId, UserState, Username, VerificationKey,
};

pub(super) fn key() -> VerificationKey {
    VerificationKey::new([7; 32])
}

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

pub(super) fn id(n: u128) -> UserId {
    UserId::new(Uuid::from_u128(n))
}

pub(super) fn user() -> User {
    User {
        id: id(1),
        version: 1,
        username: Username::parse("ada").unwrap(),
        display_name: DisplayName::parse("Ada").unwrap(),
        email: Email::parse("ada@example.org").unwrap(),
        email_proven: true,
        password_hash: None,
        ssh_keys: Vec::new(),
        profile: Profile::default(),
        role: Role::ClientUser,
        organisation: None,
        state: UserState::Active,
        access: Access::default(),
        credentials: Default::default(),
        work: Default::default(),
        standing: crate::domain::Standing::default(),
        created_at: at(0),
    }
}

/// What an authenticator shows then.
pub(super) fn code_at(secret: &TotpSecret, at: Timestamp) -> String {
    let step = u64::try_from(at.as_second()).unwrap() / 30;
    secret.code(step).to_string()
}
