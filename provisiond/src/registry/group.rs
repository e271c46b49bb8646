use std::collections::BTreeSet;

use provision_api::{Group, GroupName, GroupState, Username};
use serde::{Deserialize, Serialize};

/// What provisiond remembers of one group that it made for an organisation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupRecord {
    /// Name of the Linux group, and of the directory.
    pub name: GroupName,
    /// Out of the same numbers as uids, so that it is never the number of a user's own group.
    pub gid: u32,
    /// Absolute path of the shared directory, as it was when the group was made.
    pub directory: String,
    /// Accounts, as long as they have a Linux user.
    pub members: BTreeSet<Username>,
    /// Where the group is in its life.
    pub state: GroupState,
    /// Seconds since the epoch.
    pub created_at: i64,
    /// When the members were changed within the last hour; for the hourly cap.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent_changes: Vec<i64>,
}

impl GroupRecord {
    /// The record as the interface shows it.
    #[must_use]
    pub fn to_group(&self) -> Group {
        Group {
            name: self.name.clone(),
            gid: self.gid,
            members: self.members.iter().cloned().collect(),
            directory: self.directory.clone(),
            state: self.state,
        }
    }
}

/// What is left of a group that was removed: its name and gid are not given out again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GroupTombstone {
    /// The name.
    pub name: GroupName,
    /// The gid.
    pub gid: u32,
    /// When it was removed, in seconds since the epoch.
    pub removed_at: i64,
}
