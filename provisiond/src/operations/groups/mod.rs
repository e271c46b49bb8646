//! Groups of organisations. Each call goes the way of those on accounts: judge, write the intent,
//! act, check what came of it, answer.
//!
//! A caller reaches only what `CreateGroup` made: the registry of groups is the only way to a name
//! and a number here, and neither a user's own group nor one of the host is in it.

mod create;
mod members;
mod settle;
mod turn;

use provision_api::{GroupName, GroupState, Method, Step};

use super::refusal::{Failure, Refusal};
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Answer, Answered, Event, GroupEvent, GroupIntent, GroupOutcome, GroupWork};
use crate::registry::GroupRecord;
use turn::Turn;

impl Operator {
    /// Carries out one call on a group. A repeated call was answered before this.
    pub(super) fn change_group(
        &mut self,
        name: &GroupName,
        method: &Method,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Answer, Refusal> {
        if let Some(intent) = self.store.read(|r| r.groups().intent(name).cloned()) {
            self.settle_group(&intent, trail)?;
            if let Some(answer) = self.recall(asked)? {
                return Ok(answer);
            }
        }
        match method {
            Method::CreateGroup(call) => self.create_group(&call.name, asked, trail),
            Method::SetGroupMembers(call) => self.set_group_members(call, asked, trail),
            Method::ArchiveGroup(call) => self.turn_group(Turn::Archive, &call.name, asked, trail),
            Method::RestoreGroup(call) => self.turn_group(Turn::Restore, &call.name, asked, trail),
            Method::RemoveGroup(call) => self.turn_group(Turn::Remove, &call.name, asked, trail),
            _ => Err(Refusal::changes_nothing()),
        }
    }

    /// The group of that name, as far as it is provisiond's.
    fn group(&self, name: &GroupName) -> Result<GroupRecord, Refusal> {
        self.store.read(|r| match r.groups().get(name) {
            Some(record) => Ok(record.clone()),
            None if r.groups().is_buried(name) => Err(Refusal::WrongGroupState {
                name: name.clone(),
                state: GroupState::Removed,
                message: "it was removed".into(),
            }),
            None => Err(Refusal::NoSuchGroup(name.clone())),
        })
    }

    /// Refuses to go on unless the host's group of that name is the one that provisiond made, and
    /// the admin has not made it one with power since.
    fn check_group_identity(&self, record: &GroupRecord) -> Result<(), Refusal> {
        let name = &record.name;
        if self.policy.is_privileged(name.as_str()) {
            return Err(Failure::lasting(format!(
                "the settings of this host name {name} as a group with privileges; change it as root"
            ))
            .at(Step::Group));
        }
        let group = self.host.accounts.group(name.as_str());
        let group = group.map_err(|e| Failure::from(e).at(Step::Group))?;
        let why = match group {
            Some(g) if g.gid == record.gid && self.policy.uids.contains(&g.gid) => return Ok(()),
            Some(_) => "is not the one that provisiond made: it has another number",
            None => "is gone; someone deleted it without provisiond",
        };
        Err(Failure::lasting(format!("the host's group {name} {why}")).at(Step::Group))
    }

    fn group_intent(record: &GroupRecord, asked: Asked, work: GroupWork) -> GroupIntent {
        GroupIntent {
            request_id: asked.request_id,
            fingerprint: asked.fingerprint,
            at: asked.now,
            name: record.name.clone(),
            gid: record.gid,
            work,
        }
    }

    /// Writes the intent down, does the work, records the outcome; or takes back what was done.
    fn carry_out_group(
        &mut self,
        intent: &GroupIntent,
        trail: &mut Trail<'_>,
    ) -> Result<Answer, Refusal> {
        self.commit(Event::Group(GroupEvent::Begun(intent.clone())))?;
        match self.perform_group(intent, trail) {
            Ok((outcome, answer)) => self.finish_group(intent, outcome, answer, trail),
            Err(refusal) => Err(self.back_out_group(intent, refusal)),
        }
    }

    /// The effects of an intent. Each step is true already or becomes so; doing all of it again
    /// after a crash does no harm.
    fn perform_group(
        &self,
        intent: &GroupIntent,
        trail: &mut Trail<'_>,
    ) -> Result<(GroupOutcome, Answer), Refusal> {
        if let GroupWork::Create { directory } = &intent.work {
            return self.do_create_group(intent, directory, trail);
        }
        let record = self.group(&intent.name)?;
        match &intent.work {
            GroupWork::Create { .. } | GroupWork::Restore => self.do_restore_group(record, trail),
            GroupWork::SetMembers { members } => {
                self.do_set_members(record, intent.at, members, trail)
            }
            GroupWork::Archive => self.do_archive_group(record, trail),
            GroupWork::Remove => self.do_remove_group(&record, intent.at, trail),
        }
    }

    /// Records the outcome: the commit of the operation.
    fn finish_group(
        &mut self,
        intent: &GroupIntent,
        outcome: GroupOutcome,
        answer: Answer,
        trail: &mut Trail<'_>,
    ) -> Result<Answer, Refusal> {
        let answered = Answered {
            request_id: intent.request_id,
            fingerprint: intent.fingerprint,
            at: intent.at,
            answer: answer.clone(),
        };
        let store = &mut self.store;
        trail.step(Step::Record, || {
            store.commit(Event::Group(GroupEvent::Done { answered, outcome }))
        })?;
        Ok(answer)
    }
}

fn wrong_state(record: &GroupRecord, message: &str) -> Refusal {
    Refusal::WrongGroupState {
        name: record.name.clone(),
        state: record.state,
        message: message.to_owned(),
    }
}
