use axum::extract::FromRequestParts;
use http::request::Parts;

use super::client_address::Client;
use super::permissions::Admin;
use super::problem::{Kind, Problem};
use super::request_id::CurrentRequest;
use super::state::AppState;
use crate::audit::By;
use crate::auth::Caller;
use crate::domain::Actor;
use crate::people::Acting;

/// Whom the table of permissions has let in.
impl FromRequestParts<AppState> for Acting {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let extensions = &parts.extensions;
        let member = extensions.get::<Caller>().map(|caller| caller.user.clone());
        let actor = match (&member, extensions.get::<Admin>()) {
            (Some(user), _) => Actor::member(user),
            (None, Some(admin)) => Actor::Admin {
                name: admin.name().to_owned(),
            },
            (None, None) => return Err(Problem::new(Kind::Unauthorized)),
        };
        let by = By {
            actor,
            address: extensions.get::<Client>().map(|c| c.0.0.clone()),
            request_id: extensions.get::<CurrentRequest>().map(|r| r.id),
        };
        Ok(Self { by, member })
    }
}
