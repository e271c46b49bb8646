//! Answers of the routes about members and invites, with examples that are made of the errors
//! themselves.

use utoipa::IntoResponses;

use super::super::problem::{Kind, Problem};
use super::auth::refusals;
use super::{Responses, body_problems, limited, of, store_down};
use crate::auth::LoginError;
use crate::domain::ActError;
use crate::people::PeopleError;

/// What a list may be answered with.
pub(in crate::http) struct ListProblems;
/// What a list of the members of an organization may be answered with.
pub(in crate::http) struct MembersProblems;
/// What a route for one member or invite may be answered with.
pub(in crate::http) struct OneProblems;
/// What a change of one member or invite may be answered with.
pub(in crate::http) struct ChangeProblems;
/// What a change of one's own profile may be answered with.
pub(in crate::http) struct ProfileProblems;
/// What the deletion of an account may be answered with.
pub(in crate::http) struct DeleteProblems;
/// What a route that is open to all may be answered with.
pub(in crate::http) struct OpenProblems;

fn everywhere() -> Vec<Problem> {
    let mut problems = refusals();
    problems.insert(0, Problem::new(Kind::Unauthorized));
    problems.extend([store_down(), limited()]);
    problems
}

fn invalid(field: &str, code: &str, message: &str) -> Problem {
    Problem::field(field, code, message)
}

impl IntoResponses for ListProblems {
    fn responses() -> Responses {
        let mut problems = everywhere();
        problems.push(Problem::new(Kind::Forbidden));
        problems.push(invalid("limit", "malformed", "write a number"));
        of(problems)
    }
}

impl IntoResponses for MembersProblems {
    fn responses() -> Responses {
        let mut problems = everywhere();
        problems.push(Problem::new(Kind::Forbidden));
        problems.push(PeopleError::NoOrganisation.into());
        problems.push(invalid("limit", "malformed", "write a number"));
        problems.push(Problem::new(Kind::MalformedQuery));
        of(problems)
    }
}

impl IntoResponses for OneProblems {
    fn responses() -> Responses {
        let mut problems = everywhere();
        problems.push(Problem::new(Kind::Forbidden));
        problems.push(PeopleError::NoMember.into());
        problems.push(PeopleError::NotNow("this invite is used up").into());
        problems.push(Problem::new(Kind::MalformedQuery));
        of(problems)
    }
}

impl IntoResponses for ChangeProblems {
    fn responses() -> Responses {
        let mut problems = everywhere();
        problems.push(PeopleError::Act(ActError::NotBelow).into());
        problems.push(PeopleError::NoMember.into());
        problems.push(PeopleError::Act(ActError::LastSuperAdmin).into());
        problems.push(invalid("reason", "required", "say why"));
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for ProfileProblems {
    fn responses() -> Responses {
        let mut problems = everywhere();
        problems.push(invalid(
            "country",
            "not-iso-3166",
            "give the two letters of ISO 3166 for a country, such as DE or BR",
        ));
        problems.push(Problem::new(Kind::NotPossibleNow));
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for DeleteProblems {
    fn responses() -> Responses {
        let mut problems = everywhere();
        problems.push(PeopleError::Act(ActError::NotBelow).into());
        problems.push(PeopleError::NoMember.into());
        problems.push(PeopleError::Act(ActError::LastSuperAdmin).into());
        problems.push(invalid("password", "wrong", "this is not your password"));
        let busy = LoginError::Busy {
            retry_after_seconds: 5,
        };
        problems.push(busy.into());
        problems.extend(body_problems());
        of(problems)
    }
}

impl IntoResponses for OpenProblems {
    fn responses() -> Responses {
        of([
            PeopleError::NoInvite.into(),
            Problem::new(Kind::MalformedQuery),
            store_down(),
            limited(),
        ])
    }
}
