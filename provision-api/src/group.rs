use serde::{Deserialize, Serialize};

use crate::{GroupName, RequestId, Username};

/// How many members a group has at most: the list fits into a message, and into the one argument
/// that gpasswd(1) takes it by.
pub const MAX_GROUP_MEMBERS: usize = 1_000;

/// Where a group is in its life; see the interface definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum GroupState {
    /// Its members share the directory.
    Active,
    /// No member, and the directory out of everyone's reach; all content kept.
    Archived,
    /// Nothing left but the tombstone of name and gid.
    Removed,
}

/// What provisiond's registry knows of an organisation's group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// Name of the Linux group, and of the directory.
    pub name: GroupName,
    /// Chosen by provisiond out of the same numbers as uids, never reused.
    pub gid: u32,
    /// In name order; none while it is archived.
    pub members: Vec<Username>,
    /// Absolute path of the shared directory; while the group is archived, of where it will be again.
    pub directory: String,
    /// Where it is in its life.
    pub state: GroupState,
}

/// Parameters of the methods that need nothing but a group: `CreateGroup`, `GetGroup`,
/// `ArchiveGroup`, `RestoreGroup`, `RemoveGroup`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OnGroup {
    /// Names the call.
    pub request_id: RequestId,
    /// The group.
    pub name: GroupName,
}

/// Parameters of `SetGroupMembers`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SetGroupMembers {
    /// Names the call.
    pub request_id: RequestId,
    /// The group.
    pub name: GroupName,
    /// Everyone who is to be a member, at most [`MAX_GROUP_MEMBERS`]; whoever is not named goes.
    pub members: Vec<Username>,
}

/// Reply of `CreateGroup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CreateGroupReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// The group's number.
    pub gid: u32,
    /// Absolute path of the shared directory.
    pub directory: String,
}

/// Reply of `SetGroupMembers`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SetGroupMembersReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// Who is a member now and was none before, in name order.
    pub added: Vec<Username>,
    /// Who was a member before and is none now, in name order.
    pub removed: Vec<Username>,
}

/// Reply of `GetGroup`, `ArchiveGroup`, `RestoreGroup` and `RemoveGroup`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GroupReply {
    /// The call that this answers.
    pub request_id: RequestId,
    /// The group as it is now.
    pub group: Group,
}
