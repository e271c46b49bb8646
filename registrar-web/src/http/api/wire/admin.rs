use std::collections::BTreeMap;

use jiff::Timestamp;
use provision_api::HealthReply;
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::Checked;
use crate::domain::{Actor, AuditEntry, Subject};
use crate::ports::StoreCounts;

/// An entry of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditLine {
    /// 1 for the first one; no number is left out.
    pub number: u64,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// What was done.
    #[schema(example = "registration-approved")]
    pub action: String,
    /// Who did it: `kind` (`member`, `admin`, `visitor`, `service`), and its `name` and `id`.
    #[schema(value_type = Object)]
    pub actor: Actor,
    /// To whom or what: `kind`, `id`, `name`.
    #[schema(value_type = Option<Object>)]
    pub subject: Option<Subject>,
    /// From where: an IPv4 address, the /64 of an IPv6 one, or the name of a socket.
    pub address: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// More of it.
    pub details: BTreeMap<String, String>,
    /// SHA-256 of the entry, in hexadecimal.
    pub hash: String,
    /// The hash of the entry before.
    pub previous: String,
}

/// A page of the audit log, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditPage {
    /// This page.
    pub items: Vec<AuditLine>,
    /// Give it as `cursor` for the next page; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// Whether the audit log is whole, as far as it was looked at.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AuditCheck {
    /// How many entries were looked at.
    pub checked: u64,
    /// Whether they are as they were written, with none missing between them.
    pub whole: bool,
    /// The newest place where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
    /// Give it as `cursor` to go on; missing at the end, or where the log is broken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// How the site is.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Stats {
    /// Of the service.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
    /// All checks are good.
    pub ready: bool,
    /// As in `/health/ready`, with the reasons.
    pub checks: Vec<StatsCheck>,
    /// What the store has.
    pub counts: Counts,
    /// What provisiond says of itself; `null` when it can't be asked.
    pub host: Option<HostStats>,
}

/// One thing that the service needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct StatsCheck {
    /// Which.
    #[schema(example = "store")]
    pub name: &'static str,
    /// It is good.
    pub ok: bool,
    /// In words.
    pub message: String,
}

/// How many the store has.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    /// Registrations under way.
    pub registrations_running: u64,
    /// Registrations that wait for a reviewer.
    pub registrations_in_review: u64,
    /// Registrations that failed, not long ago.
    pub registrations_failed: u64,
    /// Registrations that ended with an account.
    pub registrations_complete: u64,
    /// Entries of the directory.
    pub members: u64,
    /// Mails that wait to be sent.
    pub mails_waiting: u64,
}

/// What provisiond says of itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HostStats {
    /// Whether it can change accounts.
    pub ready: bool,
    /// What stands in the way.
    pub problems: Vec<String>,
    /// Of provisiond.
    pub version: String,
    /// Accounts that it made.
    pub accounts: u32,
    /// Accounts made in the last hour.
    pub created_this_hour: u32,
    /// How many may be made in an hour.
    pub create_limit_per_hour: u32,
    /// Domain of the members' mail addresses.
    pub mail_domain: String,
}

impl From<AuditEntry> for AuditLine {
    fn from(entry: AuditEntry) -> Self {
        Self {
            number: entry.number,
            at: entry.at,
            action: entry.action.as_str(),
            actor: entry.actor,
            subject: entry.subject,
            address: entry.address,
            request_id: entry.request_id,
            details: entry.details,
            hash: entry.hash,
            previous: entry.previous,
        }
    }
}

impl From<Checked> for AuditCheck {
    fn from(checked: Checked) -> Self {
        Self {
            checked: checked.entries,
            whole: checked.broken.is_none(),
            broken: checked.broken.map(|b| b.to_string()),
            next_cursor: checked.next.map(|id| id.to_string()),
        }
    }
}

impl From<StoreCounts> for Counts {
    fn from(counts: StoreCounts) -> Self {
        Self {
            registrations_running: counts.registrations_running,
            registrations_in_review: counts.registrations_in_review,
            registrations_failed: counts.registrations_failed,
            registrations_complete: counts.registrations_complete,
            members: counts.members,
            mails_waiting: counts.mails_waiting,
        }
    }
}

impl From<HealthReply> for HostStats {
    fn from(reply: HealthReply) -> Self {
        Self {
            ready: reply.ready,
            problems: reply.problems,
            version: reply.version,
            accounts: reply.accounts,
            created_this_hour: reply.created_this_hour,
            create_limit_per_hour: reply.create_limit_per_hour,
            mail_domain: reply.mail_domain,
        }
    }
}
