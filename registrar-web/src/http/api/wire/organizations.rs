use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::people::PersonAnswer;
use crate::domain::{OnHost, Organisation};
use crate::people::{OrganisationChange, OrganisationView, OrganisationWish, preference_word};

/// An organization to begin, or to name.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrganizationBody {
    /// As its people write it, 1 to 64 characters.
    #[serde(default)]
    #[schema(example = "The Gardeners")]
    pub name: Option<String>,
    /// Its short name, and that of its group on the host, by the rule of user names; made of the name
    /// where it is left out.
    #[serde(default)]
    #[schema(example = "gardeners")]
    pub slug: Option<String>,
}

/// What is to be different in one's own organization; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OwnOrganizationBody {
    /// As its people write it, 1 to 64 characters.
    #[serde(default)]
    #[schema(example = "The Gardeners")]
    pub name: Option<String>,
    /// What a login of its members asks for after the password: `totp`, a code of their authenticator,
    /// or a mailed one for who has none; `email`, a mailed code; `none`, what each has chosen.
    #[serde(default)]
    #[schema(example = "totp")]
    pub two_factor: Option<String>,
}

/// What is to be different; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct OrganizationChangeBody {
    /// As its people write it, 1 to 64 characters.
    #[serde(default)]
    #[schema(example = "The Gardeners")]
    pub name: Option<String>,
    /// Its short name; it stays once the host has the group.
    #[serde(default)]
    #[schema(example = "gardeners")]
    pub slug: Option<String>,
    /// `none`, `totp` or `email`.
    #[serde(default)]
    #[schema(example = "totp")]
    pub two_factor: Option<String>,
}

/// Who is to be taken in.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct TakeInBody {
    /// Name of the account.
    #[schema(example = "ada")]
    pub username: String,
    /// `client_user` (default), or `client_admin`, who runs it.
    #[serde(default)]
    #[schema(example = "client_admin")]
    pub role: Option<String>,
}

/// An organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// As its people write it.
    #[schema(example = "The Gardeners")]
    pub name: String,
    /// Its short name, and that of its group on the host.
    #[schema(example = "gardeners")]
    pub slug: String,
    /// What a login of its members asks for after the password: `none` (what each has chosen),
    /// `totp` or `email`.
    #[schema(example = "none")]
    pub two_factor: &'static str,
    /// Whether the host has its group with its members: `in-step`, `due` (it is being brought there),
    /// or `failed` (the host refuses; it is asked again once a day, and when an admin says so).
    #[schema(example = "in-step")]
    pub host_state: &'static str,
    /// Why it is not in step, in the host's words.
    pub host_message: Option<String>,
    /// The directory on the host that its members share; `null` until there is one.
    #[schema(example = "/home/groups/gardeners")]
    pub directory: Option<String>,
    /// Members who are not in the group, as the host has no account of theirs that is in use.
    pub left_out: Vec<String>,
    /// When it began.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// An organization with those who run it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationDetail {
    /// As in the list.
    #[serde(flatten)]
    pub organization: OrganizationAnswer,
    /// Those of its members who are `client_admin`.
    pub admins: Vec<PersonAnswer>,
}

/// A page of organizations, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationPage {
    /// This page. It may have fewer than asked for before the last.
    pub items: Vec<OrganizationAnswer>,
    /// Give it as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl From<OrganizationBody> for OrganisationWish {
    fn from(body: OrganizationBody) -> Self {
        Self {
            name: body.name,
            slug: body.slug,
        }
    }
}

impl From<OwnOrganizationBody> for OrganisationChange {
    fn from(body: OwnOrganizationBody) -> Self {
        Self {
            name: body.name,
            slug: None,
            two_factor: body.two_factor,
        }
    }
}

impl From<OrganizationChangeBody> for OrganisationChange {
    fn from(body: OrganizationChangeBody) -> Self {
        Self {
            name: body.name,
            slug: body.slug,
            two_factor: body.two_factor,
        }
    }
}

impl From<&Organisation> for OrganizationAnswer {
    fn from(o: &Organisation) -> Self {
        let (host_state, host_message) = match &o.group.host {
            OnHost::InStep => ("in-step", None),
            OnHost::Due => ("due", o.work.last_error.clone()),
            OnHost::Refused { reason, .. } => ("failed", Some(reason.clone())),
        };
        let left_out = o.group.left_out.iter();
        Self {
            id: o.id.to_string(),
            name: o.name.to_string(),
            slug: o.slug.to_string(),
            two_factor: preference_word(o),
            host_state,
            host_message,
            directory: o.group.directory.clone(),
            left_out: left_out.map(ToString::to_string).collect(),
            created_at: o.created_at,
        }
    }
}

impl From<&OrganisationView> for OrganizationDetail {
    fn from(view: &OrganisationView) -> Self {
        Self {
            organization: (&view.organisation).into(),
            admins: view.admins.iter().map(Into::into).collect(),
        }
    }
}
