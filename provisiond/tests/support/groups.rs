//! Calls on groups, and what the host says of them.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::process::Command;

use provision_api::{
    CallError, CreateGroupReply, Group, GroupName, OnGroup, ProvisionError, RequestId,
    SetGroupMembers, SetGroupMembersReply,
};

use super::daemon::{Caller, id, user};
use super::private_host::PrivateHost;

pub const DIRECTORY: &str = "/home/groups";

/// As tmpfiles.d makes it.
pub fn groups_directory(host: &PrivateHost) {
    host.directory(DIRECTORY, 0o2711);
}

pub fn group(name: &str) -> GroupName {
    GroupName::parse(name).unwrap()
}

pub fn on_group(name: &str) -> OnGroup {
    OnGroup {
        request_id: id(),
        name: group(name),
    }
}

pub fn members_call(request_id: RequestId, name: &str, members: &[&str]) -> SetGroupMembers {
    SetGroupMembers {
        request_id,
        name: group(name),
        members: members.iter().map(|m| user(m)).collect(),
    }
}

fn refused<T>(result: Result<T, CallError>) -> Result<T, ProvisionError> {
    match result {
        Ok(reply) => Ok(reply),
        Err(CallError::Refused(error)) => Err(error),
        Err(other) => panic!("{other:?}"),
    }
}

impl Caller {
    pub fn make_group(&self, name: &str) -> Result<CreateGroupReply, ProvisionError> {
        self.make_group_by(on_group(name))
    }

    pub fn make_group_by(&self, call: OnGroup) -> Result<CreateGroupReply, ProvisionError> {
        refused(self.wait(self.client().create_group(call)))
    }

    pub fn set_members(
        &self,
        name: &str,
        members: &[&str],
    ) -> Result<SetGroupMembersReply, ProvisionError> {
        self.set_members_by(members_call(id(), name, members))
    }

    pub fn set_members_by(
        &self,
        call: SetGroupMembers,
    ) -> Result<SetGroupMembersReply, ProvisionError> {
        refused(self.wait(self.client().set_group_members(call)))
    }

    /// Whether the call got its answer.
    pub fn are_set(&self, call: SetGroupMembers) -> bool {
        self.wait(self.client().set_group_members(call)).is_ok()
    }

    /// Whether the call got its answer.
    pub fn is_made(&self, call: OnGroup) -> bool {
        self.wait(self.client().create_group(call)).is_ok()
    }

    pub fn get_group(&self, name: &str) -> Result<Group, ProvisionError> {
        refused(self.wait(self.client().get_group(on_group(name)))).map(|r| r.group)
    }

    pub fn archive_group(&self, name: &str) -> Result<Group, ProvisionError> {
        refused(self.wait(self.client().archive_group(on_group(name)))).map(|r| r.group)
    }

    pub fn restore_group(&self, name: &str) -> Result<Group, ProvisionError> {
        refused(self.wait(self.client().restore_group(on_group(name)))).map(|r| r.group)
    }

    pub fn remove_group(&self, name: &str) -> Result<Group, ProvisionError> {
        refused(self.wait(self.client().remove_group(on_group(name)))).map(|r| r.group)
    }

    /// The members in the registry, as one text.
    pub fn members_of(&self, name: &str) -> String {
        let members = self.get_group(name).unwrap().members;
        let names: Vec<String> = members.iter().map(ToString::to_string).collect();
        names.join(",")
    }
}

/// The members that both files name, which must agree.
pub fn members_on_host(name: &str) -> String {
    let last = |file: &str| {
        let line = super::daemon::line_of(file, name).expect("the group is there");
        line.split(':').nth(3).unwrap().to_owned()
    };
    let members = last("/etc/group");
    assert_eq!(last("/etc/gshadow"), members, "gshadow and group differ");
    members
}

/// Owner, group and mode of a path itself: `0:20001 2770`.
pub fn facts(path: &str) -> String {
    let meta = fs::symlink_metadata(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mode = meta.permissions().mode() & 0o7777;
    format!("{}:{} {mode:o}", meta.uid(), meta.gid())
}

/// What a shell says to someone who has just logged in; `Err` if the last command fails.
pub fn as_member(name: &str, commands: &str) -> Result<String, String> {
    let output = Command::new("/usr/bin/setpriv")
        .args(["--reuid", name, "--regid", name, "--init-groups"])
        .args(["/bin/sh", "-c", commands])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match output.status.success() {
        true => Ok(said),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}
