use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{RegistrationId, TokenDigest};

/// Names an invite.
pub type InviteId = uuid::Uuid;

/// A single-use permission to register while the mode is `invite`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Names it.
    pub id: InviteId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// SHA-256 of the token in the link.
    pub token: TokenDigest,
    /// Whether it can be used.
    pub state: InviteState,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this time it can't be used.
    pub expires_at: Timestamp,
}

/// Whether an invite can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum InviteState {
    /// Waits for its holder.
    Open,
    /// A registration is under way with it; a failed one gives it back.
    Claimed {
        /// Which.
        registration: RegistrationId,
    },
    /// A registration succeeded with it.
    Used {
        /// Which.
        registration: RegistrationId,
    },
}

impl Invite {
    /// Whether that registration may begin with it at that time.
    #[must_use]
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.state == InviteState::Open && now < self.expires_at
    }
}
