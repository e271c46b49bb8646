//! The admin's calls that turn a group from one state into another.

use std::collections::BTreeSet;

use provision_api::{GroupName, GroupState, Step};

use super::super::refusal::{Failure, Refusal};
use super::super::spine::{Asked, Operator};
use super::super::trail::Trail;
use super::wrong_state;
use crate::journal::{Answer, GroupOutcome, GroupWork};
use crate::registry::{GroupRecord, GroupTombstone};

/// One of these calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    Archive,
    Restore,
    Remove,
}

impl Turn {
    /// The state that it begins in, the one that it ends in, and what is said in any other.
    fn rule(self) -> (GroupState, GroupState, &'static str) {
        use GroupState::{Active, Archived, Removed};
        match self {
            Self::Archive => (Active, Archived, "only an active group is archived"),
            Self::Restore => (Archived, Active, "only an archived group is restored"),
            Self::Remove => (Archived, Removed, "archive it first"),
        }
    }

    fn work(self) -> GroupWork {
        match self {
            Self::Archive => GroupWork::Archive,
            Self::Restore => GroupWork::Restore,
            Self::Remove => GroupWork::Remove,
        }
    }
}

impl Operator {
    /// Judges the call, and carries it out if the group is not there already.
    pub(super) fn turn_group(
        &mut self,
        turn: Turn,
        name: &GroupName,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Answer, Refusal> {
        let record = self.group(name)?;
        let (from, to, otherwise) = turn.rule();
        if record.state == to {
            return Ok(Answer::Group(record.to_group()));
        }
        if record.state != from {
            return Err(wrong_state(&record, otherwise));
        }
        self.check_group_identity(&record)?;
        // Before anything is written down: what can't be done with this directory would stay on the
        // books for good.
        let in_place = self.host.shared_dirs.is_in_place(name, record.gid);
        in_place.map_err(|e| Failure::from(e).at(Step::Directory))?;
        let intent = Self::group_intent(&record, asked, turn.work());
        self.carry_out_group(&intent, trail)
    }

    pub(super) fn do_archive_group(
        &self,
        record: GroupRecord,
        trail: &mut Trail<'_>,
    ) -> Result<(GroupOutcome, Answer), Refusal> {
        self.put_aside(&record.name, record.gid, trail)?;
        Ok(turned(GroupRecord {
            state: GroupState::Archived,
            members: BTreeSet::new(),
            ..record
        }))
    }

    fn put_aside(&self, name: &GroupName, gid: u32, trail: &mut Trail<'_>) -> Result<(), Refusal> {
        let host = &self.host;
        let nobody = BTreeSet::new();
        trail.step(Step::Members, || {
            host.accounts.set_members(name, gid, &nobody)
        })?;
        trail.step(Step::Directory, || host.shared_dirs.set_aside(name, gid))
    }

    pub(super) fn do_restore_group(
        &self,
        record: GroupRecord,
        trail: &mut Trail<'_>,
    ) -> Result<(GroupOutcome, Answer), Refusal> {
        let dirs = &self.host.shared_dirs;
        trail.step(Step::Directory, || {
            dirs.bring_back(&record.name, record.gid)
        })?;
        Ok(turned(GroupRecord {
            state: GroupState::Active,
            ..record
        }))
    }

    pub(super) fn do_remove_group(
        &self,
        record: &GroupRecord,
        at: i64,
        trail: &mut Trail<'_>,
    ) -> Result<(GroupOutcome, Answer), Refusal> {
        let (host, name, gid) = (&self.host, &record.name, record.gid);
        trail.step(Step::DeleteFiles, || host.shared_dirs.delete(name, gid))?;
        trail.step(Step::Group, || host.accounts.delete_group(name, gid))?;
        let tombstone = GroupTombstone {
            name: name.clone(),
            gid,
            removed_at: at,
        };
        let mut group = record.to_group();
        group.state = GroupState::Removed;
        Ok((GroupOutcome::Buried(tombstone), Answer::Group(group)))
    }
}

fn turned(record: GroupRecord) -> (GroupOutcome, Answer) {
    let answer = Answer::Group(record.to_group());
    (GroupOutcome::Record(record), answer)
}
