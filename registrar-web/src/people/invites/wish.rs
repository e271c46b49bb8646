use super::super::organisations::{OrganisationWish, judge_name, judge_slug};
use super::super::{Acting, People, PeopleError};
use crate::domain::{
    Authority, Email, FieldErrors, Invite, InviteNote, InviteTerms, Inviter, Joins, Role, Slug,
    User,
};
use crate::registration::name_refusal;

const UNKNOWN: &str = "there is no organization of this slug; give a name to begin one";

/// An invite as it is asked for, unjudged.
#[derive(Clone, Debug, Default)]
pub struct InviteWish {
    /// The one address that may register with it; it gets a mail.
    pub email: Option<String>,
    /// What it makes of who accepts.
    pub role: Option<String>,
    /// The organisation that it leads into: a new one by its name, or one that there is by its slug.
    pub organisation: Option<OrganisationWish>,
    /// A word to who gets it.
    pub message: Option<String>,
    /// How many may register with it.
    pub uses: Option<u32>,
}

impl People {
    pub(super) async fn judge(
        &self,
        acting: &Acting,
        wish: InviteWish,
    ) -> Result<InviteTerms, PeopleError> {
        let mut errors = FieldErrors::default();
        let told = |text: Option<String>| text.filter(|t| !t.trim().is_empty());
        let role = match wish.role.as_deref().map(Role::parse) {
            None => Some(Role::ClientUser),
            Some(None) => {
                let words = "write site_admin, operator, client_admin or client_user";
                errors.add("role", "unknown", words);
                None
            }
            Some(known) => known,
        };
        let email = told(wish.email).and_then(|text| match Email::parse(&text) {
            Ok(email) if email.domain().is_within(&self.policy.domain) => {
                let words = format!(
                    "give an address outside {}: nobody there has one before joining",
                    self.policy.domain.as_str()
                );
                errors.add("email", "own-domain", words);
                None
            }
            Ok(email) => Some(email),
            Err(e) => {
                errors.add("email", e.code(), e);
                None
            }
        });
        let note = told(wish.message).and_then(|text| match InviteNote::parse(&text) {
            Ok(note) => Some(note),
            Err(e) => {
                errors.add("message", e.code(), e);
                None
            }
        });
        let most_uses = wish.uses.unwrap_or(1);
        if !(1..=Invite::MOST_USES).contains(&most_uses) {
            let words = format!("write 1 to {}", Invite::MOST_USES);
            errors.add("uses", "out-of-range", words);
        }
        let is_wrong = |field: &str| errors.0.iter().any(|e| e.field == field);
        let is_for_role = role.is_some_and(|r| r != Role::ClientUser);
        if is_for_role && email.is_none() && !is_wrong("email") {
            let words = "an invite to this role is for one address: give it";
            errors.add("email", "required", words);
        }
        if most_uses > 1 && (email.is_some() || is_for_role) {
            let words = "an invite for one address, or to a role, is used once";
            errors.add("uses", "single", words);
        }
        let joins = match role {
            Some(role) => {
                self.may_give(acting, role)?;
                let organisation = wish.organisation.as_ref();
                self.judge_joins(acting, role, organisation, &mut errors)
                    .await?
            }
            None => None,
        };
        let Some(role) = role.filter(|_| errors.0.is_empty()) else {
            return Err(PeopleError::Fields(errors));
        };
        self.may_invite(acting, role, joins.as_ref(), most_uses)?;
        let inviter = acting.member.as_ref().map(|user| Inviter {
            id: user.id,
            username: user.username.clone(),
        });
        Ok(InviteTerms {
            inviter,
            role,
            joins,
            email,
            note,
            most_uses,
        })
    }

    /// Which organisation the invite leads into. Who runs one invites plain members into it, without
    /// naming it; who is to run one has to be told which, or how it is called.
    async fn judge_joins(
        &self,
        acting: &Acting,
        role: Role,
        wish: Option<&OrganisationWish>,
        errors: &mut FieldErrors,
    ) -> Result<Option<Joins>, PeopleError> {
        let told = |text: &Option<String>| text.clone().filter(|t| !t.trim().is_empty());
        let (name, slug) = match wish {
            Some(wish) => (told(&wish.name), told(&wish.slug)),
            None => (None, None),
        };
        let mut wrong = |field, code: &str, words: &str| {
            errors.add(field, code, words);
            Ok(None)
        };
        let own = match acting.authority().sight() {
            Ok(Some(own)) if role == Role::ClientUser => Some(own),
            _ => None,
        };
        match (role, name, slug) {
            (Role::ClientUser, None, None) => Ok(own.map(|id| Joins::Existing { id })),
            (Role::ClientAdmin, None, None) => wrong(
                "organization",
                "required",
                "say which organization they will run: the name of a new one, or the slug of one that there is",
            ),
            (Role::ClientUser, Some(_), _) => wrong(
                "organization.name",
                "client-admin-only",
                "a new organization begins with an invite to client_admin",
            ),
            (Role::ClientUser | Role::ClientAdmin, None, Some(slug)) => {
                let Ok(slug) = Slug::parse(&slug) else {
                    return wrong("organization.slug", "unknown", UNKNOWN);
                };
                match self.world.store.organisation_by_slug(&slug).await? {
                    Some(found) => Ok(Some(Joins::Existing { id: found.id })),
                    None => wrong("organization.slug", "unknown", UNKNOWN),
                }
            }
            (Role::ClientAdmin, Some(name), slug) => {
                let name = judge_name(&name, "organization.name", errors);
                let field = "organization.slug";
                let slug = judge_slug(slug.as_deref(), name.as_ref(), field, errors);
                let (Some(name), Some(slug)) = (name, slug) else {
                    return Ok(None);
                };
                if let Some(reason) = name_refusal(&self.world, slug.as_username()).await? {
                    errors.add(field, "not-available", reason);
                    return Ok(None);
                }
                Ok(Some(Joins::New { name, slug }))
            }
            (_, None, None) => Ok(None),
            _ => wrong(
                "organization",
                "other-role",
                "only people invited to client_admin or client_user join an organization",
            ),
        }
    }

    /// To which roles a member may invite people, highest first.
    #[must_use]
    pub fn may_invite_to(&self, user: &User) -> Vec<Role> {
        let may = |role: &Role| self.gives(user.authority(), *role);
        Role::ALL.into_iter().filter(may).collect()
    }

    /// Whether one may invite people to that role at all, into whatever organisation.
    fn gives(&self, who: Authority, role: Role) -> bool {
        let own = who.sight().ok().flatten();
        let own = own.map(|id| Joins::Existing { id });
        let may = |joins| self.policy.may_invite(who, role, joins);
        may(None) || own.as_ref().is_some_and(|own| may(Some(own)))
    }

    fn may_give(&self, acting: &Acting, role: Role) -> Result<(), PeopleError> {
        if self.gives(acting.authority(), role) {
            return Ok(());
        }
        Err(PeopleError::MayNot(
            "your role may not invite people to this role",
        ))
    }

    fn may_invite(
        &self,
        acting: &Acting,
        role: Role,
        joins: Option<&Joins>,
        uses: u32,
    ) -> Result<(), PeopleError> {
        let who = acting.authority();
        let Authority::Member { role: own, .. } = who else {
            return Ok(());
        };
        if !self.policy.may_invite(who, role, joins) {
            return Err(PeopleError::MayNot(
                "you may invite people only into the organization that you run",
            ));
        }
        if uses > 1 && !own.is_at_least(Role::Operator) {
            return Err(PeopleError::MayNot(
                "only operators and higher roles may make invites for several people",
            ));
        }
        Ok(())
    }

    /// How many people who asks may bring in; `None` for any number.
    pub(super) fn quota(&self, acting: &Acting, terms: &InviteTerms) -> Option<usize> {
        match acting.authority() {
            Authority::Member { role: own, .. }
                if terms.role == Role::ClientUser
                    && terms.joins.is_none()
                    && !own.is_at_least(Role::Operator) =>
            {
                Some(usize::try_from(self.policy.members_may_invite).unwrap_or(usize::MAX))
            }
            _ => None,
        }
    }
}
