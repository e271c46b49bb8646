use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ChallengeId, Email, Origin, RegistrationId, Username, Verification, Work};

/// Names a mail in the outbox; also the local part of its Message-ID and of its bounce address.
pub type MailId = uuid::Uuid;

/// A mail that is to be sent. Its text is made when it is sent, so no token lies in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailJob {
    /// Names it.
    pub id: MailId,
    /// For compare-and-swap; 1 when new.
    pub version: u64,
    /// Unique: the same mail is never queued twice.
    pub dedupe_key: String,
    /// What it says.
    pub kind: MailKind,
    /// Where it goes.
    pub to: Email,
    /// What it is about; of an invite, the invite's id.
    pub registration: RegistrationId,
    /// Where it stands.
    pub state: MailState,
    /// When it is to be tried, by whom.
    pub work: Work,
    /// When it was queued.
    pub created_at: Timestamp,
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum MailKind {
    /// Link and code that prove the address. The token is derived from the registration's
    /// verification when the mail is made; a retry carries the same one.
    VerifyEmail,
    /// Someone proved an address that a member has: told to the owner.
    AlreadyMember,
    /// The account works; how to get in.
    Welcome,
    /// The reviewers said yes.
    Approved,
    /// The reviewers ask something.
    Question {
        /// Which of the registration's questions, from 0.
        number: usize,
    },
    /// The reviewers said no.
    Rejected {
        /// Their words.
        reason: String,
    },
    /// A session was ended, because a spent refresh token of it came back.
    SessionRevoked {
        /// From where the session was begun.
        began: Origin,
        /// From where the token came back.
        reused: Origin,
    },
    /// Link and code with which a new password can be chosen.
    ResetPassword {
        /// What they are derived from; holds neither.
        proof: Verification,
        /// Who asked for it.
        from: Origin,
    },
    /// Password or keys were changed.
    CredentialChanged {
        /// How.
        what: CredentialChange,
        /// By whom.
        from: Origin,
    },
    /// Someone is asked to join. The token is derived from the invite when the mail is made.
    Invite,
    /// Someone has joined by an invite: told to who made it.
    InviteAccepted {
        /// Who.
        guest: Username,
    },
    /// The code that finishes a login.
    LoginCode {
        /// The login; the code is derived from it.
        challenge: ChallengeId,
        /// After this time it is of no use.
        expires_at: Timestamp,
        /// Who logs in.
        from: Origin,
    },
    /// What a login asks for after the password was changed.
    SecondFactorChanged {
        /// How.
        change: FactorChange,
        /// By whom.
        from: Origin,
    },
}

/// How a member's password or keys were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum CredentialChange {
    /// By who knew the password.
    Password,
    /// By who had link or code of a mail.
    PasswordReset,
    /// A key was added.
    SshKeyAdded {
        /// `SHA256:…`.
        fingerprint: String,
    },
    /// A key was removed.
    SshKeyRemoved {
        /// `SHA256:…`.
        fingerprint: String,
    },
}

/// What happened to a member's second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorChange {
    /// An authenticator is in use.
    TotpOn,
    /// It is not any more.
    TotpOff,
    /// Codes are mailed.
    EmailOn,
    /// They are not any more.
    EmailOff,
    /// Recovery codes were made anew.
    NewRecoveryCodes,
    /// A recovery code was used.
    RecoveryCodeUsed,
    /// An admin has switched it all off.
    Reset,
    /// Nothing, but logins with the right password came with wrong codes.
    WrongCodes,
}

impl MailKind {
    /// The word for it in logs and keys.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::VerifyEmail => "verify-email",
            Self::AlreadyMember => "already-member",
            Self::Welcome => "welcome",
            Self::Approved => "approved",
            Self::Question { .. } => "question",
            Self::Rejected { .. } => "rejected",
            Self::SessionRevoked { .. } => "session-revoked",
            Self::ResetPassword { .. } => "reset-password",
            Self::CredentialChanged { .. } => "credential-changed",
            Self::Invite => "invite",
            Self::InviteAccepted { .. } => "invite-accepted",
            Self::LoginCode { .. } => "login-code",
            Self::SecondFactorChanged { .. } => "second-factor-changed",
        }
    }
}

/// Where a mail stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum MailState {
    /// To be sent.
    Queued,
    /// The mail system has taken it.
    Sent {
        /// When.
        at: Timestamp,
    },
    /// It will not be sent, or came back.
    Failed {
        /// When.
        at: Timestamp,
        /// What the mail system said, cleaned.
        reason: String,
    },
}
