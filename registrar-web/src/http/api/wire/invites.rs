use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::organizations::OrganizationBody;
use super::people::PersonAnswer;
use crate::domain::{MailState, Role};
use crate::people::{InviteView, InviteWish, Joined, ListedInvite};

/// An invite to be made. Without a body it is for one plain member, whoever has the link.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InviteBody {
    /// The one address that may register with it; a mail goes there. Needed for roles above
    /// `client_user`.
    #[serde(default)]
    #[schema(example = "grace@example.org")]
    pub email: Option<String>,
    /// What it makes of who accepts: `site_admin`, `operator`, `client_admin` or `client_user`
    /// (default). Which of them one may invite to, the setting `roles.may_invite` says.
    #[serde(default)]
    #[schema(example = "operator")]
    pub role: Option<String>,
    /// The organization that it leads into. For `client_admin` a new one by its `name` (and `slug`),
    /// which begins when the invite is accepted, or one that there is by its `slug` alone. Who runs an
    /// organization invites into it without naming it.
    #[serde(default)]
    pub organization: Option<OrganizationBody>,
    /// A word to who gets it, at most 500 characters, without links.
    #[serde(default)]
    pub message: Option<String>,
    /// How many may register with it, 1 (default) to 200; more than one only for plain members, from
    /// operators and higher roles.
    #[serde(default)]
    pub uses: Option<u32>,
}

/// A new invite. The token is told this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewInvite {
    /// `UUIDv7`.
    pub id: String,
    /// The secret of the link.
    pub token: String,
    /// The link to pass on.
    #[schema(example = "https://tilde.example/signup?invite=…")]
    pub url: String,
    /// What it makes of who accepts.
    #[schema(value_type = String, example = "client_user")]
    pub role: Role,
    /// The organization that it leads into.
    pub organization: Option<InviteOrganization>,
    /// The one address that may register with it; a mail goes there.
    pub email: Option<String>,
    /// How many may register with it.
    pub max_uses: u32,
    /// After this time it can't be used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// What who holds the link may know of an invite.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteDetails {
    /// `open`, `claimed` (someone is registering with it), `used`, `revoked` or `expired`.
    #[schema(example = "open")]
    pub state: &'static str,
    /// What it makes of who accepts.
    #[schema(value_type = String, example = "client_user")]
    pub role: Role,
    /// The organization that it leads into.
    pub organization: Option<InviteOrganization>,
    /// The address that may register with it, all but its first letter and its domain hidden; `null`
    /// where anyone may.
    #[schema(example = "g…@example.org")]
    pub email: Option<String>,
    /// A word from who made it.
    pub message: Option<String>,
    /// Who made it; `null` for the admins of the host.
    pub inviter: Option<InviterAnswer>,
    /// What the community calls itself.
    pub community: String,
    /// After this time it can't be used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
}

/// Who made an invite.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviterAnswer {
    /// Name of the account.
    #[schema(example = "ada")]
    pub username: String,
    /// As the person wrote it.
    #[schema(example = "Ada Lovelace")]
    pub display_name: String,
}

/// An invite, for who made it and for admins.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteAnswer {
    /// `UUIDv7`.
    pub id: String,
    /// `open`, `claimed`, `used`, `revoked` or `expired`.
    #[schema(example = "open")]
    pub state: &'static str,
    /// What it makes of who accepts.
    #[schema(value_type = String, example = "client_user")]
    pub role: Role,
    /// The organization that it leads into.
    pub organization: Option<InviteOrganization>,
    /// The one address that may register with it.
    pub email: Option<String>,
    /// What became of its mail: `queued`, `sent` or `failed`; `null` where there was none, or so long
    /// ago that it is forgotten.
    pub mail: Option<&'static str>,
    /// A word to who gets it.
    pub message: Option<String>,
    /// Who made it; `null` for the admins of the host.
    pub inviter: Option<PersonAnswer>,
    /// How many may register with it.
    pub max_uses: u32,
    /// Who has joined by it.
    pub accepted_by: Vec<PersonAnswer>,
    /// How many are registering with it right now.
    pub under_way: usize,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// After this time it can't be used.
    #[schema(value_type = String, format = DateTime)]
    pub expires_at: Timestamp,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// By whom.
    pub revoked_by: Option<String>,
}

/// The organization that an invite leads into.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InviteOrganization {
    /// `UUIDv7`; `null` for one that begins when the invite is accepted.
    pub id: Option<String>,
    /// As its people write it.
    #[schema(example = "The Gardeners")]
    pub name: String,
    /// Its short name. One that begins gets a number behind it, if the name is taken by then.
    #[schema(example = "gardeners")]
    pub slug: String,
}

/// A page of invites, oldest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InvitePage {
    /// This page. It may have fewer than asked for before the last.
    pub items: Vec<InviteAnswer>,
    /// Give it as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A sign-up with an invite. Unknown fields are refused.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[allow(dead_code, reason = "describes `SignupForm`, which reads it")]
pub(crate) struct AcceptInvite {
    /// The secret of the invite's link.
    token: String,
    /// As in `SignUp`, like all that follows.
    #[schema(example = "grace")]
    username: String,
    /// How the person wants to be called; the username when left out.
    #[schema(required = false, example = "Grace Hopper")]
    display_name: String,
    /// The address of the invite, where it is for one.
    #[schema(example = "grace@example.org")]
    personal_email: String,
    /// Left out where accounts are entered by key alone.
    #[schema(required = false, format = Password, example = "plum gravel sunday kite")]
    password: String,
    /// OpenSSH public keys, one a line.
    #[schema(required = false)]
    ssh_keys: Vec<String>,
    /// Given name.
    first_name: Option<String>,
    /// Family name.
    last_name: Option<String>,
    /// ISO 3166-1, two letters.
    country: Option<String>,
    /// A date.
    #[schema(format = Date)]
    birth_date: Option<String>,
    /// Why they want to join; for reviewers.
    reason: Option<String>,
    /// A number or a text.
    #[schema(value_type = Option<String>)]
    sim_frequency: Option<String>,
}

impl From<InviteBody> for InviteWish {
    fn from(body: InviteBody) -> Self {
        Self {
            email: body.email,
            role: body.role,
            organisation: body.organization.map(Into::into),
            message: body.message,
            uses: body.uses,
        }
    }
}

impl InviteDetails {
    pub(crate) fn of(view: &InviteView, community: &str) -> Self {
        let terms = &view.invite.terms;
        Self {
            state: view.standing.as_str(),
            role: terms.role,
            organization: view.joined.as_ref().map(Into::into),
            email: terms.email.as_ref().map(|e| hidden(&e.to_string())),
            message: terms.note.as_ref().map(|n| n.as_str().to_owned()),
            inviter: view.inviter.as_ref().map(|user| InviterAnswer {
                username: user.username.to_string(),
                display_name: user.display_name.to_string(),
            }),
            community: community.to_owned(),
            expires_at: view.invite.expires_at,
        }
    }
}

/// Enough of an address for its owner to know it, and for nobody else to write to it.
pub(crate) fn hidden(email: &str) -> String {
    let (local, domain) = email.split_once('@').unwrap_or_default();
    let first: String = local.chars().take(1).collect();
    format!("{first}…@{domain}")
}

impl From<&Joined> for InviteOrganization {
    fn from(joined: &Joined) -> Self {
        Self {
            id: joined.id.map(|id| id.to_string()),
            name: joined.name.to_string(),
            slug: joined.slug.to_string(),
        }
    }
}

impl From<&ListedInvite> for InviteAnswer {
    fn from(listed: &ListedInvite) -> Self {
        let invite = &listed.invite;
        let terms = &invite.terms;
        let done = invite.uses.iter().filter(|u| u.done);
        Self {
            id: invite.id.to_string(),
            state: listed.standing.as_str(),
            role: terms.role,
            organization: listed.joined.as_ref().map(Into::into),
            email: terms.email.as_ref().map(ToString::to_string),
            mail: listed.mail.as_ref().map(|state| match state {
                MailState::Queued => "queued",
                MailState::Sent { .. } => "sent",
                MailState::Failed { .. } => "failed",
            }),
            message: terms.note.as_ref().map(|n| n.as_str().to_owned()),
            inviter: terms.inviter.as_ref().map(|by| PersonAnswer {
                id: by.id.to_string(),
                username: by.username.to_string(),
            }),
            max_uses: terms.most_uses,
            under_way: invite.uses.len() - done.clone().count(),
            accepted_by: done
                .map(|u| PersonAnswer {
                    id: u.registration.to_string(),
                    username: u.username.to_string(),
                })
                .collect(),
            created_at: invite.created_at,
            expires_at: invite.expires_at,
            revoked_at: invite.revoked.as_ref().map(|r| r.at),
            revoked_by: invite.revoked.as_ref().map(|r| r.by.clone()),
        }
    }
}
