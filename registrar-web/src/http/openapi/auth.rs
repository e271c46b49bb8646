//! Answers of the login routes, with examples that are made of the errors themselves.

use utoipa::IntoResponses;

use super::super::problem::{Kind, Problem, Unfinished};
use super::{RegisterProblems, Responses, body_problems, limited, merged, of, store_down};
use crate::auth::{LoginError, TokenError};
use crate::domain::SessionEnd;

/// What a login may be answered with.
pub(in crate::http) struct LoginProblems;
/// What a refresh may be answered with.
pub(in crate::http) struct RefreshProblems;
/// What every route for members may be answered with.
pub(in crate::http) struct MemberProblems;
/// What every internal route may be answered with.
pub(in crate::http) struct InternalProblems;
/// What a login by a sibling may be answered with.
pub(in crate::http) struct SiblingLoginProblems;
/// What a sign-up by a sibling may be answered with.
pub(in crate::http) struct SiblingSignUpProblems;
/// What a sign-out may be answered with.
pub(in crate::http) struct LogoutProblems;

impl IntoResponses for LoginProblems {
    fn responses() -> Responses {
        let mut problems: Vec<Problem> = [
            LoginError::WrongCredentials,
            LoginError::Suspended,
            LoginError::Deleted,
            LoginError::Limited {
                retry_after_seconds: 840,
            },
            LoginError::Busy {
                retry_after_seconds: 5,
            },
        ]
        .into_iter()
        .map(Problem::from)
        .collect();
        problems.push(Problem {
            registration: Some(Box::new(Unfinished {
                username: "ada".into(),
                status: "VERIFICATION_SENT".into(),
                progress: 83,
                can_proceed: true,
                status_url: "/api/auth/status/registration/ada".into(),
            })),
            ..Problem::with_detail(
                Kind::RegistrationUnfinished,
                "We have sent you a mail. Open its link or type its code to verify your address.",
            )
        });
        problems.push(Problem::field(
            "emailOrUsername",
            "required",
            "send emailOrUsername, or one of email and username",
        ));
        problems.push(store_down());
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for RefreshProblems {
    fn responses() -> Responses {
        let mut problems = refusals();
        problems.push(Problem::field(
            "refreshToken",
            "required",
            "this field is missing",
        ));
        problems.extend([store_down(), limited()]);
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for MemberProblems {
    fn responses() -> Responses {
        let mut problems = refusals();
        problems.insert(0, Problem::new(Kind::Unauthorized));
        problems.extend([store_down(), limited()]);
        of(problems)
    }
}

impl IntoResponses for LogoutProblems {
    fn responses() -> Responses {
        let mut problems = refusals();
        problems.insert(0, Problem::new(Kind::Unauthorized));
        problems.push(Problem::field(
            "refreshToken",
            "wrong-type",
            "this must be a string",
        ));
        problems.extend([store_down(), limited()]);
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for SiblingLoginProblems {
    fn responses() -> Responses {
        merged(LoginProblems::responses(), InternalProblems::responses())
    }
}

impl IntoResponses for SiblingSignUpProblems {
    fn responses() -> Responses {
        merged(RegisterProblems::responses(), InternalProblems::responses())
    }
}

impl IntoResponses for InternalProblems {
    fn responses() -> Responses {
        let mut problems = vec![
            Problem::new(Kind::InternalOnly),
            Problem::new(Kind::Unauthorized),
            Problem::field("clientAddress", "required", "this field is missing"),
            store_down(),
        ];
        problems.extend(body_problems());
        of(problems)
    }
}

pub(in crate::http) fn refusals() -> Vec<Problem> {
    [
        TokenError::Invalid,
        TokenError::Ended(SessionEnd::SignedOut),
        TokenError::Suspended,
        TokenError::Deleted,
    ]
    .into_iter()
    .map(Problem::from)
    .collect()
}
