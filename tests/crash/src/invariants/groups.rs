//! Groups of organisations: members, and the directories that they share.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use provision_api::{Account, Group, GroupState};

use super::{has_user, names_in, same};
use crate::site::GROUPS;

pub(super) fn are_whole(groups: &[Group], accounts: &[Account]) -> Result<(), String> {
    let in_state = |state: GroupState| -> BTreeSet<String> {
        let of_state = groups.iter().filter(|g| g.state == state);
        of_state.map(|g| g.name.to_string()).collect()
    };
    let mut directories = names_in(GROUPS);
    directories.remove(".registrar");
    same(
        "shared directories",
        &directories,
        &in_state(GroupState::Active),
    )?;
    let area = format!("{GROUPS}/.registrar");
    let aside = names_in(&format!("{area}/aside"));
    same("directories aside", &aside, &in_state(GroupState::Archived))?;
    same(
        "their trash",
        &names_in(&format!("{area}/trash")),
        &BTreeSet::new(),
    )?;
    for group in groups {
        let name = &group.name;
        let place = match group.state {
            GroupState::Active => group.directory.clone(),
            _ => format!("{area}/aside/{name}"),
        };
        let meta = fs::symlink_metadata(&place).map_err(|e| format!("{place}: {e}"))?;
        let found = (meta.uid(), meta.gid(), meta.permissions().mode() & 0o7777);
        if !meta.is_dir() || found != (0, group.gid, 0o2770) {
            return Err(format!("{place} is {found:?}"));
        }
        let members: BTreeSet<String> = group.members.iter().map(ToString::to_string).collect();
        for file in ["/etc/group", "/etc/gshadow"] {
            same(file, &members_in(file, name.as_str())?, &members)?;
        }
        let users = accounts.iter().filter(|a| has_user(a));
        let users: BTreeSet<String> = users.map(|a| a.username.to_string()).collect();
        if let Some(gone) = members.difference(&users).next() {
            return Err(format!("{gone} is in {name} and has no user"));
        }
    }
    Ok(())
}

fn members_in(file: &str, group: &str) -> Result<BTreeSet<String>, String> {
    let text = fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?;
    let line = text.lines().find(|l| l.split(':').next() == Some(group));
    let line = line.ok_or_else(|| format!("{file} has no {group}"))?;
    let members = line.rsplit(':').next().unwrap_or_default().split(',');
    let members = members.filter(|m| !m.is_empty());
    Ok(members.map(str::to_owned).collect())
}
