//! What can be asked about an organisation, by its own people and by operators alike.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::FromRequestParts;
use http::StatusCode;
use http::request::Parts;
use utoipa::IntoParams;

use super::super::extract::PathText;
use super::super::problem::Problem;
use super::super::state::AppState;
use super::member_query::{MEMBER_QUERY, member_query};
use super::paging::page_of;
use super::users::known;
use super::wire::organizations::OrganizationDetail;
use super::wire::people::MemberPage;
use crate::domain::Organisation;
use crate::people::{Acting, OrganisationChange};

/// An organisation, and who asks something of it.
pub(super) struct About {
    pub(super) acting: Acting,
    pub(super) state: AppState,
    pub(super) organisation: Organisation,
}

/// The one that who asks belongs to.
pub(super) struct Own(pub About);

/// The one that the path names first, by its id or its slug.
pub(super) struct Named(pub About);

impl FromRequestParts<AppState> for Own {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let acting = Acting::from_request_parts(parts, state).await?;
        let organisation = state.people.own_organisation(&acting).await?;
        Ok(Self(About {
            acting,
            state: state.clone(),
            organisation,
        }))
    }
}

impl FromRequestParts<AppState> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let acting = Acting::from_request_parts(parts, state).await?;
        let PathText(name) = PathText::from_request_parts(parts, state).await?;
        let organisation = state.people.organisation_called(&name).await?;
        Ok(Self(About {
            acting,
            state: state.clone(),
            organisation,
        }))
    }
}

/// Which of its members are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes what `member_query` and `page_of` read")]
pub(super) struct MembersQuery {
    /// What user name or display name has, capitals or not
    q: Option<String>,
    /// `active` or `suspended`
    state: Option<String>,
    /// `client_admin` or `client_user`
    role: Option<String>,
    /// 1 to 100, default 50
    limit: Option<usize>,
    /// `nextCursor` of the page before
    cursor: Option<String>,
}

impl About {
    /// It, with those who run it.
    pub(super) async fn detail(self) -> Result<Json<OrganizationDetail>, Problem> {
        detail(&self.state, self.organisation).await
    }

    /// Changes it.
    pub(super) async fn change(
        self,
        change: OrganisationChange,
    ) -> Result<Json<OrganizationDetail>, Problem> {
        let people = &self.state.people;
        let changed = people.change_organisation(&self.acting, self.organisation.id, change);
        detail(&self.state, changed.await?).await
    }

    /// A page of its members.
    pub(super) async fn members(
        self,
        mut query: BTreeMap<String, String>,
    ) -> Result<Json<MemberPage>, Problem> {
        let page = page_of(&mut query, MEMBER_QUERY)?;
        let wanted = member_query(&query)?;
        let people = &self.state.people;
        let found = people.members_of(&self.acting, self.organisation.id, wanted, &page);
        Ok(Json((&found.await?).into()))
    }

    /// Takes a member out.
    pub(super) async fn take_out(self, member: &str) -> Result<StatusCode, Problem> {
        let (people, id) = (&self.state.people, self.organisation.id);
        people.take_out(&self.acting, id, known(member)?).await?;
        Ok(StatusCode::NO_CONTENT)
    }
}

/// An organisation with those who run it.
pub(super) async fn detail(
    state: &AppState,
    organisation: Organisation,
) -> Result<Json<OrganizationDetail>, Problem> {
    let view = state.people.with_admins(organisation).await?;
    Ok(Json((&view).into()))
}
