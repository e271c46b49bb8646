use std::collections::BTreeSet;

use provision_api::{GroupName, RequestId, Username};
use serde::{Deserialize, Serialize};

use super::{Answered, Fingerprint};
use crate::registry::{GroupRecord, GroupTombstone};

/// What happens to the group of an organisation; its operations go the way of the accounts'.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GroupEvent {
    /// An operation begins; written before its first effect.
    Begun(GroupIntent),
    /// An operation ended well; written after its last effect, and the commit of it.
    Done {
        /// The answer to the call, for when it is repeated.
        answered: Answered,
        /// What the registry holds from now on.
        outcome: GroupOutcome,
    },
    /// An entry of the registry (journals written anew).
    Kept(GroupOutcome),
    /// A group was begun at that time (journals written anew; for the hourly cap).
    Created {
        /// Seconds since the epoch.
        at: i64,
    },
}

/// What an operation is about to do, with all that is needed to finish or undo it after a crash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupIntent {
    /// The call.
    pub request_id: RequestId,
    /// What the call asked for.
    pub fingerprint: Fingerprint,
    /// When it began, in seconds since the epoch.
    pub at: i64,
    /// The group.
    pub name: GroupName,
    /// Its number.
    pub gid: u32,
    /// What is done.
    pub work: GroupWork,
}

/// The kinds of operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum GroupWork {
    /// Make the group and its directory.
    Create {
        /// Absolute path of the directory to be.
        directory: String,
    },
    /// Replace the list of members.
    SetMembers {
        /// All of them.
        members: BTreeSet<Username>,
    },
    /// Take the members out and the directory aside.
    Archive,
    /// Put the directory back.
    Restore,
    /// Delete both.
    Remove,
}

/// What the registry holds after an operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupOutcome {
    /// This record, in place of any of the same name.
    Record(GroupRecord),
    /// A tombstone in place of the record.
    Buried(GroupTombstone),
}
