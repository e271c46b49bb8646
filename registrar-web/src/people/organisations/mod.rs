//! Organisations, for those who belong to one, who run one, or run the community.

mod belonging;

use super::scan::{SearchText, scan};
use super::{Acting, People, PeopleError};
use crate::audit::By;
use crate::domain::{
    Action, DisplayName, FactorMethod, FieldErrors, Organisation, OrganisationId, Role, Slug,
    Subject, User,
};
use crate::ports::{EntropyExt, Page, PageRequest, StoreError, Unique, UserFilter};
use crate::registration::name_refusal;

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;
/// As many admins of an organisation are named.
const ADMINS: usize = 100;

/// What an organisation is to be called, unjudged.
#[derive(Clone, Debug, Default)]
pub struct OrganisationWish {
    /// As its people write it.
    pub name: Option<String>,
    /// Where names are short; made of the name where it is left out.
    pub slug: Option<String>,
}

/// What is to be different, unjudged; the rest stays.
#[derive(Clone, Debug, Default)]
pub struct OrganisationChange {
    /// As its people write it.
    pub name: Option<String>,
    /// Where names are short; for operators and higher roles, while the host has no group.
    pub slug: Option<String>,
    /// `none`, `totp` or `email`.
    pub two_factor: Option<String>,
}

/// An organisation with those who run it.
#[derive(Debug)]
pub struct OrganisationView {
    /// The organisation.
    pub organisation: Organisation,
    /// Its members who are `client_admin`; none in a list.
    pub admins: Vec<User>,
}

/// The words of a preference.
const TWO_FACTOR: &str = "write none, totp or email";

fn preference(word: &str) -> Option<Option<FactorMethod>> {
    match word {
        "none" => Some(None),
        "totp" => Some(Some(FactorMethod::Totp)),
        "email" => Some(Some(FactorMethod::Email)),
        _ => None,
    }
}

/// Judges a name; what is wrong with it is added under that field.
pub(super) fn judge_name(
    text: &str,
    field: &'static str,
    errors: &mut FieldErrors,
) -> Option<DisplayName> {
    match DisplayName::parse(text) {
        Ok(name) => Some(name),
        Err(e) => {
            let words = e.to_string().replace("a display name", "a name");
            errors.add(field, e.code(), words);
            None
        }
    }
}

/// Judges a slug, or makes one of the name where none is given.
pub(super) fn judge_slug(
    text: Option<&str>,
    name: Option<&DisplayName>,
    field: &'static str,
    errors: &mut FieldErrors,
) -> Option<Slug> {
    match text.map(Slug::parse) {
        Some(Ok(slug)) => Some(slug),
        Some(Err(e)) => {
            errors.add(field, e.code(), e);
            None
        }
        None => {
            let made = Slug::of_name(name?.as_str());
            if made.is_none() {
                let words = "no short name can be made of this name: give one, such as gardeners";
                errors.add(field, "required", words);
            }
            made
        }
    }
}

impl People {
    /// The organisation of a member.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn own_organisation(&self, acting: &Acting) -> Result<Organisation, PeopleError> {
        let own = acting.member.as_ref().and_then(|user| user.organisation);
        self.organisation(own.ok_or(PeopleError::InNoOrganisation)?)
            .await
    }

    /// An organisation.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn organisation(&self, id: OrganisationId) -> Result<Organisation, PeopleError> {
        let found = self.world.store.organisation(id).await?;
        found.ok_or(PeopleError::NoOrganisation)
    }

    /// An organisation, by its id or its slug.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn organisation_called(&self, text: &str) -> Result<Organisation, PeopleError> {
        if let Ok(slug) = Slug::parse(text)
            && let Some(found) = self.world.store.organisation_by_slug(&slug).await?
        {
            return Ok(found);
        }
        let id = OrganisationId::parse(text);
        self.organisation(id.ok_or(PeopleError::NoOrganisation)?)
            .await
    }

    /// The same with those who run it.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn with_admins(
        &self,
        organisation: Organisation,
    ) -> Result<OrganisationView, StoreError> {
        let filter = UserFilter::Of(organisation.id);
        let page = PageRequest {
            limit: ADMINS,
            after: None,
        };
        let runs_it = |user: &User| user.role == Role::ClientAdmin && user.is_let_in();
        let found = scan(
            &page,
            |u: &User| u.id.uuid(),
            runs_it,
            |page| {
                let store = self.world.store.clone();
                async move { store.list_users(filter, &page).await }
            },
        );
        Ok(OrganisationView {
            admins: found.await?.items,
            organisation,
        })
    }

    /// A page of organisations, oldest first. One request looks at 2000 at most.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn organisations(
        &self,
        text: Option<&SearchText>,
        page: &PageRequest,
    ) -> Result<Page<Organisation>, StoreError> {
        scan(
            page,
            |o: &Organisation| o.id.uuid(),
            |o| text.is_none_or(|t| t.is_in_text(o.name.as_str()) || t.is_in_text(o.slug.as_str())),
            |page| {
                let store = self.world.store.clone();
                async move { store.list_organisations(&page).await }
            },
        )
        .await
    }

    /// Begins an organisation, without members.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn begin_organisation(
        &self,
        by: &By,
        wish: OrganisationWish,
    ) -> Result<Organisation, PeopleError> {
        let mut errors = FieldErrors::default();
        let name = wish.name.unwrap_or_default();
        let name = judge_name(&name, "name", &mut errors);
        let slug = judge_slug(wish.slug.as_deref(), name.as_ref(), "slug", &mut errors);
        let (Some(name), Some(slug)) = (name, slug) else {
            return Err(PeopleError::Fields(errors));
        };
        self.must_be_free(&slug, "slug").await?;
        let now = self.world.now();
        let id = OrganisationId::new(self.world.entropy.uuid_v7(now));
        let new = Organisation::new(id, name, slug, now);
        match self.world.store.insert_organisation(&new).await {
            Ok(()) => {}
            Err(StoreError::Duplicate(Unique::Slug)) => return Err(taken("slug")),
            Err(e) => return Err(e.into()),
        }
        let details = vec![("name", new.name.to_string())];
        self.note_organisation(by, Action::OrganisationCreated, &new, details)
            .await?;
        Ok(new)
    }

    pub(super) async fn must_be_free(
        &self,
        slug: &Slug,
        field: &'static str,
    ) -> Result<(), PeopleError> {
        match name_refusal(&self.world, slug.as_username()).await? {
            None => Ok(()),
            Some(reason) => Err(PeopleError::field(field, "not-available", reason)),
        }
    }

    /// Changes what it is called and what it prefers.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn change_organisation(
        &self,
        acting: &Acting,
        id: OrganisationId,
        change: OrganisationChange,
    ) -> Result<Organisation, PeopleError> {
        self.must_run(acting, id)?;
        let mut errors = FieldErrors::default();
        let name = change.name.as_deref();
        let name = name.and_then(|text| judge_name(text, "name", &mut errors));
        let slug = change.slug.as_deref();
        let slug = slug.and_then(|text| judge_slug(Some(text), None, "slug", &mut errors));
        let two_factor = change.two_factor.as_deref().and_then(|word| {
            let preference = preference(word);
            if preference.is_none() {
                errors.add("twoFactor", "unknown", TWO_FACTOR);
            }
            preference
        });
        if !errors.0.is_empty() {
            return Err(PeopleError::Fields(errors));
        }
        if let Some(slug) = &slug
            && self.organisation(id).await?.slug != *slug
        {
            self.must_be_free(slug, "slug").await?;
        }
        for _ in 0..TRIES {
            let mut organisation = self.organisation(id).await?;
            let now = self.world.now();
            let mut changed = Vec::new();
            if let Some(name) = name.clone().filter(|n| *n != organisation.name) {
                organisation.name = name;
                changed.push("name");
            }
            if let Some(slug) = slug.clone() {
                let is_other = organisation.set_slug(slug, now);
                let stays = |e| PeopleError::field("slug", "stays", e);
                if is_other.map_err(stays)? {
                    changed.push("slug");
                }
            }
            if let Some(preference) = two_factor
                && organisation.prefer(preference, now)
            {
                changed.push("twoFactor");
            }
            if changed.is_empty() {
                return Ok(organisation);
            }
            match self.world.store.update_organisation(organisation).await {
                Ok(changed_to) => {
                    let mut details = vec![("fields", changed.join(" "))];
                    if changed.contains(&"twoFactor") {
                        details.push(("twoFactor", preference_word(&changed_to).to_owned()));
                    }
                    let action = Action::OrganisationChanged;
                    self.note_organisation(&acting.by, action, &changed_to, details)
                        .await?;
                    return Ok(changed_to);
                }
                Err(StoreError::Conflict) => {}
                Err(StoreError::Duplicate(Unique::Slug)) => return Err(taken("slug")),
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Has the host asked again at once for the group and its members.
    ///
    /// # Errors
    /// See [`PeopleError`].
    pub async fn retry_group(
        &self,
        acting: &Acting,
        id: OrganisationId,
    ) -> Result<Organisation, PeopleError> {
        self.must_run(acting, id)?;
        for _ in 0..TRIES {
            let mut organisation = self.organisation(id).await?;
            organisation.retry_group(self.world.now());
            match self.world.store.update_organisation(organisation).await {
                Ok(organisation) => {
                    let action = Action::OrganisationRetried;
                    self.note_organisation(&acting.by, action, &organisation, Vec::new())
                        .await?;
                    return Ok(organisation);
                }
                Err(StoreError::Conflict) => {}
                Err(e) => return Err(e.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Who may not run an organisation is told of none that is not theirs.
    fn must_run(&self, acting: &Acting, id: OrganisationId) -> Result<(), PeopleError> {
        if acting.authority().may_run(id) {
            return Ok(());
        }
        let own = acting.member.as_ref().and_then(|user| user.organisation);
        Err(if own == Some(id) {
            PeopleError::MayNot("only the admins of your organisation may do this")
        } else {
            PeopleError::NoOrganisation
        })
    }

    async fn note_organisation(
        &self,
        by: &By,
        action: Action,
        organisation: &Organisation,
        details: Vec<(&'static str, String)>,
    ) -> Result<(), StoreError> {
        let mut event = by.event(action, Subject::organisation(organisation));
        event.details = details;
        self.world.audit.record(event).await
    }
}

/// The word of an organisation's preference.
#[must_use]
pub fn preference_word(organisation: &Organisation) -> &'static str {
    organisation.two_factor.map_or("none", FactorMethod::as_str)
}

fn taken(field: &'static str) -> PeopleError {
    let words = "an organisation has it; choose another one";
    PeopleError::field(field, "not-available", words)
}
