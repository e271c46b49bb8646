//! What second factors are refused with.

use super::Kind;
use super::{Problem, capitalised};
use crate::auth::{FactorError, ResetError};
use crate::domain::FactorMethod;

impl From<FactorError> for Problem {
    fn from(error: FactorError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            FactorError::Gone => Self::with_detail(Kind::ChallengeUnknown, words),
            FactorError::OtherMethod(method) => {
                let route = match method {
                    FactorMethod::Totp => "/api/auth/verify-totp",
                    FactorMethod::Email => "/api/auth/verify-otp",
                };
                let message = format!("this login waits for a code at {route}");
                Self::field("challenge", "other-method", message)
            }
            FactorError::WrongAnswer { tries_left } => {
                let words = match tries_left {
                    0 => format!("{words} No tries are left: log in again."),
                    _ => words,
                };
                Self {
                    tries_left: Some(tries_left),
                    ..Self::with_detail(Kind::WrongSecondFactor, words)
                }
            }
            FactorError::WrongPassword => Self::field("password", "wrong", error.to_string()),
            FactorError::WrongCode => Self {
                errors: Self::field("code", "wrong", error.to_string()).errors,
                ..Self::with_detail(Kind::WrongCode, words)
            },
            FactorError::ProofRequired => Self::field("code", "required", error.to_string()),
            FactorError::AlreadyOn | FactorError::NotOn | FactorError::NothingPending => {
                Self::with_detail(Kind::NotPossibleNow, words)
            }
            FactorError::Token(error) => error.into(),
            FactorError::Login(error) => error.into(),
        }
    }
}

impl From<ResetError> for Problem {
    fn from(error: ResetError) -> Self {
        let words = capitalised(&format!("{error}."));
        match error {
            ResetError::NotFound => Self::with_detail(Kind::NotFound, words),
            ResetError::Outranked => Self::with_detail(Kind::Forbidden, words),
            ResetError::Store(error) => error.into(),
        }
    }
}
