//! Groups of organisations in group(5) and gshadow(5), as groupadd(8) and gpasswd(1) write them.

use std::collections::BTreeSet;
use std::os::fd::OwnedFd;

use provision_api::{GroupName, Username};

use super::drafts::{is_there, read, required, stage_all};
use super::edit::{Edit, Staged};
use super::{Name, TOOL, untrue};
use crate::accounts::{AccountError, member_list};

/// What is missing of a group without members.
pub(super) fn draw_up(
    etc: &OwnedFd,
    name: &GroupName,
    gid: u32,
) -> Result<Vec<Staged>, AccountError> {
    let (group, gshadow) = (required(etc, Name::GROUP)?, read(etc, Name::GSHADOW)?);
    let has_group = is_there("group", &group, name.as_str(), gid)?;
    let lines = [
        (!has_group).then(|| Edit::add(&group, format!("{name}:x:{gid}:"))),
        gshadow
            .as_ref()
            .filter(|gshadow| gshadow.line_of(name.as_str()).is_none())
            .map(|gshadow| Edit::add(gshadow, format!("{name}:!::"))),
    ];
    stage_all(etc, lines.into_iter().flatten())
}

/// Both files with these members; administrators and password of the group stay as they are.
pub(super) fn with_members(
    etc: &OwnedFd,
    name: &GroupName,
    gid: u32,
    members: &BTreeSet<Username>,
) -> Result<Vec<Staged>, AccountError> {
    let (group, gshadow) = (required(etc, Name::GROUP)?, read(etc, Name::GSHADOW)?);
    // gpasswd refuses names that nobody has, too.
    let passwd = required(etc, Name::PASSWD)?;
    if let Some(nobody) = members
        .iter()
        .find(|m| passwd.line_of(m.as_str()).is_none())
    {
        return Err(AccountError::Foreign(format!(
            "the host's user {nobody} is gone; someone deleted it without provisiond"
        )));
    }
    let line = group.line_of(name.as_str());
    let Some(line) = line.filter(|_| is_there("group", &group, name.as_str(), gid).is_ok()) else {
        return Err(untrue(TOOL, "the group is not the one that was made"));
    };
    let list = member_list(members);
    let four_fields = || untrue(TOOL, "the group's entry has not four fields");
    let [entry, password, number, _] = group.fields(&line).ok_or_else(four_fields)?;
    let mut edits = vec![Edit::replace(
        &group,
        line,
        [entry, password, number, list.clone()].join(":"),
    )];
    if let Some(gshadow) = &gshadow
        && let Some(line) = gshadow.line_of(name.as_str())
    {
        let [entry, password, administrators, _] = gshadow.fields(&line).ok_or_else(four_fields)?;
        let new = [entry, password, administrators, list].join(":");
        edits.push(Edit::replace(gshadow, line, new));
    }
    stage_all(etc, edits)
}
