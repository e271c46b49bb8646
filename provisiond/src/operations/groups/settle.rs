//! What becomes of an operation on a group that did not reach its end.

use provision_api::Step;

use super::super::refusal::{Failure, Refusal};
use super::super::spine::Operator;
use super::super::trail::Trail;
use crate::journal::{Event, GroupIntent, GroupWork};

impl Operator {
    /// The same for groups as for accounts; returns how many operations stayed open.
    pub(in crate::operations) fn recover_groups(&mut self) -> usize {
        let open: Vec<GroupIntent> = self.store.read(|r| r.groups().intents().cloned().collect());
        let mut left = 0;
        for intent in open {
            let span = tracing::info_span!("recover", request_id = %intent.request_id, group = %intent.name);
            let _entered = span.enter();
            if let Err(refusal) = self.settle_group(&intent, &mut Trail::new(&mut |_| ())) {
                left += 1;
                tracing::error!(?refusal, "an unfinished operation can't be settled now");
            }
        }
        left
    }

    /// Ends an operation that is still open: all of them are finished, for none lets anybody in who
    /// was not asked for. What can't be finished is taken back.
    pub(in crate::operations) fn settle_group(
        &mut self,
        intent: &GroupIntent,
        trail: &mut Trail<'_>,
    ) -> Result<(), Refusal> {
        tracing::warn!(work = ?intent.work, "{}: settling an unfinished operation", intent.name);
        match self.perform_group(intent, trail) {
            Ok((outcome, answer)) => self.finish_group(intent, outcome, answer, trail).map(drop),
            Err(refusal) => {
                let refusal = self.back_out_group(intent, refusal);
                let open =
                    |r: &crate::registry::Registry| r.groups().intent(&intent.name).is_some();
                if self.store.read(open) {
                    Err(refusal)
                } else {
                    Ok(())
                }
            }
        }
    }

    /// After a failed step: takes back what was done where that is the safe side, and says what
    /// the caller is told.
    pub(super) fn back_out_group(&mut self, intent: &GroupIntent, refusal: Refusal) -> Refusal {
        let undone = match &intent.work {
            // Half closed, or past the point of no return: stays on the books until it is done.
            GroupWork::Archive | GroupWork::Remove => return refusal,
            GroupWork::Create { .. } => self.undo_create_group(intent),
            GroupWork::SetMembers { .. } => self.members_as_before(intent),
            GroupWork::Restore => self.aside_again(intent),
        };
        if let Err(failure) = undone {
            tracing::error!(error = %failure, "what was done can't be undone now");
            return Failure::passing(format!("a step failed, and undoing it did too: {failure}"))
                .at(Step::Record);
        }
        let closed = self.commit(Event::Undone {
            request_id: intent.request_id,
        });
        closed.err().unwrap_or(refusal)
    }

    /// The registry's list again. Where someone took the group away, or gave its name to another,
    /// nothing was changed.
    fn members_as_before(&self, intent: &GroupIntent) -> Result<(), Failure> {
        let before = self.store.read(|r| r.groups().get(&intent.name).cloned());
        let group = self.host.accounts.group(intent.name.as_str())?;
        match (before, group) {
            (Some(record), Some(group)) if group.gid == record.gid => {
                let members = self.still_there(&record.members);
                let accounts = &self.host.accounts;
                Ok(accounts.set_members(&record.name, record.gid, &members)?)
            }
            _ => Ok(()),
        }
    }

    fn aside_again(&self, intent: &GroupIntent) -> Result<(), Failure> {
        Ok(self.host.shared_dirs.set_aside(&intent.name, intent.gid)?)
    }
}
