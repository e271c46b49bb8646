//! Bringing people in: what is asked for ([`wish`]), and what becomes of it.

mod wish;

use jiff::SignedDuration;

use super::scan::scan;
use super::{Acting, People, PeopleError};
use crate::domain::{
    Action, DisplayName, Email, Invite, InviteId, InviteStanding, InviteTerms, Joins, MailJob,
    MailKind, MailState, OrganisationId, RegistrationId, Role, Slug, Subject, Timestamp, User,
    VerificationToken, Work,
};
use crate::ports::{EntropyExt, InviteFilter, Page, PageRequest, StoreError};

pub use wish::InviteWish;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// A new invite, with what is told this once.
#[derive(Debug)]
pub struct NewInvite {
    /// The invite.
    pub invite: Invite,
    /// The secret of its link.
    pub token: VerificationToken,
    /// The organisation that it leads into.
    pub joined: Option<Joined>,
}

/// The organisation that an invite leads into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joined {
    /// Which; `None` for one that begins when the invite is accepted.
    pub id: Option<OrganisationId>,
    /// As its people write it.
    pub name: DisplayName,
    /// Where names are short.
    pub slug: Slug,
}

/// What who holds the link may know of an invite.
#[derive(Debug)]
pub struct InviteView {
    /// The invite.
    pub invite: Invite,
    /// Who made it, if that is a member.
    pub inviter: Option<User>,
    /// How it stands with it.
    pub standing: InviteStanding,
    /// The organisation that it leads into.
    pub joined: Option<Joined>,
}

/// An invite with what became of it.
#[derive(Debug)]
pub struct ListedInvite {
    /// The invite.
    pub invite: Invite,
    /// How it stands with it.
    pub standing: InviteStanding,
    /// What became of its mail; `None` where there was none, or so long ago that it is forgotten.
    pub mail: Option<MailState>,
    /// The organisation that it leads into.
    pub joined: Option<Joined>,
}

/// Which invites to list; all that is given has to hold.
#[derive(Clone, Copy, Debug, Default)]
pub struct InviteQuery {
    /// Only those that who asks has made.
    pub mine: bool,
    /// Their state.
    pub standing: Option<InviteStanding>,
}

impl People {
    /// Makes an invite, and mails it where it is for one address.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn invite(
        &self,
        acting: &Acting,
        wish: InviteWish,
    ) -> Result<NewInvite, PeopleError> {
        let terms = self.judge(acting, wish).await?;
        let now = self.world.now();
        let quota = self.quota(acting, &terms);
        if let (Some(most), Some(own)) = (quota, &acting.member)
            && self.brought_in(own, now).await?.len() >= most
        {
            return Err(enough());
        }
        self.must_be_mailable(acting, &terms, now).await?;
        let id = self.world.entropy.uuid_v7(now);
        let key = &self.world.key;
        let invite = Invite::issue(key, id, terms, now, now + self.policy.invite_ttl);
        let token = invite.token(key).ok_or(StoreError::Conflict)?;
        self.world.store.insert_invite(&invite).await?;
        // Of several at the same moment, each sees the others: none stays that is too many.
        if let (Some(most), Some(own)) = (quota, &acting.member)
            && self.brought_in(own, now).await?.len() > most
        {
            self.take_back(invite, acting.name()).await?;
            return Err(enough());
        }
        if let Some(to) = &invite.terms.email {
            let job = mail(&invite, to, self.world.entropy.uuid_v7(now), now);
            crate::registration::enqueue_verification(&self.world, job).await?;
        }
        let joined = self.joined(&invite).await?;
        let mut details = vec![
            ("role", invite.terms.role.as_str().to_owned()),
            ("uses", invite.terms.most_uses.to_string()),
        ];
        details.extend(joined.iter().map(|j| ("organization", j.slug.to_string())));
        self.note_invite(acting, Action::InviteCreated, &invite, details)
            .await?;
        Ok(NewInvite {
            invite,
            token,
            joined,
        })
    }

    /// Counts the mail of an invite: whoever may invite is not to mail the world by making invites and
    /// taking them back.
    async fn must_be_mailable(
        &self,
        acting: &Acting,
        terms: &InviteTerms,
        now: Timestamp,
    ) -> Result<(), PeopleError> {
        let (Some(_), Some(own)) = (&terms.email, &acting.member) else {
            return Ok(());
        };
        if own.role.is_at_least(Role::Operator) {
            return Ok(());
        }
        let key = format!("invite-mails:{}", own.id);
        let counted = self.world.store.count(&key, A_DAY, now).await?;
        if counted.count > self.policy.invite_mails_per_day {
            return Err(PeopleError::NotNow(
                "as many of your invites were mailed today as may be; invite on tomorrow, or make one without an address and pass its link on",
            ));
        }
        Ok(())
    }

    /// The invites of a member that count: those that were accepted, or may yet be.
    async fn brought_in(&self, own: &User, now: Timestamp) -> Result<Vec<Invite>, StoreError> {
        let mut counting = Vec::new();
        let mut after = None;
        loop {
            let page = PageRequest { limit: 100, after };
            let filter = InviteFilter::By(own.id);
            let found = self.world.store.list_invites(filter, &page).await?;
            counting.extend(found.items.into_iter().filter(|i| {
                i.terms.role == Role::ClientUser
                    && i.terms.joins.is_none()
                    && (!i.uses.is_empty() || i.is_usable(now))
            }));
            after = found.next;
            if after.is_none() {
                return Ok(counting);
            }
        }
    }

    /// The organisation that an invite leads into.
    pub(super) async fn joined(&self, invite: &Invite) -> Result<Option<Joined>, StoreError> {
        // One that has begun with the invite has its id.
        let (id, new) = match &invite.terms.joins {
            None => return Ok(None),
            Some(Joins::Existing { id }) => (*id, None),
            Some(Joins::New { name, slug }) => (
                OrganisationId::new(invite.id),
                Some(Joined {
                    id: None,
                    name: name.clone(),
                    slug: slug.clone(),
                }),
            ),
        };
        let found = self.world.store.organisation(id).await?;
        let found = found.map(|o| Joined {
            id: Some(o.id),
            name: o.name,
            slug: o.slug,
        });
        Ok(found.or(new))
    }

    /// What who holds the link may know. However often it is asked for, it spends nothing.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn invite_details(&self, token: &str) -> Result<InviteView, PeopleError> {
        let token = VerificationToken::parse(token).ok_or(PeopleError::NoInvite)?;
        let found = self.world.store.invite_by_token(&token.digest()).await?;
        let invite = found.ok_or(PeopleError::NoInvite)?;
        let inviter = match &invite.terms.inviter {
            Some(by) => self.world.store.user(by.id).await?,
            None => None,
        };
        Ok(InviteView {
            standing: invite.standing(self.world.now()),
            joined: self.joined(&invite).await?,
            invite,
            inviter,
        })
    }

    /// A page of invites, oldest first: all of them for operators and higher roles, one's own for
    /// others. One request looks at 2000 at most.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn invites(
        &self,
        acting: &Acting,
        query: InviteQuery,
        page: &PageRequest,
    ) -> Result<Page<ListedInvite>, StoreError> {
        let now = self.world.now();
        let own = acting.member.as_ref();
        let own = own.filter(|u| query.mine || !u.role.is_at_least(Role::Operator));
        let filter = own.map_or(InviteFilter::All, |u| InviteFilter::By(u.id));
        let found = scan(
            page,
            |i: &Invite| i.id,
            |i| query.standing.is_none_or(|s| s == i.standing(now)),
            |page| {
                let store = self.world.store.clone();
                async move { store.list_invites(filter, &page).await }
            },
        )
        .await?;
        let mut items = Vec::new();
        for invite in found.items {
            let mail = match &invite.terms.email {
                Some(_) => self.world.store.mail_by_key(&mail_key(invite.id)).await?,
                None => None,
            };
            items.push(ListedInvite {
                joined: self.joined(&invite).await?,
                standing: invite.standing(now),
                invite,
                mail: mail.map(|m| m.state),
            });
        }
        Ok(Page {
            items,
            next: found.next,
        })
    }

    /// Takes an invite back: one's own, or one to a role below one's own.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn revoke_invite(&self, acting: &Acting, id: InviteId) -> Result<(), PeopleError> {
        let found = self.world.store.invite(id).await?;
        let invite = found.ok_or(PeopleError::NoInvite)?;
        if let Some(user) = &acting.member {
            let inviter = invite.terms.inviter.as_ref();
            let is_own = inviter.is_some_and(|by| by.id == user.id);
            if !is_own && !user.role.is_at_least(Role::Operator) {
                return Err(PeopleError::NoInvite);
            }
            if !is_own && !acting.authority().is_above(invite.terms.role) {
                return Err(PeopleError::MayNot(
                    "you may only take back invites to roles below yours",
                ));
            }
        }
        if invite.revoked.is_some() {
            return Ok(());
        }
        let revoked = self.take_back(invite, acting.name()).await?;
        self.note_invite(acting, Action::InviteRevoked, &revoked, Vec::new())
            .await?;
        self.tell_of_revocation(acting, &revoked).await;
        Ok(())
    }

    async fn take_back(&self, mut invite: Invite, by: &str) -> Result<Invite, PeopleError> {
        for _ in 0..TRIES {
            let id = invite.id;
            if !invite.revoke(by, self.world.now()) {
                return Err(PeopleError::NotNow("this invite is used up"));
            }
            match self.world.store.update_invite(invite).await {
                Ok(invite) => return Ok(invite),
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
            let again = self.world.store.invite(id).await?;
            invite = again.ok_or(PeopleError::NoInvite)?;
        }
        Err(StoreError::Conflict.into())
    }

    async fn note_invite(
        &self,
        acting: &Acting,
        action: Action,
        invite: &Invite,
        details: Vec<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let subject = Subject::new("invite", invite.id, invite.name());
        let mut event = acting.by.event(action, subject);
        event.details = details;
        self.world.audit.record(event).await
    }
}

fn mail(invite: &Invite, to: &Email, id: crate::domain::MailId, now: Timestamp) -> MailJob {
    MailJob {
        id,
        version: 1,
        dedupe_key: mail_key(invite.id),
        kind: MailKind::Invite,
        to: to.clone(),
        registration: RegistrationId::new(invite.id),
        state: MailState::Queued,
        work: Work::due(now),
        created_at: now,
    }
}

fn mail_key(invite: InviteId) -> String {
    format!("invite:{invite}")
}

fn enough() -> PeopleError {
    PeopleError::NotNow("you have invited as many people as you may; revoke an open invite first")
}
