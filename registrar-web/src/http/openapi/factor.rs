//! Answers of the routes of second factors, with examples that are made of the errors themselves.

use utoipa::IntoResponses;

use super::super::problem::{Kind, Problem};
use super::auth::refusals;
use super::{Responses, body_problems, limited, of, store_down};
use crate::auth::{FactorError, LoginError};
use crate::domain::FactorMethod;

/// What the second half of a login may be answered with.
pub(in crate::http) struct SecondStepProblems;
/// What a change of one's second factor may be answered with.
pub(in crate::http) struct FactorProblems;

impl IntoResponses for SecondStepProblems {
    fn responses() -> Responses {
        let mut problems: Vec<Problem> = [
            FactorError::Gone,
            FactorError::WrongAnswer { tries_left: 4 },
            FactorError::OtherMethod(FactorMethod::Email),
            LoginError::Limited {
                retry_after_seconds: 840,
            }
            .into(),
        ]
        .into_iter()
        .map(Problem::from)
        .collect();
        problems.push(Problem::with_detail(
            Kind::NotPossibleNow,
            "The record was changed by someone else meanwhile; try again.",
        ));
        problems.push(store_down());
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for FactorProblems {
    fn responses() -> Responses {
        let mut problems = vec![Problem::new(Kind::Unauthorized)];
        problems.extend(refusals());
        let errors = [
            FactorError::WrongPassword,
            FactorError::WrongCode,
            FactorError::NotOn,
            LoginError::Busy {
                retry_after_seconds: 5,
            }
            .into(),
        ];
        problems.extend(errors.map(Problem::from));
        problems.extend([store_down(), limited()]);
        problems.extend(body_problems());
        of(problems)
    }
}
