use provision_api::AccountState;

use super::scan::{SearchText, scan};
use super::{Acting, People, PeopleError};
use crate::auth::Typed;
use crate::domain::{
    Act, ActError, Action, Decision, News, OrganisationId, RequestId, Role, Subject, User, UserId,
    UserState,
};
use crate::ports::{EntropyExt, Page, PageRequest, ProvisionFailure, StoreError, UserFilter};
use crate::registration::touch_group;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

/// Which members to list; all that is given has to hold.
#[derive(Clone, Debug, Default)]
pub struct MemberQuery {
    /// What user name or display name has.
    pub text: Option<SearchText>,
    /// Their state.
    pub state: Option<UserState>,
    /// Their role.
    pub role: Option<Role>,
    /// Whether something is left to do on the host.
    pub host_pending: bool,
    /// The organisation that they belong to.
    pub organisation: Option<OrganisationId>,
}

impl MemberQuery {
    /// What the store can find by itself; the rest is looked for.
    fn filter(&self) -> UserFilter {
        if let Some(id) = self.organisation {
            return UserFilter::Of(id);
        }
        match (self.host_pending, self.state, self.role) {
            (true, ..) => UserFilter::HostPending,
            (_, Some(state @ (UserState::Suspended | UserState::Deleted)), _) => {
                UserFilter::Closed(state)
            }
            (.., Some(role)) if role != Role::ClientUser => UserFilter::Staff(role),
            _ => UserFilter::All,
        }
    }

    fn holds(&self, user: &User) -> bool {
        self.text.as_ref().is_none_or(|t| t.is_in(user))
            && self.state.is_none_or(|s| s == user.state)
            && self.role.is_none_or(|r| r == user.role)
            && (!self.host_pending || user.standing.host_follow_up.is_some())
            && self
                .organisation
                .is_none_or(|id| user.organisation == Some(id))
    }
}

impl People {
    /// A page of members, in the order in which they joined. One request looks at 2000 records at
    /// most, so a page may have fewer than asked for before the last.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn list(
        &self,
        query: &MemberQuery,
        page: &PageRequest,
    ) -> Result<Page<User>, StoreError> {
        let filter = query.filter();
        scan(
            page,
            |u: &User| u.id.uuid(),
            |u| query.holds(u),
            |page| {
                let store = self.world.store.clone();
                async move { store.list_users(filter, &page).await }
            },
        )
        .await
    }

    /// A member.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn member(&self, id: UserId) -> Result<User, PeopleError> {
        let found = self.world.store.user(id).await?;
        found.ok_or(PeopleError::NoMember)
    }

    /// Who brought a member in, if that is known and still a member.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn sponsor(&self, user: &User) -> Result<Option<User>, StoreError> {
        match user.standing.sponsor {
            Some(id) => self.world.store.user(id).await,
            None => Ok(None),
        }
    }

    /// Keeps a member out. Every session ends at once; on the host an admin has to follow.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn suspend(
        &self,
        acting: &Acting,
        id: UserId,
        reason: &str,
    ) -> Result<User, PeopleError> {
        let decision = self.decision(acting, Some(reason));
        let (user, changed) = self
            .decide(acting, id, Act::Suspend, |u| u.suspend(decision.clone()))
            .await?;
        if changed {
            self.auth.close_sessions(id).await?;
            touch_group(&self.world, user.organisation).await?;
            let details = vec![("reason", reason.to_owned())];
            self.note(acting, Action::MemberSuspended, &user, details)
                .await?;
        }
        Ok(user)
    }

    /// Lets a member in again who is suspended, or deleted and not yet anonymised, and whose account
    /// is still on the host.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn resume(&self, acting: &Acting, id: UserId) -> Result<User, PeopleError> {
        let user = self.member(id).await?;
        acting.authority().may(Act::Resume, &user, 0)?;
        let host = self.account_of(&user).await?;
        let (user, changed) = self
            .decide(acting, id, Act::Resume, |u| u.resume(host))
            .await?;
        if changed {
            touch_group(&self.world, user.organisation).await?;
            self.note(acting, Action::MemberResumed, &user, Vec::new())
                .await?;
        }
        Ok(user)
    }

    /// What the host has of a member's account; `None` where it has none.
    async fn account_of(&self, user: &User) -> Result<Option<AccountState>, PeopleError> {
        let request = RequestId::new(self.world.entropy.uuid_v7(self.world.now()));
        let asked = self
            .world
            .provisioner
            .system_status(request, &user.username);
        match asked.await {
            Ok(status) => Ok(Some(status.account.state)),
            Err(ProvisionFailure::NoSuchAccount) => Ok(None),
            Err(error) => Err(PeopleError::Host(error)),
        }
    }

    /// Gives a member another role; it holds from the next request on.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn set_role(
        &self,
        acting: &Acting,
        id: UserId,
        role: Role,
    ) -> Result<User, PeopleError> {
        let before = self.member(id).await?.role;
        let change = |u: &mut User| {
            if u.state == UserState::Pending {
                return Err(ActError::Pending);
            }
            u.must_not_be_deleted()?;
            let changed = u.role != role;
            u.role = role;
            Ok(changed)
        };
        let (user, changed) = self.decide(acting, id, Act::SetRole(role), change).await?;
        if changed {
            let word = |r: Role| r.as_str().to_owned();
            let details = vec![("from", word(before)), ("to", word(role))];
            self.note(acting, Action::RoleChanged, &user, details)
                .await?;
            let news = News::RoleChanged {
                from: before,
                to: role,
                by: acting.name().to_owned(),
            };
            self.world.events.publish(id, news).await;
        }
        Ok(user)
    }

    /// Deletes an account, for the time of grace; one's own takes one's password.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn delete(
        &self,
        acting: &Acting,
        id: UserId,
        password: Option<Typed>,
    ) -> Result<User, PeopleError> {
        if let Some(own) = acting.member.as_ref().filter(|own| own.id == id) {
            self.confirm(own, password).await?;
        }
        let decision = self.decision(acting, None);
        let (user, changed) = self
            .decide(acting, id, Act::Delete, |u| u.delete(decision.clone()))
            .await?;
        if changed {
            self.auth.close_sessions(id).await?;
            touch_group(&self.world, user.organisation).await?;
            self.note(acting, Action::MemberDeleted, &user, Vec::new())
                .await?;
        }
        Ok(user)
    }

    /// Who has an account that is entered by key alone has no password to show.
    async fn confirm(&self, own: &User, password: Option<Typed>) -> Result<(), PeopleError> {
        if own.password_hash.is_none() {
            return Ok(());
        }
        let Some(password) = password else {
            let words = "type your password, so that nobody else deletes your account";
            return Err(PeopleError::field("password", "required", words));
        };
        match self.auth.confirm(own, password).await {
            Ok(true) => Ok(()),
            Ok(false) => {
                let words = "this is not your password";
                Err(PeopleError::field("password", "wrong", words))
            }
            Err(e) => Err(PeopleError::Password(e)),
        }
    }

    fn decision(&self, acting: &Acting, reason: Option<&str>) -> Decision {
        Decision {
            at: self.world.now(),
            by: acting.name().to_owned(),
            reason: reason.map(str::to_owned),
        }
    }

    /// Changes a member's record where the rules allow it; says whether anything was different.
    pub(super) async fn decide(
        &self,
        acting: &Acting,
        id: UserId,
        act: Act,
        change: impl Fn(&mut User) -> Result<bool, ActError> + Send,
    ) -> Result<(User, bool), PeopleError> {
        let _one_at_a_time = self.deciding.lock().await;
        for _ in 0..TRIES {
            let mut user = self.member(id).await?;
            let others = match user.role {
                Role::SuperAdmin => self.other_super_admins(id).await?,
                _ => 0,
            };
            acting.authority().may(act, &user, others)?;
            if !change(&mut user)? {
                return Ok((user, false));
            }
            match self.world.store.update_user(user).await {
                Ok(user) => return Ok((user, true)),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    async fn other_super_admins(&self, id: UserId) -> Result<usize, StoreError> {
        let page = PageRequest {
            limit: 100,
            after: None,
        };
        let filter = UserFilter::Staff(Role::SuperAdmin);
        let found = self.world.store.list_users(filter, &page).await?;
        let others = found.items.iter();
        let others = others.filter(|u| u.id != id && u.state == UserState::Active);
        Ok(others.count())
    }

    /// Writes down what was done to a member.
    pub(super) async fn note(
        &self,
        acting: &Acting,
        action: Action,
        user: &User,
        details: Vec<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let mut event = acting.by.event(action, Subject::member(user));
        event.details = details;
        self.world.audit.record(event).await
    }
}
