use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::{Decision, Profile, Role, User, UserState};
use crate::ports::Page;

/// What a member tells. A field that is left out is emptied, but for `displayName`, which then
/// stays. Unknown fields are refused.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `ProfileForm`, which reads it")]
pub(crate) struct ProfileBody {
    /// How the person wants to be called, 1 to 64 characters. The host keeps the name that it has.
    #[schema(example = "Ada Lovelace")]
    display_name: Option<String>,
    /// Given name, at most 64 characters.
    #[schema(example = "Ada")]
    first_name: Option<String>,
    /// Family name, at most 64 characters.
    last_name: Option<String>,
    /// ISO 3166-1, two letters.
    #[schema(example = "GB")]
    country: Option<String>,
    /// A date as 1815-12-10; the setting `registration.minimum_age` says how long ago at least.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// A number or a text, kept as written.
    #[schema(value_type = Option<String>)]
    sim_frequency: Option<String>,
    /// About the person, at most 2000 characters.
    bio: Option<String>,
    /// At most 10 addresses: https, http, gemini or gopher.
    #[schema(required = false, example = json!(["https://ada.example/"]))]
    links: Vec<String>,
}

/// What a member tells.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileFields {
    /// Given name.
    pub first_name: Option<String>,
    /// Family name.
    pub last_name: Option<String>,
    /// ISO 3166-1, two letters.
    pub country: Option<String>,
    /// A date.
    #[schema(format = Date)]
    pub birth_date: Option<String>,
    /// As written.
    pub sim_frequency: Option<String>,
    /// About the person.
    pub bio: Option<String>,
    /// Where else the person is.
    pub links: Vec<String>,
}

/// One's own profile.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProfileAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// Name of the account.
    #[schema(example = "ada")]
    pub username: String,
    /// As the person wrote it.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// Where mail about the account goes.
    pub email: String,
    /// The id of the organization; `null` for who has none. `/api/organization` tells more.
    pub organization: Option<String>,
    /// What the person tells.
    #[serde(flatten)]
    pub told: ProfileFields,
}

/// A member, as admins see them in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// Name of the account.
    #[schema(example = "ada")]
    pub username: String,
    /// As the person wrote it.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
    /// Where mail about the account goes.
    pub email: String,
    /// Whether the address is verified.
    pub email_verified: bool,
    /// `super_admin`, `site_admin`, `operator`, `client_admin` or `client_user`.
    #[schema(value_type = String, example = "client_user")]
    pub role: Role,
    /// The id of the organization; `null` for who has none.
    pub organization: Option<String>,
    /// `pending`, `active`, `suspended` or `deleted`.
    #[schema(value_type = String, example = "active")]
    pub state: UserState,
    /// When the entry in the directory was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When the member was last let in.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_login_at: Option<Timestamp>,
    /// What an admin still has to do on the host: `suspend`, `resume` or `archive`; `null` when it
    /// agrees with the directory.
    #[schema(example = "suspend")]
    pub host_follow_up: Option<&'static str>,
}

/// All of a member.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberDetail {
    /// As in the list.
    #[serde(flatten)]
    pub member: MemberAnswer,
    /// What the person tells.
    pub profile: ProfileFields,
    /// Whose invite brought the member in.
    pub sponsor: Option<PersonAnswer>,
    /// Why the account is suspended; only while it is.
    pub suspension: Option<DecisionAnswer>,
    /// When it was deleted; only while it is.
    pub deletion: Option<DecisionAnswer>,
    /// When all that is personal is taken out of a deleted account; until then it can be resumed.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub anonymised_from: Option<Timestamp>,
    /// When that was done.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub anonymised_at: Option<Timestamp>,
}

/// A member, by name.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// Name of the account.
    #[schema(example = "grace")]
    pub username: String,
}

/// What was decided about an account.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DecisionAnswer {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The name of who did.
    pub by: String,
    /// In their words.
    pub reason: Option<String>,
}

/// A page of members, in the order in which they joined.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MemberPage {
    /// This page. It may have fewer than asked for before the last.
    pub items: Vec<MemberAnswer>,
    /// Give it as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Why an account is suspended.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct SuspendBody {
    /// For other admins; 1 to 500 characters.
    #[schema(example = "Sends unsolicited mail.")]
    pub reason: String,
}

/// Another role.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// `super_admin`, `site_admin`, `operator`, `client_admin` or `client_user`.
    #[schema(example = "operator")]
    pub role: String,
}

/// Shows that it is one's own account.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct DeleteBody {
    /// One's password; only for one's own account.
    #[serde(default)]
    #[schema(format = Password)]
    pub password: Option<String>,
}

impl From<&Profile> for ProfileFields {
    fn from(told: &Profile) -> Self {
        let name = |n: &crate::domain::PersonName| n.as_str().to_owned();
        Self {
            first_name: told.first_name.as_ref().map(name),
            last_name: told.last_name.as_ref().map(name),
            country: told.country.as_ref().map(|c| c.as_str().to_owned()),
            birth_date: told.birth_date.map(|d| d.to_string()),
            sim_frequency: told.sim_frequency.clone(),
            bio: told.bio.as_ref().map(|b| b.as_str().to_owned()),
            links: told.links.iter().map(|l| l.as_str().to_owned()).collect(),
        }
    }
}

impl From<&User> for ProfileAnswer {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
            display_name: user.display_name.to_string(),
            email: user.email.to_string(),
            organization: user.organisation.map(|id| id.to_string()),
            told: (&user.profile).into(),
        }
    }
}

impl From<&User> for MemberAnswer {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
            display_name: user.display_name.to_string(),
            email: user.email.to_string(),
            email_verified: user.email_proven,
            role: user.role,
            organization: user.organisation.map(|id| id.to_string()),
            state: user.state,
            created_at: user.created_at,
            last_login_at: user.access.last_login_at,
            host_follow_up: user.standing.host_follow_up.map(|f| f.as_str()),
        }
    }
}

impl From<&Page<User>> for MemberPage {
    fn from(page: &Page<User>) -> Self {
        Self {
            items: page.items.iter().map(Into::into).collect(),
            next_cursor: page.next.map(|id| id.to_string()),
        }
    }
}

impl From<&User> for PersonAnswer {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            username: user.username.to_string(),
        }
    }
}

impl From<&Decision> for DecisionAnswer {
    fn from(decision: &Decision) -> Self {
        Self {
            at: decision.at,
            by: decision.by.clone(),
            reason: decision.reason.clone(),
        }
    }
}

impl MemberDetail {
    pub(crate) fn of(user: &User, sponsor: Option<&User>, grace: SignedDuration) -> Self {
        let standing = &user.standing;
        Self {
            member: user.into(),
            profile: (&user.profile).into(),
            sponsor: sponsor.map(Into::into),
            suspension: standing.suspended.as_ref().map(Into::into),
            deletion: standing.deleted.as_ref().map(Into::into),
            anonymised_from: user.anonymised_from(grace),
            anonymised_at: standing.anonymised_at,
        }
    }
}
