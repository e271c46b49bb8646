use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Redirect, Response};
use http::Method;
use http::request::Parts;

use super::own_path::OwnPath;
use super::visitor::Visitor;
use crate::audit::By;
use crate::auth::Caller;
use crate::domain::{Actor, Role};
use crate::http::client_address::Client;
use crate::http::problem::{Kind, Problem};
use crate::http::request_id::CurrentRequest;
use crate::http::state::AppState;
use crate::people::Acting;

/// Which role a page is for; that one or a higher one.
pub(in crate::http) trait Least {
    /// The role.
    const ROLE: Role;
}

/// Everyone who is signed in.
pub(in crate::http) struct Members;
/// Those who run the daily business.
pub(in crate::http) struct Operators;
/// Those who run the site.
pub(in crate::http) struct SiteAdmins;

impl Least for Members {
    const ROLE: Role = Role::ClientUser;
}
impl Least for Operators {
    const ROLE: Role = Role::Operator;
}
impl Least for SiteAdmins {
    const ROLE: Role = Role::SiteAdmin;
}

/// Who asks for a page that is for those who are signed in, with that role or a higher one. Everyone
/// else is sent to log in first, or told that the role does not allow it.
pub(in crate::http) struct SignedIn<L = Members> {
    /// Member and session.
    pub caller: Caller,
    /// Where the answer goes.
    pub visitor: Visitor,
    /// For the audit log.
    pub by: By,
    least: PhantomData<L>,
}

impl<L> SignedIn<L> {
    /// For what members do to each other.
    pub(in crate::http) fn acting(&self) -> Acting {
        Acting {
            by: self.by.clone(),
            member: Some(self.caller.user.clone()),
        }
    }
}

impl<L: Least> FromRequestParts<AppState> for SignedIn<L> {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let visitor = Visitor::from_request_parts(parts, state).await;
        let visitor = visitor.map_err(IntoResponse::into_response)?;
        if let Some(problem) = visitor.trouble() {
            return Err(problem.clone().into_response());
        }
        let Some(caller) = visitor.caller().cloned() else {
            return Err(log_in_first(parts));
        };
        if !caller.user.role.is_at_least(L::ROLE) {
            return Err(Problem::new(Kind::Forbidden).into_response());
        }
        let extensions = &parts.extensions;
        let by = By {
            actor: Actor::member(&caller.user),
            address: extensions.get::<Client>().map(|c| c.0.0.clone()),
            request_id: extensions.get::<CurrentRequest>().map(|r| r.id),
        };
        Ok(Self {
            caller,
            visitor,
            by,
            least: PhantomData,
        })
    }
}

/// The login, which leads back to the page that was asked for.
fn log_in_first(parts: &Parts) -> Response {
    let can_come_back = matches!(parts.method, Method::GET | Method::HEAD);
    let here = parts.uri.path_and_query().map_or("", |p| p.as_str());
    let next = OwnPath::parse(here).filter(|_| can_come_back);
    let mut query = form_urlencoded::Serializer::new(String::new());
    if let Some(next) = &next {
        query.append_pair("next", next.as_str());
    }
    let query = query.finish();
    let and = if query.is_empty() { "" } else { "?" };
    Redirect::to(&format!("/login{and}{query}")).into_response()
}
