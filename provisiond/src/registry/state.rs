use std::collections::{BTreeMap, HashMap, VecDeque};

use provision_api::{RegistrationId, RequestId, Username};

use super::{Record, Tombstone};
use crate::journal::{Answered, Event, Intent, Outcome, Work};

/// The window of the hourly caps, in seconds.
pub const CREATION_WINDOW: i64 = 3600;

/// How long an answer is remembered, in seconds: three times the life of an unverified
/// registration, so longer than any caller keeps asking.
const ANSWERS_KEPT: i64 = 3 * 24 * 3600;

/// How many answers are remembered at most, so that a flood can't fill the memory.
const MAX_ANSWERS: usize = 20_000;

/// Everything that the journal says, ready to be asked.
#[derive(Debug, Default)]
pub struct Registry {
    accounts: BTreeMap<Username, Record>,
    by_registration: HashMap<RegistrationId, Username>,
    tombstones: BTreeMap<Username, Tombstone>,
    intents: BTreeMap<Username, Intent>,
    answers: HashMap<RequestId, Answered>,
    answer_order: VecDeque<(i64, RequestId)>,
    creations: VecDeque<i64>,
    next_uid: u32,
}

impl Registry {
    /// Takes in one event.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Head { next_uid, .. } => self.next_uid = self.next_uid.max(next_uid),
            Event::Begun(intent) => {
                self.use_up(intent.uid);
                if matches!(intent.work, Work::Create { .. }) {
                    self.creations.push_back(intent.at);
                }
                self.intents.insert(intent.username.clone(), intent);
            }
            Event::Done { answered, outcome } => {
                self.end_intent(answered.request_id);
                self.keep(outcome);
                self.remember(answered);
            }
            Event::Undone { request_id } => self.end_intent(request_id),
            Event::Created { at } => self.creations.push_back(at),
            Event::Kept(outcome) => self.keep(outcome),
            Event::Answered(answered) => self.remember(answered),
        }
    }

    fn keep(&mut self, outcome: Outcome) {
        match outcome {
            Outcome::Record(record) => {
                self.use_up(record.uid);
                self.by_registration
                    .insert(record.registration_id, record.username.clone());
                self.accounts.insert(record.username.clone(), record);
            }
            Outcome::Dropped(username) => self.forget(&username),
            Outcome::Buried(tombstone) => {
                self.use_up(tombstone.uid);
                self.forget(&tombstone.username);
                self.tombstones
                    .insert(tombstone.username.clone(), tombstone);
            }
        }
    }

    fn forget(&mut self, username: &Username) {
        if let Some(record) = self.accounts.remove(username) {
            self.by_registration.remove(&record.registration_id);
        }
    }

    fn use_up(&mut self, uid: u32) {
        self.next_uid = self.next_uid.max(uid.saturating_add(1));
    }

    fn end_intent(&mut self, request_id: RequestId) {
        self.intents.retain(|_, i| i.request_id != request_id);
    }

    fn remember(&mut self, answered: Answered) {
        let newest = answered.at;
        self.answer_order.push_back((newest, answered.request_id));
        self.answers.insert(answered.request_id, answered);
        while let Some((at, id)) = self.answer_order.front().copied() {
            if at > newest - ANSWERS_KEPT && self.answer_order.len() <= MAX_ANSWERS {
                break;
            }
            self.answer_order.pop_front();
            self.answers.remove(&id);
        }
    }

    /// The account of that name, archived ones too.
    #[must_use]
    pub fn account(&self, username: &Username) -> Option<&Record> {
        self.accounts.get(username)
    }

    /// The name of the account made for a registration.
    #[must_use]
    pub fn name_of(&self, registration: RegistrationId) -> Option<&Username> {
        self.by_registration.get(&registration)
    }

    /// What is left of a removed account of that name.
    #[must_use]
    pub fn tombstone(&self, username: &Username) -> Option<&Tombstone> {
        self.tombstones.get(username)
    }

    /// All accounts, in name order.
    pub fn accounts(&self) -> impl Iterator<Item = &Record> {
        self.accounts.values()
    }

    /// The accounts whose names come after `after`, in name order.
    pub fn accounts_after(&self, after: Option<&Username>) -> impl Iterator<Item = &Record> {
        use std::ops::Bound;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.accounts
            .range((from, Bound::Unbounded))
            .map(|(_, record)| record)
    }

    /// How many accounts there are, tombstones not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.accounts.len()
    }

    /// Whether there is no account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.accounts.is_empty()
    }

    /// The unfinished operation on that name.
    #[must_use]
    pub fn intent(&self, username: &Username) -> Option<&Intent> {
        self.intents.get(username)
    }

    /// All unfinished operations.
    pub fn intents(&self) -> impl Iterator<Item = &Intent> {
        self.intents.values()
    }

    /// The answer that a call got before.
    #[must_use]
    pub fn answer(&self, request: RequestId) -> Option<&Answered> {
        self.answers.get(&request)
    }

    /// The smallest uid that was never given out, and is not below `min`.
    #[must_use]
    pub fn next_uid(&self, min: u32) -> u32 {
        self.next_uid.max(min)
    }

    /// How many accounts were begun in the hour before `now`, and in how many seconds the first
    /// of them leaves the window.
    #[must_use]
    pub fn creations(&self, now: i64) -> (u32, u32) {
        let recent = || {
            self.creations
                .iter()
                .filter(|at| **at > now - CREATION_WINDOW)
        };
        let first = recent().min().copied().unwrap_or(now);
        let wait = (first + CREATION_WINDOW - now).clamp(1, CREATION_WINDOW);
        (
            u32::try_from(recent().count()).unwrap_or(u32::MAX),
            u32::try_from(wait).unwrap_or(1),
        )
    }

    /// Drops creations that no cap counts any more.
    pub fn forget_creations_before(&mut self, time: i64) {
        self.creations.retain(|at| *at > time);
    }

    /// The events that give this registry again.
    pub fn snapshot(&self) -> impl Iterator<Item = Event> {
        let head = Event::Head {
            format: 1,
            next_uid: self.next_uid,
        };
        let tombstones = self.tombstones.values().cloned().map(Outcome::Buried);
        let accounts = self.accounts.values().cloned().map(Outcome::Record);
        let answers = self
            .answer_order
            .iter()
            .filter_map(|(_, id)| self.answers.get(id))
            .cloned();
        // A creation that is under way counts itself when its intent is replayed.
        let creations = self.creations.iter().filter(|at| {
            !self
                .intents
                .values()
                .any(|i| i.at == **at && matches!(i.work, Work::Create { .. }))
        });
        std::iter::once(head)
            .chain(tombstones.chain(accounts).map(Event::Kept))
            .chain(answers.map(Event::Answered))
            .chain(creations.map(|at| Event::Created { at: *at }))
            .chain(self.intents.values().cloned().map(Event::Begun))
    }

    /// About how many lines [`snapshot`](Self::snapshot) writes.
    #[must_use]
    pub fn snapshot_len(&self) -> usize {
        1 + self.accounts.len() + self.tombstones.len() + self.answers.len() + self.creations.len()
    }
}
