//! What members are told of while it happens, and can read up afterwards.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    CredentialChange, Device, FactorChange, InviteId, RegistrationId, Role, SessionEnd, SessionId,
    Status, UserId, Username,
};

/// Names an event: a UUID of version 7. Of one member's events a later one has a greater id.
pub type EventId = Uuid;

/// Something that one member is told of, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveEvent {
    /// Names it.
    pub id: EventId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// Whose it is.
    pub to: UserId,
    /// What happened.
    pub news: News,
    /// When.
    pub created_at: Timestamp,
    /// When its member said to have read it, or did it.
    pub read_at: Option<Timestamp>,
}

/// What happened. This is the form of the wire, too: `kind` says which, the rest is its data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase"
)]
pub enum News {
    /// Someone has joined with an invite of the member's.
    InviteAccepted {
        /// Which.
        invite: InviteId,
        /// Who joined.
        username: Username,
        /// As what.
        role: Role,
    },
    /// Nobody has joined with it in time.
    InviteExpired {
        /// Which.
        invite: InviteId,
    },
    /// It was taken back.
    InviteRevoked {
        /// Which.
        invite: InviteId,
        /// The name of who did.
        by: String,
    },
    /// The member's own registration has come to its end: the account is ready.
    RegistrationStatus {
        /// The word of the wire.
        status: Status,
        /// Percent.
        progress: u8,
    },
    /// Password or keys were changed.
    CredentialChanged {
        /// How.
        what: CredentialChange,
    },
    /// Something about the second factor was changed.
    SecondFactorChanged {
        /// What.
        change: FactorChange,
    },
    /// Someone has logged in with a program that the member did not use before.
    NewLogin {
        /// The session.
        session: SessionId,
        /// The client's address.
        address: String,
        /// What the program calls itself.
        device: Device,
    },
    /// A session was ended.
    SessionEnded {
        /// Which; all of them where none is named.
        session: Option<SessionId>,
        /// Why.
        why: SessionEnd,
        /// By the member, in this very session, or with something that is told by itself: whoever
        /// listens in it is let go, and there is nothing to read.
        quiet: bool,
    },
    /// The member has another role.
    RoleChanged {
        /// The one before.
        from: Role,
        /// The one now.
        to: Role,
        /// The name of who decided.
        by: String,
    },
    /// A registration waits for a reviewer. No more is told of the person than the name.
    ApplicationWaiting {
        /// Which.
        registration: RegistrationId,
        /// The name asked for.
        username: Username,
    },
    /// The host has refused something for good.
    HostStepFailed {
        /// Whose account.
        username: Username,
        /// What: `password`, `ssh-keys`, or the status that a registration was on the way to.
        what: String,
    },
}

impl LiveEvent {
    /// How long events are kept.
    pub const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

    /// When it is forgotten.
    #[must_use]
    pub fn forget_at(&self) -> Timestamp {
        let end = self.created_at.checked_add(Self::KEPT);
        end.unwrap_or(Timestamp::MAX)
    }

    /// Whether it stands in the member's list of notifications.
    #[must_use]
    pub fn is_notice(&self) -> bool {
        !self.news.names().is_empty()
    }

    /// Whether it stands there unread.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.is_notice() && self.read_at.is_none()
    }
}

impl News {
    /// Under which names clients hear it; none where it is for the service itself. An accepted
    /// invite has a name of its own besides that of all changes of invites.
    #[must_use]
    pub fn names(&self) -> &'static [&'static str] {
        match self {
            Self::InviteAccepted { .. } => &["inviteStatusUpdate", "inviteAccepted"],
            Self::InviteExpired { .. } | Self::InviteRevoked { .. } => &["inviteStatusUpdate"],
            Self::RegistrationStatus { .. } => &["registrationStatus"],
            Self::SessionEnded { quiet: true, .. } => &[],
            Self::CredentialChanged { .. }
            | Self::SecondFactorChanged { .. }
            | Self::NewLogin { .. }
            | Self::SessionEnded { .. }
            | Self::RoleChanged { .. }
            | Self::ApplicationWaiting { .. }
            | Self::HostStepFailed { .. } => &["notification"],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wire_has_the_kind_beside_the_data() {
        let news = News::CredentialChanged {
            what: CredentialChange::SshKeyAdded {
                fingerprint: "SHA256:x".into(),
            },
        };
        let wire = serde_json::to_value(&news).unwrap();
        let want = serde_json::json!({
            "kind": "credentialChanged",
            "what": { "change": "ssh-key-added", "fingerprint": "SHA256:x" },
        });
        assert_eq!(wire, want);
        assert_eq!(serde_json::from_value::<News>(wire).unwrap(), news);
    }

    #[test]
    fn what_is_for_the_service_itself_is_nobody_s_notification() {
        let ended = |quiet| LiveEvent {
            id: Uuid::nil(),
            version: 1,
            to: UserId::new(Uuid::nil()),
            news: News::SessionEnded {
                session: None,
                why: SessionEnd::SignedOut,
                quiet,
            },
            created_at: Timestamp::UNIX_EPOCH,
            read_at: None,
        };
        assert!(ended(false).is_notice() && ended(false).is_unread());
        assert!(!ended(true).is_notice() && !ended(true).is_unread());
    }
}
