use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Organisation, RequestId, User, UserId};

/// Names an entry: [`AuditEntry::id_of`] its number, so that the order of ids is newest first.
pub type AuditId = Uuid;

/// What was done. The words are those of the wire; add new ones, never change one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// A new member was not welcomed: it could not be shown that they get in.
    FirstLoginUnproven,
    /// The host does not take a password or keys.
    HostChangeRefused,
    /// Someone has joined by an invite.
    InviteAccepted,
    /// An invite was made.
    InviteCreated,
    /// An invite was taken back.
    InviteRevoked,
    /// A new key signs access tokens.
    KeysRotated,
    /// All that was personal was taken out of a deleted account.
    MemberAnonymised,
    /// An account was deleted, for the time of grace.
    MemberDeleted,
    /// A member got their own data as a file.
    MemberExported,
    /// A suspended or deleted account works again.
    MemberResumed,
    /// An account was suspended.
    MemberSuspended,
    /// An organisation is called otherwise, or prefers another second factor.
    #[serde(rename = "organization-changed")]
    OrganisationChanged,
    /// An organisation has begun.
    #[serde(rename = "organization-created")]
    OrganisationCreated,
    /// A member was taken into an organisation, or has another role there.
    #[serde(rename = "organization-joined")]
    OrganisationJoined,
    /// A member was taken out of an organisation.
    #[serde(rename = "organization-left")]
    OrganisationLeft,
    /// The host is asked again at once for an organisation's group.
    #[serde(rename = "organization-retried")]
    OrganisationRetried,
    /// A password was changed by who knew it.
    PasswordChanged,
    /// A password was chosen anew with the link or code of a mail.
    PasswordReset,
    /// Name or profile of a member was changed.
    ProfileChanged,
    /// A recovery code took the place of a second factor.
    RecoveryCodeUsed,
    /// Recovery codes were made anew.
    RecoveryCodesReplaced,
    /// A spent refresh token came back; its session was ended.
    RefreshTokenReused,
    /// Who registers gave another address.
    RegistrationAddressChanged,
    /// An applicant answered what a reviewer asked.
    RegistrationAnswered,
    /// A registration may go on.
    RegistrationApproved,
    /// A reviewer asked an applicant something.
    RegistrationAsked,
    /// A reviewer looks at a registration.
    RegistrationClaimed,
    /// Who registers gave other keys.
    RegistrationKeysChanged,
    /// A reviewer wrote a note about a registration.
    RegistrationNoted,
    /// A registration was refused.
    RegistrationRejected,
    /// A reviewer does not look at a registration any more.
    RegistrationReleased,
    /// A registration's next step is tried at once.
    RegistrationRetried,
    /// A member has another role.
    RoleChanged,
    /// A member's second factor was switched off.
    SecondFactorOff,
    /// A member's second factor was switched on.
    SecondFactorOn,
    /// An admin took a member's second factor away.
    SecondFactorReset,
    /// All sessions of a member were ended.
    SignedOutEverywhere,
    /// An SSH key was added.
    SshKeyAdded,
    /// An SSH key was removed.
    SshKeyRemoved,
}

impl Action {
    /// The action of that word; `None` for any other text.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        serde_json::from_value(serde_json::Value::String(word.to_owned())).ok()
    }

    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> String {
        // A unit variant is a text in JSON.
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(word)) => word,
            _ => String::new(),
        }
    }
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Actor {
    /// A member, logged in.
    Member {
        /// Which.
        id: UserId,
        /// The name at the time.
        name: String,
    },
    /// Who holds the admin token, or calls on the admin socket.
    Admin {
        /// `admin token`, or the name of the Linux user.
        name: String,
    },
    /// Someone who is not logged in.
    Visitor,
    /// The service by itself.
    Service,
}

impl Actor {
    /// A member.
    #[must_use]
    pub fn member(user: &User) -> Self {
        Self::Member {
            id: user.id,
            name: user.username.to_string(),
        }
    }

    /// What entries are found by: the member's or admin's name, `visitor` or `service`.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Member { name, .. } | Self::Admin { name } => name,
            Self::Visitor => "visitor",
            Self::Service => "service",
        }
    }
}

/// To whom or what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Subject {
    /// `member`, `registration`, `invite`, `organization`, `keys`.
    pub kind: String,
    /// Its id.
    pub id: String,
    /// The name that people know it by; what entries are found by.
    pub name: String,
}

impl Subject {
    /// A member.
    #[must_use]
    pub fn member(user: &User) -> Self {
        Self::new("member", user.id, user.username.as_str())
    }

    /// An organisation.
    #[must_use]
    pub fn organisation(organisation: &Organisation) -> Self {
        Self::new("organization", organisation.id, organisation.slug.as_str())
    }

    /// Something else.
    #[must_use]
    pub fn new(kind: &str, id: impl ToString, name: impl Into<String>) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_string(),
            name: name.into(),
        }
    }
}

/// What happened, before it has a place in the log.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// What was done.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// To whom or what.
    pub subject: Option<Subject>,
    /// The client's address, as limits count it.
    pub address: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<RequestId>,
    /// More of it, in few words; never a secret.
    pub details: Vec<(&'static str, String)>,
}

/// A line of the audit log. Each holds the hash of the one before it, so one that was changed,
/// taken out or put in shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditEntry {
    /// From [`AuditEntry::id_of`].
    pub id: AuditId,
    /// Always 1: entries are not changed.
    pub version: u64,
    /// 1 for the first one; no number is left out.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// What was done.
    pub action: Action,
    /// By whom.
    pub actor: Actor,
    /// To whom or what.
    pub subject: Option<Subject>,
    /// The client's address.
    pub address: Option<String>,
    /// The request that asked for it.
    pub request_id: Option<String>,
    /// More of it.
    pub details: BTreeMap<String, String>,
    /// [`AuditEntry::hash`] of the entry before; of the first one, 64 zeros.
    pub previous: String,
    /// SHA-256 of all the above, in hexadecimal.
    pub hash: String,
}

/// Where the chain of the log is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BrokenChain {
    /// An entry does not have the hash of what it says.
    #[error("entry {number} was changed after it was written")]
    Changed {
        /// Which.
        number: u64,
    },
    /// What stands before an entry is not what stood there.
    #[error("between the entries {older} and {newer} something was changed, taken out or put in")]
    Gap {
        /// The one before.
        older: u64,
        /// The one after.
        newer: u64,
    },
}

impl AuditEntry {
    /// What the first entry has for the one before.
    pub const NOTHING_BEFORE: &str =
        "0000000000000000000000000000000000000000000000000000000000000000";

    /// The entry that follows on `before`.
    #[must_use]
    pub fn following(before: Option<&Self>, event: AuditEvent, at: Timestamp) -> Self {
        let number = before.map_or(0, |b| b.number).saturating_add(1);
        let details = event.details.into_iter();
        let mut entry = Self {
            id: Self::id_of(number),
            version: 1,
            number,
            at,
            action: event.action,
            actor: event.actor,
            subject: event.subject,
            address: event.address,
            request_id: event.request_id.map(|id| id.to_string()),
            details: details.map(|(k, v)| (k.to_owned(), v)).collect(),
            previous: before.map_or(Self::NOTHING_BEFORE, |b| &b.hash).to_owned(),
            hash: String::new(),
        };
        entry.hash = entry.digest();
        entry
    }

    /// The id of the entry of that number. Two that want the same place have the same id, so the
    /// store takes one; and later ones come first in the order of ids.
    #[must_use]
    pub fn id_of(number: u64) -> AuditId {
        Uuid::from_u128(u128::MAX - u128::from(number))
    }

    fn digest(&self) -> String {
        let bare = Self {
            version: 1,
            hash: String::new(),
            ..self.clone()
        };
        // Maps are sorted and there is nothing in it that can't be written, so this is one text.
        let text = serde_json::to_vec(&bare).unwrap_or_default();
        Sha256::digest(text)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }

    /// Checks entries in the order of ids, newest first; `newer` is the one that stands before
    /// them.
    ///
    /// # Errors
    /// The newest place where the chain is broken.
    pub fn check_chain<'a>(
        mut newer: Option<&'a Self>,
        entries: &'a [Self],
    ) -> Result<(), BrokenChain> {
        for entry in entries {
            if entry.digest() != entry.hash || entry.id != Self::id_of(entry.number) {
                return Err(BrokenChain::Changed {
                    number: entry.number,
                });
            }
            if let Some(newer) = newer
                && (newer.previous != entry.hash || newer.number != entry.number + 1)
            {
                return Err(BrokenChain::Gap {
                    older: entry.number,
                    newer: newer.number,
                });
            }
            newer = Some(entry);
        }
        Ok(())
    }

    /// Whether it is the first of the log.
    #[must_use]
    pub fn is_first(&self) -> bool {
        self.number == 1 && self.previous == Self::NOTHING_BEFORE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(length: usize) -> Vec<AuditEntry> {
        let mut entries: Vec<AuditEntry> = Vec::new();
        for n in 0..length {
            let event = AuditEvent {
                action: Action::SignedOutEverywhere,
                actor: Actor::Admin {
                    name: format!("admin {n}"),
                },
                subject: Some(Subject::new("member", n, "ada")),
                address: Some("192.0.2.7".into()),
                request_id: None,
                details: vec![("reason", "\"quoted\" \u{1f98a}".into())],
            };
            let at = Timestamp::from_second(1_800_000_000).unwrap();
            let entry = AuditEntry::following(entries.first(), event, at);
            entries.insert(0, entry);
        }
        entries
    }

    #[test]
    fn a_whole_log_is_whole_after_it_was_written_and_read() {
        let text = serde_json::to_string(&log(5)).unwrap();
        let read: Vec<AuditEntry> = serde_json::from_str(&text).unwrap();
        assert_eq!(AuditEntry::check_chain(None, &read), Ok(()));
        assert!(read.last().unwrap().is_first());
        assert!(
            read.is_sorted_by_key(|e| e.id),
            "newest first in the order of ids"
        );
    }

    #[test]
    fn a_changed_entry_shows() {
        let mut entries = log(5);
        entries[2].address = Some("198.51.100.1".into());
        let broken = AuditEntry::check_chain(None, &entries);
        assert_eq!(broken, Err(BrokenChain::Changed { number: 3 }));
        // Also when its own hash is made to fit.
        entries[2].hash = entries[2].digest();
        let broken = AuditEntry::check_chain(None, &entries);
        assert_eq!(broken, Err(BrokenChain::Gap { older: 3, newer: 4 }));
    }

    #[test]
    fn a_missing_entry_shows_at_any_place_but_the_newest() {
        for gone in 1..4 {
            let mut entries = log(5);
            entries.remove(gone);
            assert!(
                AuditEntry::check_chain(None, &entries).is_err(),
                "without {gone}"
            );
        }
        let mut entries = log(5);
        entries.pop();
        assert!(!entries.last().unwrap().is_first());
        let rest = log(5).split_off(3);
        let newer = &log(5)[1];
        assert!(AuditEntry::check_chain(Some(newer), &rest).is_err());
    }

    #[test]
    fn words_of_the_wire_are_kebab_case() {
        assert_eq!(Action::RefreshTokenReused.as_str(), "refresh-token-reused");
    }
}
