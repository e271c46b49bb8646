//! Answers of the routes about passwords and keys, made of the errors themselves.

use utoipa::IntoResponses;

use super::super::problem::{Kind, Problem};
use super::{Responses, body_problems, limited, of, store_down};
use crate::auth::{CredentialError, LoginError};
use crate::domain::FieldErrors;

/// What a change of the password may be answered with, besides what every member may be.
pub(in crate::http) struct PasswordProblems;
/// What a wish for a mail may be answered with.
pub(in crate::http) struct ForgotProblems;
/// What a reset may be answered with.
pub(in crate::http) struct ResetProblems;
/// What a new key may be answered with, besides what every member may be.
pub(in crate::http) struct KeyProblems;
/// What the removal of a key may be answered with.
pub(in crate::http) struct LastKeyProblems;

fn fields(wrong: &[(&'static str, &str, &str)]) -> Problem {
    let mut errors = FieldErrors::default();
    for (field, code, message) in wrong {
        errors.add(field, *code, message);
    }
    errors.into()
}

fn busy() -> Problem {
    CredentialError::from(LoginError::Busy {
        retry_after_seconds: 5,
    })
    .into()
}

fn changed_meanwhile() -> Problem {
    Problem::with_detail(
        Kind::NotPossibleNow,
        "The record was changed by someone else meanwhile; try again.",
    )
}

impl IntoResponses for PasswordProblems {
    fn responses() -> Responses {
        let wrong = fields(&[
            (
                "currentPassword",
                "wrong",
                "this is not the present password",
            ),
            (
                "newPassword",
                "too-short",
                "a password has at least 8 characters",
            ),
        ]);
        // These replace those of `MemberProblems` of the same status, so both are there.
        let mut problems = vec![wrong, changed_meanwhile(), busy(), store_down()];
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for ForgotProblems {
    fn responses() -> Responses {
        let wrong = fields(&[(
            "emailOrUsername",
            "required",
            "send emailOrUsername, or one of email and username",
        )]);
        let mut problems = vec![wrong, limited(), store_down()];
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for ResetProblems {
    fn responses() -> Responses {
        let wrong = fields(&[
            (
                "token",
                "required",
                "send either token, or code and emailOrUsername",
            ),
            (
                "newPassword",
                "too-short",
                "a password has at least 8 characters",
            ),
        ]);
        let unknown = CredentialError::NoRecovery.into();
        let mut problems = vec![wrong, unknown, changed_meanwhile(), limited()];
        problems.extend([busy(), store_down()]);
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for KeyProblems {
    fn responses() -> Responses {
        let wrong = fields(&[(
            "key",
            "private-key",
            "this is a private key; keep it secret and paste the .pub file",
        )]);
        let kept = CredentialError::KeyKept.into();
        let mut problems = vec![wrong, kept, changed_meanwhile()];
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for LastKeyProblems {
    fn responses() -> Responses {
        of([CredentialError::LastKey.into(), changed_meanwhile()])
    }
}
