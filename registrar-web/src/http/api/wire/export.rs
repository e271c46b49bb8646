//! One's own data, as a file.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::auth::SessionAnswer;
use super::credentials::{CredentialsAnswer, KeyAnswer};
use super::factor::FactorAnswer;
use super::invites::InviteAnswer;
use super::people::MemberDetail;
use super::review::QuestionAnswer;
use crate::domain::{Actor, AuditEntry, Organisation, Passed, Registration, Session, UserId};
use crate::http::live::wire::NotificationAnswer;
use crate::people::Export;
use crate::text::Language;

/// All that the service knows of a member, without secrets.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserData {
    /// When this was put together.
    #[schema(value_type = String, format = DateTime)]
    pub exported_at: Timestamp,
    /// The member.
    pub account: MemberDetail,
    /// Whether a password is kept, as a hash.
    pub has_password: bool,
    /// When password and keys were changed, and whether the host has them so.
    pub credentials: CredentialsAnswer,
    /// Public keys, as they are installed.
    pub ssh_keys: Vec<String>,
    /// The same keys: what the member calls them, and when they were added.
    pub ssh_key_details: Vec<KeyAnswer>,
    /// What logins ask for after the password.
    pub second_factor: FactorAnswer,
    /// The organization that the member belongs to.
    pub organization: Option<OrganizationData>,
    /// How the account came about.
    pub registration: Option<RegistrationData>,
    /// Where the member is logged in.
    pub sessions: Vec<SessionAnswer>,
    /// The invites that the member made.
    pub invites: Vec<InviteAnswer>,
    /// What the member was told, of the last 30 days, newest first.
    pub notifications: Vec<NotificationAnswer>,
    /// What the member did, and what was done to the account; at most 2000 of each.
    pub events: Vec<EventData>,
}

/// How an account came about.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RegistrationData {
    /// When the form was sent.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The last status.
    pub status: &'static str,
    /// Why the person wanted to join.
    pub reason: Option<String>,
    /// What the reviewers asked, and what the person answered.
    pub questions: Vec<QuestionAnswer>,
    /// When each status was reached.
    #[schema(value_type = Vec<Object>)]
    pub history: Vec<Passed>,
}

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EventData {
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was done.
    #[schema(example = "profile-changed")]
    pub action: String,
    /// By whom.
    pub by: String,
    /// From where, of what the member did.
    pub address: Option<String>,
    /// More of it.
    #[schema(value_type = Object)]
    pub details: BTreeMap<String, String>,
}

/// The organization that a member belongs to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrganizationData {
    /// `UUIDv7`.
    pub id: String,
    /// As its people write it.
    #[schema(example = "The Gardeners")]
    pub name: String,
    /// Its short name, and that of its group on the host.
    #[schema(example = "gardeners")]
    pub slug: String,
}

impl UserData {
    pub(crate) fn of(data: Export, own: &Session, grace: SignedDuration, now: Timestamp) -> Self {
        let user = &data.user;
        let keys = user.ssh_keys.iter();
        let notices = data.notifications.iter();
        Self {
            exported_at: now,
            account: MemberDetail::of(user, data.sponsor.as_ref(), grace),
            has_password: user.password_hash.is_some(),
            credentials: user.into(),
            ssh_keys: keys.clone().map(|k| k.key.as_line().to_owned()).collect(),
            ssh_key_details: keys.map(|k| KeyAnswer::of(k, user)).collect(),
            second_factor: data.second_factor.into(),
            organization: data.organisation.as_ref().map(Into::into),
            registration: data.registration.map(Into::into),
            sessions: data
                .sessions
                .iter()
                .map(|s| SessionAnswer::of(s, own))
                .collect(),
            invites: data.invites.iter().map(InviteAnswer::from).collect(),
            notifications: notices
                .map(|event| NotificationAnswer::of(event, Language::English))
                .collect(),
            events: data
                .audit
                .into_iter()
                .map(|entry| EventData::of(entry, user.id))
                .collect(),
        }
    }
}

impl From<&Organisation> for OrganizationData {
    fn from(organisation: &Organisation) -> Self {
        Self {
            id: organisation.id.to_string(),
            name: organisation.name.to_string(),
            slug: organisation.slug.to_string(),
        }
    }
}

impl From<Registration> for RegistrationData {
    fn from(r: Registration) -> Self {
        let questions = r.case.questions.iter().cloned();
        Self {
            created_at: r.created_at,
            status: r.status().as_str(),
            reason: r.profile.reason.clone(),
            questions: questions.map(QuestionAnswer::for_applicant).collect(),
            history: r.history,
        }
    }
}

impl EventData {
    /// An entry, for that member.
    fn of(entry: AuditEntry, own: UserId) -> Self {
        let is_own = matches!(entry.actor, Actor::Member { id, .. } if id == own);
        Self {
            at: entry.at,
            action: entry.action.as_str(),
            by: entry.actor.name().to_owned(),
            // Where an admin sits is not the member's own data.
            address: entry.address.filter(|_| is_own),
            details: entry.details,
        }
    }
}
