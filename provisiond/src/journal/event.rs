use provision_api::{Account, DisplayName, Group, LoginProof, RegistrationId, RequestId, Username};
use serde::{Deserialize, Serialize};

use super::{Fingerprint, GroupEvent};
use crate::registry::{Record, Tombstone};

/// One line of the journal. Replayed in order, the events give the registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Event {
    /// The first line of a journal that was written anew.
    Head {
        /// Version of this format: 1.
        format: u32,
        /// The smallest uid that was never given out.
        next_uid: u32,
    },
    /// An operation begins; written before its first effect.
    Begun(Intent),
    /// An operation ended well; written after its last effect, and the commit of it.
    Done {
        /// The answer to the call, for when it is repeated.
        answered: Answered,
        /// What the registry holds from now on.
        outcome: Outcome,
    },
    /// An operation failed and left nothing behind.
    Undone {
        /// The call that began it.
        request_id: RequestId,
    },
    /// An account was begun at that time (journals written anew; for the hourly cap).
    Created {
        /// Seconds since the epoch.
        at: i64,
    },
    /// An entry of the registry (journals written anew).
    Kept(Outcome),
    /// An answer that is still remembered (journals written anew).
    Answered(Answered),
    /// Something about a group.
    Group(GroupEvent),
}

/// What an operation is about to do, with all that is needed to finish or undo it after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Intent {
    /// The call.
    pub request_id: RequestId,
    /// What the call asked for.
    pub fingerprint: Fingerprint,
    /// When it began, in seconds since the epoch.
    pub at: i64,
    /// The account.
    pub username: Username,
    /// The registration that the account is for.
    pub registration_id: RegistrationId,
    /// The account's uid and gid.
    pub uid: u32,
    /// What is done.
    pub work: Work,
}

/// The kinds of operation. No secret stands here: a password is known by its digest alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Work {
    /// Make group, user and staged home.
    Create {
        /// Full name.
        display_name: DisplayName,
        /// Absolute path of the home to be.
        home: String,
    },
    /// Add mail files and publish the home.
    ConfigureMail,
    /// Let the owner in.
    Activate {
        /// Keys to install.
        ssh_keys: Vec<String>,
        /// Whether a password is set as well.
        password: bool,
    },
    /// Take back what was never active.
    Discard,
    /// Replace the password.
    SetPassword {
        /// SHA-256 of the new hash, to see after a crash whether it was set.
        digest: Fingerprint,
    },
    /// Replace the keys.
    SetSshKeys {
        /// Keys to install.
        ssh_keys: Vec<String>,
    },
    /// Replace the full name.
    SetDisplayName {
        /// From now on.
        display_name: DisplayName,
    },
    /// Close the account.
    Suspend,
    /// Open it again.
    Resume,
    /// Pack the home away and delete the user.
    Archive,
    /// Make the user again and unpack the home.
    Restore,
    /// Delete everything.
    Remove,
}

/// What the registry holds after an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// This record, in place of any of the same name.
    Record(Record),
    /// Nothing of that name; the name is free again.
    Dropped(Username),
    /// A tombstone in place of the record.
    Buried(Tombstone),
}

/// The answer to a mutating call, kept so that a repeated call gets the same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// The call.
    pub request_id: RequestId,
    /// What it asked for.
    pub fingerprint: Fingerprint,
    /// When it was answered, in seconds since the epoch.
    pub at: i64,
    /// The answer, under its kind: `"account": {…}`.
    #[serde(flatten)]
    pub answer: Answer,
}

/// What a mutating call is answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Answer {
    /// Calls on an account: as it is afterwards.
    Account(Account),
    /// `CreateGroup`.
    GroupMade {
        /// The group's number.
        gid: u32,
        /// Absolute path.
        directory: String,
    },
    /// `SetGroupMembers`.
    GroupMembers {
        /// Who was none before.
        added: Vec<Username>,
        /// Who is none any more.
        removed: Vec<Username>,
    },
    /// The other calls on a group: as it is afterwards.
    Group(Group),
    /// `ProveAccount`.
    Proof(LoginProof),
}
