use std::fmt;

use serde::{Deserialize, Serialize};

/// How far a registration has come; the words of the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Taken in; the name is reserved.
    Initiated,
    /// The host has nothing against the name.
    UsernameValidated,
    /// The member's record is in the directory.
    UserCreated,
    /// The Linux user exists, locked.
    SystemUserCreated,
    /// The home with Maildir and neomutt configuration is in place.
    MailConfigured,
    /// The verification mail has been handed to the mail system.
    VerificationSent,
    /// Address proven, review passed, account usable.
    Verified,
    /// Ended without an account; everything done has been or is being undone.
    Failed,
}

impl Status {
    /// The word of the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initiated => "INITIATED",
            Self::UsernameValidated => "USERNAME_VALIDATED",
            Self::UserCreated => "USER_CREATED",
            Self::SystemUserCreated => "SYSTEM_USER_CREATED",
            Self::MailConfigured => "MAIL_CONFIGURED",
            Self::VerificationSent => "VERIFICATION_SENT",
            Self::Verified => "VERIFIED",
            Self::Failed => "FAILED",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The order in which a registration passes its statuses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Flow {
    /// The account is made first and unlocked by the verification.
    #[default]
    ProvisionFirst,
    /// Nothing is made on the host before the address is proven.
    VerifyFirst,
}

/// A step that is not the next one of the flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a registration goes from {from} to {to} in no flow")]
pub struct InvalidTransition {
    /// Where it is.
    pub from: Status,
    /// Where it was to go.
    pub to: Status,
}

impl Flow {
    /// The ordered list of statuses. Everything else about a flow follows from it.
    #[must_use]
    pub fn statuses(self) -> [Status; 7] {
        use Status::{
            Initiated, MailConfigured, SystemUserCreated, UserCreated, UsernameValidated,
            VerificationSent, Verified,
        };
        match self {
            Self::ProvisionFirst => [
                Initiated,
                UsernameValidated,
                UserCreated,
                SystemUserCreated,
                MailConfigured,
                VerificationSent,
                Verified,
            ],
            Self::VerifyFirst => [
                Initiated,
                UsernameValidated,
                UserCreated,
                VerificationSent,
                Verified,
                SystemUserCreated,
                MailConfigured,
            ],
        }
    }

    /// Where a status stands in the list, from 0.
    #[must_use]
    pub fn index(self, status: Status) -> usize {
        self.statuses()
            .iter()
            .position(|s| *s == status)
            .unwrap_or(0)
    }

    /// The status after this one; `None` at the end.
    #[must_use]
    pub fn after(self, status: Status) -> Option<Status> {
        let at = self.statuses().iter().position(|s| *s == status)?;
        self.statuses().get(at + 1).copied()
    }

    /// The last status: reaching it makes the account usable.
    #[must_use]
    pub fn last(self) -> Status {
        self.statuses()[6]
    }

    /// The status that a registration held for review does not enter: the commit point where the
    /// account is made first, and otherwise the first step that touches the host.
    #[must_use]
    pub fn gated(self) -> Status {
        match self {
            Self::ProvisionFirst => Status::Verified,
            Self::VerifyFirst => Status::SystemUserCreated,
        }
    }

    /// Progress in percent: `round(index / 6 * 100)`.
    #[must_use]
    pub fn progress(self, status: Status) -> u8 {
        // Seven values from 0 to 100; the cast can't lose anything.
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let percent = (self.index(status) as f64 / 6.0 * 100.0).round() as u8;
        percent
    }
}

/// Who may register.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Nobody.
    Closed,
    /// Holders of an invite.
    Invite,
    /// Everybody; an admin decides on each.
    Approval,
    /// Everybody.
    #[default]
    Open,
}

impl Mode {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Closed, Self::Invite, Self::Approval, Self::Open];

    /// The word of the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::Invite => "invite",
            Self::Approval => "approval",
            Self::Open => "open",
        }
    }

    /// For people who would like to register.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Closed => "Registration is closed at the moment.",
            Self::Invite => {
                "Registration is by invite: open the link of the invite that you were sent."
            }
            Self::Approval => {
                "Everyone may apply. A person looks at each registration; you get a mail when it is decided."
            }
            Self::Open => "Registration is open to everyone.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_the_rounded_sixth() {
        let of = |f: Flow| f.statuses().map(|s| f.progress(s));
        assert_eq!(of(Flow::ProvisionFirst), [0, 17, 33, 50, 67, 83, 100]);
        assert_eq!(of(Flow::VerifyFirst), [0, 17, 33, 50, 67, 83, 100]);
    }

    #[test]
    fn both_flows_pass_each_status_once_and_verify_first_proves_the_address_before_the_host() {
        for flow in [Flow::ProvisionFirst, Flow::VerifyFirst] {
            let mut all = flow.statuses().to_vec();
            all.sort();
            all.dedup();
            assert_eq!(all.len(), 7);
        }
        let f = Flow::VerifyFirst;
        assert!(f.index(Status::Verified) < f.index(Status::SystemUserCreated));
        assert_eq!(f.after(Status::MailConfigured), None);
    }
}
