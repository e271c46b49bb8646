//! The proof that a new member can get in and read mail, after which they are welcomed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{RequestId, User, UserState};

/// How long to wait after each failed try; after the last one it is an admin's turn. What passes by
/// itself (a restart of sshd, a package that is being installed) does so within hours.
const PAUSES: [SignedDuration; 4] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(6),
];
/// How often a member who is not let in is looked at.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// How it stands with the proof.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum FirstLogin {
    /// Nobody asked for it: not a member yet, or one from the time before there was a proof.
    #[default]
    NotAsked,
    /// The host is to be asked.
    Due {
        /// Which round of tries; an admin can begin another one.
        round: u32,
        /// Tries that failed in this round.
        tries: u32,
        /// When to ask.
        at: Timestamp,
        /// What the last one came to.
        #[serde(default)]
        reason: Option<String>,
    },
    /// It holds, and the member was welcomed.
    Proven {
        /// When.
        at: Timestamp,
    },
    /// It was tried often enough; there was no welcome.
    Unproven {
        /// The round that ended so.
        round: u32,
        /// When it was tried last.
        at: Timestamp,
        /// What it came to.
        reason: String,
    },
}

impl FirstLogin {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotAsked => "not-asked",
            Self::Due { .. } => "due",
            Self::Proven { .. } => "proven",
            Self::Unproven { .. } => "unproven",
        }
    }

    /// What the last try came to, while it does not hold.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Due { reason, .. } => reason.as_deref(),
            Self::Unproven { reason, .. } => Some(reason),
            Self::NotAsked | Self::Proven { .. } => None,
        }
    }
}

impl User {
    /// From now on the proof is wanted; `false` if it was asked for before, and did not end in vain.
    pub fn want_first_login(&mut self, now: Timestamp) -> bool {
        let round = match &self.credentials.first_login {
            FirstLogin::NotAsked => 0,
            FirstLogin::Unproven { round, .. } => round.saturating_add(1),
            FirstLogin::Due { .. } | FirstLogin::Proven { .. } => return false,
        };
        self.credentials.first_login = FirstLogin::Due {
            round,
            tries: 0,
            at: now,
            reason: None,
        };
        // A worker that is at it keeps its lease.
        self.work.due_at = Some(now);
        self.work.attempts = 0;
        true
    }

    /// When the host is to be asked; `None` when it is not.
    #[must_use]
    pub fn first_login_due(&self, now: Timestamp) -> Option<Timestamp> {
        match (&self.credentials.first_login, self.state) {
            (FirstLogin::Due { at, .. }, UserState::Active) => Some(*at),
            (FirstLogin::Due { at, .. }, UserState::Suspended) => Some((*at).max(now + LOOK_AGAIN)),
            _ => None,
        }
    }

    /// Whether the host is to be asked now.
    #[must_use]
    pub fn is_first_login_due(&self, now: Timestamp) -> bool {
        self.state == UserState::Active && self.first_login_due(now).is_some_and(|at| at <= now)
    }

    /// The request id of the try that is due: the same until its outcome is written down, so that a
    /// repeated attempt, after a crash too, is the same request. A UUID of version 8 (RFC 9562).
    #[must_use]
    pub fn first_login_request(&self) -> RequestId {
        let (round, tries) = match self.credentials.first_login {
            FirstLogin::Due { round, tries, .. } => (round, tries),
            _ => (0, 0),
        };
        let mut hash = Sha256::new();
        hash.update(self.id.uuid().as_bytes());
        hash.update(b"first-login");
        hash.update(round.to_be_bytes());
        hash.update(tries.to_be_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        RequestId::new(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }

    /// Takes down that it holds.
    pub fn first_login_proven(&mut self, now: Timestamp) {
        if matches!(self.credentials.first_login, FirstLogin::Due { .. }) {
            self.credentials.first_login = FirstLogin::Proven { at: now };
        }
    }

    /// Takes down that a try failed.
    pub fn first_login_failed(&mut self, why: &str, now: Timestamp) {
        let FirstLogin::Due { round, tries, .. } = self.credentials.first_login else {
            return;
        };
        let reason = why.to_owned();
        let pause = usize::try_from(tries).ok().and_then(|n| PAUSES.get(n));
        self.credentials.first_login = match pause {
            Some(pause) => FirstLogin::Due {
                round,
                tries: tries.saturating_add(1),
                at: now + *pause,
                reason: Some(reason),
            },
            None => FirstLogin::Unproven {
                round,
                at: now,
                reason,
            },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;
    use crate::domain::authority::fixture;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    #[test]
    fn it_is_tried_a_few_times_with_growing_pauses_and_then_given_up() {
        let mut user = fixture::user(1, Role::ClientUser);
        assert_eq!(user.first_login_due(at(0)), None);
        assert!(user.want_first_login(at(0)));
        let (mut now, mut requests) = (at(0), Vec::new());
        for pause in PAUSES {
            assert_eq!(user.first_login_due(now), Some(now));
            requests.push(user.first_login_request());
            assert_eq!(user.first_login_request(), requests[requests.len() - 1]);
            user.first_login_failed("closed", now);
            now += pause;
        }
        requests.push(user.first_login_request());
        user.first_login_failed("closed", now);
        assert_eq!(user.credentials.first_login.as_str(), "unproven");
        assert_eq!(user.credentials.first_login.reason(), Some("closed"));
        assert_eq!(user.first_login_due(now), None);
        // An admin begins again; each try is another request.
        assert!(user.want_first_login(now));
        requests.push(user.first_login_request());
        requests.sort();
        requests.dedup();
        assert_eq!(requests.len(), PAUSES.len() + 2);
        user.first_login_proven(now);
        assert!(!user.want_first_login(now), "who was welcomed stays so");
    }

    #[test]
    fn who_is_suspended_is_left_alone_and_not_forgotten() {
        let mut user = fixture::user(1, Role::ClientUser);
        user.want_first_login(at(0));
        user.set_state(UserState::Suspended);
        assert_eq!(user.first_login_due(at(5)), Some(at(5) + LOOK_AGAIN));
        user.set_state(UserState::Deleted);
        assert_eq!(user.first_login_due(at(5)), None);
    }
}
