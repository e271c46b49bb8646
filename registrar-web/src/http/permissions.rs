//! Who may call which route of the API: one table, asked before any handler runs. A route that is
//! not in it answers nobody.

use axum::RequestExt;
use axum::extract::{FromRequestParts, MatchedPath, RawPathParams, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::Method;
use http::request::Parts;

use super::bearer::token_of;
use super::client_address::Client;
use super::local::LocalPeer;
use super::problem::{Kind, Problem};
use super::request_id::CurrentRequest;
use super::state::AppState;
use crate::audit::By;
use crate::auth::Caller;
use crate::domain::{Actor, Role, UserId};

/// Whom a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// All, logged in or not.
    Everyone,
    /// All who are logged in.
    Member,
    /// Who is logged in with that role or a higher one; also the admin token, and who comes in by
    /// the admin socket.
    AtLeast(Role),
    /// The member whose id stands in the path; otherwise as [`Who::AtLeast`].
    SelfOr(Role),
    /// Sibling services, by the socket for them.
    Sibling,
}

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permission {
    /// As in the request; `GET` is `HEAD` as well.
    pub method: &'static str,
    /// As the router has it, with `{…}`.
    pub path: &'static str,
    /// Whom it answers.
    pub who: Who,
}

const fn line(method: &'static str, path: &'static str, who: Who) -> Permission {
    Permission { method, path, who }
}

/// The table.
pub const PERMISSIONS: &[Permission] = {
    use Role::{ClientAdmin, ClientUser, Operator, SiteAdmin, SuperAdmin};
    use Who::{AtLeast, Everyone, Member, SelfOr, Sibling};
    &[
        line(
            "GET",
            "/api/auth/status/check-username/{username}",
            Everyone,
        ),
        line("GET", "/api/auth/status/registration/{username}", Everyone),
        line("GET", "/api/auth/status/user-status", Member),
        line("POST", "/api/auth/register", Everyone),
        line("GET", "/api/auth/register/form", Everyone),
        line("POST", "/api/auth/verify-email", Everyone),
        // Who shows the token of a receipt needs no other.
        line("GET", "/api/auth/receipt/{token}", Everyone),
        line("POST", "/api/auth/receipt/{token}/answer", Everyone),
        line("PUT", "/api/auth/receipt/{token}/address", Everyone),
        line("PUT", "/api/auth/receipt/{token}/ssh-keys", Everyone),
        line("POST", "/api/auth/receipt/{token}/resend", Everyone),
        line("POST", "/api/auth/resend-verification", Everyone),
        line("POST", "/api/auth/login", Everyone),
        // Who shows a challenge has shown the password.
        line("POST", "/api/auth/verify-totp", Everyone),
        line("POST", "/api/auth/verify-otp", Everyone),
        line("GET", "/api/auth/second-factor", Member),
        line("POST", "/api/auth/totp/setup", Member),
        line("POST", "/api/auth/totp/confirm", Member),
        line("POST", "/api/auth/totp/disable", Member),
        line("POST", "/api/auth/otp/enable", Member),
        line("POST", "/api/auth/otp/disable", Member),
        line("POST", "/api/auth/recovery-codes", Member),
        line(
            "POST",
            "/api/users/{id}/second-factor/reset",
            AtLeast(SiteAdmin),
        ),
        // Who shows a refresh token needs no other.
        line("POST", "/api/auth/refresh", Everyone),
        line("POST", "/api/auth/logout", Everyone),
        line("GET", "/api/auth/sessions", Member),
        line("DELETE", "/api/auth/sessions", Member),
        line("GET", "/api/auth/sessions/{id}", Member),
        line("DELETE", "/api/auth/sessions/{id}", Member),
        line("PUT", "/api/auth/password", Member),
        line("POST", "/api/auth/forgot-password", Everyone),
        // Who shows the token or code of a mail.
        line("POST", "/api/auth/reset-password", Everyone),
        line("GET", "/api/auth/ssh-keys", Member),
        line("POST", "/api/auth/ssh-keys", Member),
        line("GET", "/api/auth/ssh-keys/{id}", Member),
        line("DELETE", "/api/auth/ssh-keys/{id}", Member),
        line("GET", "/api/admin/registrations", AtLeast(Operator)),
        line("GET", "/api/admin/registrations/{id}", AtLeast(Operator)),
        line(
            "POST",
            "/api/admin/registrations/{id}/approve",
            AtLeast(Operator),
        ),
        line(
            "POST",
            "/api/admin/registrations/{id}/reject",
            AtLeast(Operator),
        ),
        line(
            "POST",
            "/api/admin/registrations/{id}/retry",
            AtLeast(Operator),
        ),
        line(
            "POST",
            "/api/admin/registrations/{id}/claim",
            AtLeast(Operator),
        ),
        line(
            "DELETE",
            "/api/admin/registrations/{id}/claim",
            AtLeast(Operator),
        ),
        line(
            "POST",
            "/api/admin/registrations/{id}/notes",
            AtLeast(Operator),
        ),
        line(
            "POST",
            "/api/admin/registrations/{id}/question",
            AtLeast(Operator),
        ),
        line("POST", "/api/admin/keys/rotate", AtLeast(SuperAdmin)),
        line("GET", "/api/admin/audit", AtLeast(SiteAdmin)),
        line("GET", "/api/admin/audit/check", AtLeast(SiteAdmin)),
        line("GET", "/api/admin/stats", AtLeast(Operator)),
        line("POST", "/api/users/system-setup", AtLeast(SiteAdmin)),
        line(
            "GET",
            "/api/users/{username}/system-status",
            AtLeast(SiteAdmin),
        ),
        line("GET", "/api/auth/profile", Member),
        line("PUT", "/api/auth/profile", Member),
        line("GET", "/api/auth/user-data", Member),
        // Who runs an organization sees its members.
        line("GET", "/api/users", AtLeast(ClientAdmin)),
        line("GET", "/api/users/{id}", SelfOr(Operator)),
        line("PUT", "/api/users/{id}", SelfOr(Operator)),
        line("DELETE", "/api/users/{id}", SelfOr(SiteAdmin)),
        line("POST", "/api/users/{id}/suspend", AtLeast(Operator)),
        line("POST", "/api/users/{id}/resume", AtLeast(Operator)),
        line("POST", "/api/users/{id}/role", AtLeast(SiteAdmin)),
        line("GET", "/api/organization", Member),
        line("PUT", "/api/organization", AtLeast(ClientAdmin)),
        line("GET", "/api/organization/members", AtLeast(ClientAdmin)),
        line(
            "DELETE",
            "/api/organization/members/{id}",
            AtLeast(ClientAdmin),
        ),
        line("GET", "/api/organizations", AtLeast(Operator)),
        line("POST", "/api/organizations", AtLeast(Operator)),
        line("GET", "/api/organizations/{id}", AtLeast(Operator)),
        line("PUT", "/api/organizations/{id}", AtLeast(Operator)),
        line("GET", "/api/organizations/{id}/members", AtLeast(Operator)),
        line("POST", "/api/organizations/{id}/members", AtLeast(Operator)),
        line(
            "DELETE",
            "/api/organizations/{id}/members/{member}",
            AtLeast(Operator),
        ),
        line("POST", "/api/organizations/{id}/retry", AtLeast(Operator)),
        // Whom one may invite depends on the invite; the lists have one's own.
        line("POST", "/api/invites/create", AtLeast(ClientUser)),
        line("GET", "/api/invites/list", AtLeast(ClientUser)),
        line("DELETE", "/api/invites/{id}/revoke", AtLeast(ClientUser)),
        // Who shows the token needs no other.
        line("GET", "/api/invites/details/{token}", Everyone),
        line("POST", "/api/invites/accept", Everyone),
        line("GET", "/api/events", Member),
        line("GET", "/api/notifications", Member),
        line("POST", "/api/notifications/{id}/read", Member),
        line("POST", "/api/notifications/read-all", Member),
        line("POST", "/internal/auth/signup", Sibling),
        line("POST", "/internal/auth/login", Sibling),
        line("POST", "/internal/auth/logout", Sibling),
        line("POST", "/internal/auth/validate", Sibling),
        line("GET", "/.well-known/jwks.json", Everyone),
        line("GET", "/api/health", Everyone),
        line("GET", "/api/auth/health", Everyone),
        line("GET", "/health", Everyone),
        line("GET", "/health/ready", Everyone),
    ]
};

fn who(method: &Method, path: &str) -> Option<Who> {
    let method = match *method {
        Method::HEAD => "GET",
        ref other => other.as_str(),
    };
    let found = PERMISSIONS
        .iter()
        .find(|p| p.method == method && p.path == path);
    found.map(|p| p.who)
}

/// Lets a request through to its route, if the table says so.
pub(super) async fn check(
    State(state): State<AppState>,
    path: MatchedPath,
    mut request: Request,
    next: Next,
) -> Response {
    let Some(who) = who(request.method(), path.as_str()) else {
        tracing::error!(METHOD = %request.method(), PATH = path.as_str(), "a route without a permission");
        return Problem::new(Kind::Internal).into_response();
    };
    match admit(&state, who, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(state: &AppState, who: Who, request: &mut Request) -> Result<(), Problem> {
    let local = request.extensions().get::<LocalPeer>().cloned();
    let needed = match who {
        Who::Everyone => return Ok(()),
        Who::Sibling if local == Some(LocalPeer::Sibling) => return Ok(()),
        Who::Sibling => return Err(Problem::new(Kind::InternalOnly)),
        Who::Member => None,
        Who::AtLeast(role) | Who::SelfOr(role) => Some(role),
    };
    if needed.is_some()
        && let Some(name) = local.and_then(|peer| peer.admin_name(request.headers()))
    {
        Admin::let_in(request, Actor::Admin { name });
        return Ok(());
    }
    let token = token_of(request.headers()).ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    if needed.is_some()
        && state
            .admin_token
            .as_ref()
            .is_some_and(|admin| admin.is(&token))
    {
        let name = "admin token".into();
        Admin::let_in(request, Actor::Admin { name });
        return Ok(());
    }
    let caller = state.auth.authenticate(&token).await?;
    if let Some(role) = needed {
        if caller.user.role.is_at_least(role) {
            Admin::let_in(request, Actor::member(&caller.user));
        } else if !(matches!(who, Who::SelfOr(_)) && names(request, &caller).await) {
            return Err(Problem::new(Kind::Forbidden));
        }
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

/// Whether the path's parameter is the caller's own id.
async fn names(request: &mut Request, caller: &Caller) -> bool {
    let Ok(parameters) = request.extract_parts::<RawPathParams>().await else {
        return false;
    };
    let mut ids = parameters.iter().map(|(_, text)| UserId::parse(text));
    matches!(ids.next(), Some(Ok(id)) if id == caller.user.id)
}

/// Who decides, on a route for roles.
#[derive(Clone)]
pub(super) struct Admin(By);

impl Admin {
    fn let_in(request: &mut Request, actor: Actor) {
        let extensions = request.extensions_mut();
        let address = extensions.get::<Client>().map(|c| c.0.0.clone());
        let request_id = extensions.get::<CurrentRequest>().map(|r| r.id);
        extensions.insert(Self(By {
            actor,
            address,
            request_id,
        }));
    }

    /// What decisions are signed with.
    pub(super) fn name(&self) -> &str {
        self.0.actor.name()
    }

    /// For the audit log.
    pub(super) fn by(&self) -> &By {
        &self.0
    }
}

fn admitted<T: Clone + Send + Sync + 'static>(parts: &Parts) -> Result<T, Problem> {
    // Missing only where the table says less than the handler needs.
    let found = parts.extensions.get::<T>().cloned();
    found.ok_or_else(|| Problem::new(Kind::Unauthorized))
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        admitted(parts)
    }
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        admitted(parts)
    }
}
