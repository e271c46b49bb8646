//! Who is in a group.

use std::collections::BTreeSet;

use provision_api::{AccountState, GroupState, MAX_GROUP_MEMBERS, SetGroupMembers, Step, Username};

use super::super::refusal::Refusal;
use super::super::spine::{Asked, Operator};
use super::super::trail::Trail;
use super::wrong_state;
use crate::journal::{Answer, GroupOutcome, GroupWork};
use crate::registry::{CREATION_WINDOW, GroupRecord, Record};

impl Operator {
    pub(super) fn set_group_members(
        &mut self,
        call: &SetGroupMembers,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Answer, Refusal> {
        let record = self.group(&call.name)?;
        if record.state != GroupState::Active {
            return Err(wrong_state(&record, "only an active group has members"));
        }
        let members: BTreeSet<Username> = call.members.iter().cloned().collect();
        self.check_members(&members)?;
        self.check_group_identity(&record)?;
        if self.is_so(&record, &members)? {
            return Ok(Answer::GroupMembers {
                added: Vec::new(),
                removed: Vec::new(),
            });
        }
        let recent = recent(&record, asked.now);
        let made = u32::try_from(recent.len()).unwrap_or(u32::MAX);
        if made >= self.policy.group_change_limit_per_hour {
            let first = recent.iter().min().copied().unwrap_or(asked.now);
            let wait = (first + CREATION_WINDOW - asked.now).clamp(1, CREATION_WINDOW);
            return Err(Refusal::RateLimited {
                message: format!("the members were changed {made} times within an hour"),
                retry_after: u32::try_from(wait).unwrap_or(1),
            });
        }
        let intent = Self::group_intent(&record, asked, GroupWork::SetMembers { members });
        self.carry_out_group(&intent, trail)
    }

    /// A group of the web's choosing must not reach anyone whom provisiond did not make.
    fn check_members(&self, members: &BTreeSet<Username>) -> Result<(), Refusal> {
        let wrong = |message| Refusal::InvalidArgument {
            field: "members",
            message,
        };
        if members.len() > MAX_GROUP_MEMBERS {
            return Err(wrong(format!("at most {MAX_GROUP_MEMBERS} members")));
        }
        self.store.read(|registry| {
            for member in members {
                let why = match registry.state(member) {
                    Some(AccountState::Active | AccountState::Suspended) => continue,
                    Some(AccountState::Locked) => "was never active",
                    Some(AccountState::Archived) => "is archived",
                    Some(AccountState::Removed) => "was removed",
                    None => "is not an account that provisiond made",
                };
                return Err(wrong(format!(
                    "{member} {why}: name only accounts that are active or suspended"
                )));
            }
            Ok(())
        })
    }

    /// Whether the registry and the host say it already.
    fn is_so(&self, record: &GroupRecord, members: &BTreeSet<Username>) -> Result<bool, Refusal> {
        let accounts = &self.host.accounts;
        let on_host = accounts.has_members(&record.name, record.gid, members);
        let on_host = on_host.map_err(|e| Refusal::Step {
            step: Step::Members,
            failure: e.into(),
        })?;
        Ok(record.members == *members && on_host)
    }

    pub(super) fn do_set_members(
        &self,
        record: GroupRecord,
        at: i64,
        wanted: &BTreeSet<Username>,
        trail: &mut Trail<'_>,
    ) -> Result<(GroupOutcome, Answer), Refusal> {
        let accounts = &self.host.accounts;
        // Once more: after a crash the settings may be others, and some members gone.
        self.check_group_identity(&record)?;
        let members = self.still_there(wanted);
        trail.step(Step::Members, || {
            accounts.set_members(&record.name, record.gid, &members)
        })?;
        let answer = Answer::GroupMembers {
            added: members.difference(&record.members).cloned().collect(),
            removed: record.members.difference(&members).cloned().collect(),
        };
        let mut recent_changes = recent(&record, at);
        recent_changes.push(at);
        let record = GroupRecord {
            members,
            recent_changes,
            ..record
        };
        Ok((GroupOutcome::Record(record), answer))
    }

    /// Those of them who have a Linux user.
    pub(super) fn still_there(&self, members: &BTreeSet<Username>) -> BTreeSet<Username> {
        let has_user =
            |state| matches!(state, Some(AccountState::Active | AccountState::Suspended));
        self.store.read(|registry| {
            let there = members.iter().filter(|m| has_user(registry.state(m)));
            there.cloned().collect()
        })
    }

    /// An account whose Linux user is gone is in no group any more. userdel(8) sees to that; this
    /// makes sure of it before the registry says so.
    pub(in crate::operations) fn leave_groups(
        &self,
        record: &Record,
        trail: &mut Trail<'_>,
    ) -> Result<(), Refusal> {
        let name = &record.username;
        let groups: Vec<GroupRecord> = self
            .store
            .read(|r| r.groups().of_member(name).cloned().collect());
        if groups.is_empty() {
            return Ok(());
        }
        let accounts = &self.host.accounts;
        trail.step(Step::Members, || {
            let mut groups = groups.iter();
            groups.try_for_each(|group| accounts.leave_group(&group.name, group.gid, name))
        })
    }
}

fn recent(record: &GroupRecord, now: i64) -> Vec<i64> {
    let recent = record.recent_changes.iter().copied();
    // Those of a clock that was ahead would count until that time comes.
    recent
        .filter(|at| *at > now - CREATION_WINDOW && *at <= now)
        .collect()
}
