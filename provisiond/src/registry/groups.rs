use std::collections::BTreeMap;

use provision_api::{GroupName, RequestId, Username};

use super::recent::Recent;
use super::{GroupRecord, GroupTombstone};
use crate::journal::{GroupEvent, GroupIntent, GroupOutcome, GroupWork};

/// The groups of organisations, whole and in memory: a host has few of them.
#[derive(Debug, Default)]
pub struct Groups {
    known: BTreeMap<GroupName, Known>,
    intents: BTreeMap<GroupName, GroupIntent>,
    creations: Recent,
}

/// What is known of one name.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Known {
    Live(GroupRecord),
    Buried(GroupTombstone),
}

impl Groups {
    /// Takes in one event; the number that it uses up.
    pub(super) fn apply(&mut self, event: GroupEvent) -> Option<u32> {
        match event {
            GroupEvent::Begun(intent) => {
                let gid = intent.gid;
                if matches!(intent.work, GroupWork::Create { .. }) {
                    self.creations.note(intent.at);
                }
                self.intents.insert(intent.name.clone(), intent);
                Some(gid)
            }
            GroupEvent::Done { answered, outcome } => {
                self.end_intent(answered.request_id);
                Some(self.keep(outcome))
            }
            GroupEvent::Kept(outcome) => Some(self.keep(outcome)),
            GroupEvent::Created { at } => {
                self.creations.put(at);
                None
            }
        }
    }

    fn keep(&mut self, outcome: GroupOutcome) -> u32 {
        let (name, known, gid) = match outcome {
            GroupOutcome::Record(r) => (r.name.clone(), Known::Live(r.clone()), r.gid),
            GroupOutcome::Buried(t) => (t.name.clone(), Known::Buried(t.clone()), t.gid),
        };
        self.known.insert(name, known);
        gid
    }

    pub(super) fn end_intent(&mut self, request_id: RequestId) {
        self.intents.retain(|_, i| i.request_id != request_id);
    }

    /// An account that has no Linux user any more is in no group.
    pub(super) fn leave(&mut self, member: &Username) {
        for known in self.known.values_mut() {
            if let Known::Live(record) = known {
                record.members.remove(member);
            }
        }
    }

    pub(super) fn forget_creations_before(&mut self, time: i64) {
        self.creations.forget_before(time);
    }

    /// The group of that name, archived ones too.
    #[must_use]
    pub fn get(&self, name: &GroupName) -> Option<&GroupRecord> {
        match self.known.get(name) {
            Some(Known::Live(record)) => Some(record),
            _ => None,
        }
    }

    /// Whether there is any group, archived ones too.
    #[must_use]
    pub fn is_any_live(&self) -> bool {
        let mut known = self.known.values();
        known.any(|known| matches!(known, Known::Live(_)))
    }

    /// Whether a group of that name was removed.
    #[must_use]
    pub fn is_buried(&self, name: &GroupName) -> bool {
        matches!(self.known.get(name), Some(Known::Buried(_)))
    }

    /// The groups that an account is in.
    pub fn of_member(&self, member: &Username) -> impl Iterator<Item = &GroupRecord> {
        self.known.values().filter_map(move |known| match known {
            Known::Live(record) if record.members.contains(member) => Some(record),
            _ => None,
        })
    }

    /// The unfinished operation on that name.
    #[must_use]
    pub fn intent(&self, name: &GroupName) -> Option<&GroupIntent> {
        self.intents.get(name)
    }

    /// All unfinished operations.
    pub fn intents(&self) -> impl Iterator<Item = &GroupIntent> {
        self.intents.values()
    }

    /// How many groups were begun in the hour before `now`, and in how many seconds the first of
    /// them leaves the window.
    #[must_use]
    pub fn creations(&self, now: i64) -> (u32, u32) {
        self.creations.within(now)
    }

    /// The events that give all of this again.
    pub(super) fn snapshot(&self) -> impl Iterator<Item = GroupEvent> {
        let kept = self.known.values().cloned().map(|known| {
            GroupEvent::Kept(match known {
                Known::Live(record) => GroupOutcome::Record(record),
                Known::Buried(tombstone) => GroupOutcome::Buried(tombstone),
            })
        });
        let made = |i: &&GroupIntent| matches!(i.work, GroupWork::Create { .. });
        let under_way = self.intents.values().filter(made).map(|i| i.at);
        let creations = self.creations.over(under_way);
        kept.chain(creations.map(|at| GroupEvent::Created { at }))
            .chain(self.intents.values().cloned().map(GroupEvent::Begun))
    }

    pub(super) fn snapshot_len(&self) -> usize {
        self.known.len() + self.creations.times().count()
    }
}
