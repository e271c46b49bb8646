use super::super::{Acting, MemberQuery, People, PeopleError};
use crate::domain::{
    Act, ActError, Action, OrganisationId, Role, User, UserId, UserState, Username,
};
use crate::ports::{Page, PageRequest, StoreError};
use crate::registration::touch_group;

impl People {
    /// A page of the members of an organisation, in the order in which they joined; who is deleted
    /// is none any more. One request looks at 2000 at most.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn members_of(
        &self,
        acting: &Acting,
        id: OrganisationId,
        mut query: MemberQuery,
        page: &PageRequest,
    ) -> Result<Page<User>, PeopleError> {
        self.must_run(acting, id)?;
        query.organisation = Some(id);
        Ok(self.list(&query, page).await?)
    }

    /// The members whom who asks may see: all, or those of their own organisation.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn visible(
        &self,
        acting: &Acting,
        mut query: MemberQuery,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError> {
        match acting.authority().sight() {
            Ok(None) => {}
            Ok(own) => query.organisation = own,
            Err(_) => {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            }
        }
        self.list(&query, page).await
    }

    /// Takes a member into an organisation, or gives one who is in it the other role there.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn take_in(
        &self,
        acting: &Acting,
        id: OrganisationId,
        name: &Username,
        role: Role,
    ) -> Result<User, PeopleError> {
        if !matches!(role, Role::ClientAdmin | Role::ClientUser) {
            let words = "write client_admin or client_user";
            return Err(PeopleError::field("role", "unknown", words));
        }
        let organisation = self.organisation(id).await?;
        let found = self.world.store.user_by_username(name).await?;
        let Some(user) = found else {
            let words = "there is no member of this name";
            return Err(PeopleError::field("username", "unknown", words));
        };
        let change = |u: &mut User| {
            if u.state == UserState::Pending {
                return Err(ActError::Pending);
            }
            u.must_not_be_deleted()?;
            let is_other = u.organisation != Some(id) || u.role != role;
            u.organisation = Some(id);
            u.role = role;
            Ok(is_other)
        };
        let act = Act::TakeIn(id, role);
        let (user, changed) = self.decide(acting, user.id, act, change).await?;
        // Also when it was done before: a crash may have come in between.
        touch_group(&self.world, Some(id)).await?;
        if changed {
            let details = vec![
                ("organization", organisation.slug.to_string()),
                ("role", role.as_str().to_owned()),
            ];
            self.note(acting, Action::OrganisationJoined, &user, details)
                .await?;
        }
        Ok(user)
    }

    /// Takes a member out of an organisation: a plain member of the community from then on. The
    /// account stays, and leaves the group on the host.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn take_out(
        &self,
        acting: &Acting,
        id: OrganisationId,
        member: UserId,
    ) -> Result<(), PeopleError> {
        self.must_run(acting, id)?;
        let organisation = self.organisation(id).await?;
        // Who is elsewhere is no member here, and that is all that is told.
        let is_here = |user: &User| user.organisation == Some(id);
        if !is_here(&self.member(member).await?) {
            return Err(PeopleError::NoMember);
        }
        let change = |u: &mut User| {
            let was_here = is_here(u);
            if was_here {
                u.organisation = None;
                if u.role == Role::ClientAdmin {
                    u.role = Role::ClientUser;
                }
            }
            Ok(was_here)
        };
        let (user, changed) = self.decide(acting, member, Act::TakeOut, change).await?;
        touch_group(&self.world, Some(id)).await?;
        if changed {
            let details = vec![("organization", organisation.slug.to_string())];
            self.note(acting, Action::OrganisationLeft, &user, details)
                .await?;
        }
        Ok(())
    }
}
