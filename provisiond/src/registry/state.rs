use std::collections::BTreeMap;

use provision_api::{AccountState, RegistrationId, RequestId, Username};

use super::answers::Answers;
use super::index::{Entry, Index};
use super::recent::Recent;
use super::{Groups, Record};
use crate::journal::{
    Answered, Event, GroupEvent, Intent, JournalError, Lines, Outcome, Place, Work,
};

/// The window of the hourly caps, in seconds.
pub const CREATION_WINDOW: i64 = 3600;

/// Everything that the journal says, ready to be asked. In memory stands where to look: a record or
/// an answer is read from the journal when it is asked for.
#[derive(Debug)]
pub struct Registry {
    lines: Lines,
    index: Index,
    answers: Answers,
    intents: BTreeMap<Username, Intent>,
    creations: Recent,
    groups: Groups,
    next_uid: u32,
}

impl Registry {
    /// Nothing yet; what is taken in later is read from there.
    #[must_use]
    pub fn new(lines: Lines) -> Self {
        Self {
            lines,
            index: Index::default(),
            answers: Answers::default(),
            intents: BTreeMap::new(),
            creations: Recent::default(),
            groups: Groups::default(),
            next_uid: 0,
        }
    }

    /// Takes in one event, which stands at that place of the journal.
    pub fn apply(&mut self, event: Event, place: Place) {
        match event {
            Event::Head { next_uid, .. } => self.next_uid = self.next_uid.max(next_uid),
            Event::Begun(intent) => {
                self.use_up(intent.uid);
                if matches!(intent.work, Work::Create { .. }) {
                    self.creations.note(intent.at);
                }
                self.intents.insert(intent.username.clone(), intent);
            }
            Event::Done { answered, outcome } => {
                self.end_intent(answered.request_id);
                self.keep(&outcome, place);
                self.remember(&answered, place);
            }
            Event::Undone { request_id } => self.end_intent(request_id),
            Event::Created { at } => self.creations.put(at),
            Event::Kept(outcome) => self.keep(&outcome, place),
            Event::Answered(answered) => self.remember(&answered, place),
            Event::Group(event) => {
                if let GroupEvent::Done { answered, .. } = &event {
                    self.remember(answered, place);
                }
                if let Some(gid) = self.groups.apply(event) {
                    self.use_up(gid);
                }
            }
        }
    }

    fn keep(&mut self, outcome: &Outcome, place: Place) {
        match outcome {
            Outcome::Record(record) => {
                self.use_up(record.uid);
                let entry = Entry::new(place, record.state, record.registration_id);
                self.index.put(&record.username, entry);
                if record.state == AccountState::Archived {
                    self.groups.leave(&record.username);
                }
            }
            Outcome::Dropped(username) => {
                self.index.remove(username);
                self.groups.leave(username);
            }
            Outcome::Buried(tombstone) => {
                self.use_up(tombstone.uid);
                self.index.put(&tombstone.username, Entry::buried(place));
                self.groups.leave(&tombstone.username);
            }
        }
    }

    fn use_up(&mut self, uid: u32) {
        self.next_uid = self.next_uid.max(uid.saturating_add(1));
    }

    fn end_intent(&mut self, request_id: RequestId) {
        self.intents.retain(|_, i| i.request_id != request_id);
        self.groups.end_intent(request_id);
    }

    fn remember(&mut self, answered: &Answered, place: Place) {
        self.answers
            .remember(answered.request_id, answered.at, place);
    }

    /// The account of that name, archived ones too.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn account(&self, username: &Username) -> Result<Option<Record>, JournalError> {
        let entry = self.index.get(username).filter(|e| e.is_account());
        entry
            .map(|entry| self.record(username.as_str(), entry))
            .transpose()
    }

    /// The record that the index has at that place: of that name, or the index is wrong.
    fn record(&self, name: &str, entry: Entry) -> Result<Record, JournalError> {
        match outcome(self.lines.read(entry.place)?) {
            Some(Outcome::Record(record)) if record.username.as_str() == name => Ok(record),
            _ => Err(self.lines.damaged(entry.place)),
        }
    }

    /// The state of the account of that name, or `Removed` for a tombstone; nothing is read.
    #[must_use]
    pub fn state(&self, username: &Username) -> Option<AccountState> {
        self.index.get(username).map(|entry| entry.state)
    }

    /// The name of the account made for a registration.
    ///
    /// # Errors
    /// A record can't be read.
    pub fn name_of(&self, registration: RegistrationId) -> Result<Option<Username>, JournalError> {
        let candidates = self.index.entries();
        for (name, entry) in candidates.filter(|(_, e)| e.may_be_of(registration)) {
            let record = self.record(name, entry)?;
            if record.registration_id == registration {
                return Ok(Some(record.username));
            }
        }
        Ok(None)
    }

    /// Whether the account of that name was made for that registration.
    ///
    /// # Errors
    /// The record can't be read.
    pub fn is_of(
        &self,
        username: &Username,
        registration: RegistrationId,
    ) -> Result<bool, JournalError> {
        let entry = self.index.get(username);
        if !entry.is_some_and(|e| e.may_be_of(registration)) {
            return Ok(false);
        }
        let record = self.account(username)?;
        Ok(record.is_some_and(|r| r.registration_id == registration))
    }

    /// Names and states of all accounts, in name order; nothing is read.
    pub fn states(&self) -> impl Iterator<Item = (Username, AccountState)> {
        let accounts = self.index.after(None).filter(|(_, e)| e.is_account());
        accounts.filter_map(|(name, e)| Some((Username::parse(name).ok()?, e.state)))
    }

    /// The accounts whose names come after `after`, in name order. One that can't be read is an
    /// error in its place.
    pub fn accounts_after(
        &self,
        after: Option<&Username>,
    ) -> impl Iterator<Item = Result<Record, JournalError>> {
        let accounts = self.index.after(after).filter(|(_, e)| e.is_account());
        accounts.map(|(name, entry)| self.record(name, entry))
    }

    /// How many accounts there are, tombstones not counted.
    #[must_use]
    pub fn len(&self) -> usize {
        let accounts = self.index.entries().filter(|(_, e)| e.is_account());
        accounts.count()
    }

    /// Whether there is no account.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many accounts are in that state.
    #[must_use]
    pub fn count(&self, state: AccountState) -> usize {
        let accounts = self.index.entries().filter(|(_, e)| e.state == state);
        accounts.count()
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

    /// The groups of organisations.
    #[must_use]
    pub fn groups(&self) -> &Groups {
        &self.groups
    }

    /// The answer that a call got before.
    ///
    /// # Errors
    /// It can't be read.
    pub fn answer(&self, request: RequestId) -> Result<Option<Answered>, JournalError> {
        let place = self.answers.place_of(request);
        place.map(|place| self.answer_at(place)).transpose()
    }

    fn answer_at(&self, place: Place) -> Result<Answered, JournalError> {
        match self.lines.read(place)? {
            Event::Done { answered, .. }
            | Event::Answered(answered)
            | Event::Group(GroupEvent::Done { answered, .. }) => Ok(answered),
            _ => Err(self.lines.damaged(place)),
        }
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
        self.creations.within(now)
    }

    /// Drops creations that no cap counts any more.
    pub fn forget_creations_before(&mut self, time: i64) {
        self.creations.forget_before(time);
        self.groups.forget_creations_before(time);
    }

    /// The events that give this registry again; [`moved`](Self::moved) takes their places, in the
    /// same order.
    pub fn snapshot(&self) -> impl Iterator<Item = Result<Event, JournalError>> {
        let head = Event::Head {
            format: 1,
            next_uid: self.next_uid,
        };
        // In name order, so that the next start appends to its index and never inserts.
        let kept = self.index.after(None).map(|(_, entry)| {
            let kept = outcome(self.lines.read(entry.place)?);
            kept.map(Event::Kept)
                .ok_or_else(|| self.lines.damaged(entry.place))
        });
        let answers = self.answers.places();
        let answers = answers.map(|place| self.answer_at(place).map(Event::Answered));
        let made = |i: &&Intent| matches!(i.work, Work::Create { .. });
        let under_way = self.intents.values().filter(made).map(|i| i.at);
        let creations = self.creations.over(under_way);
        std::iter::once(Ok(head))
            .chain(kept)
            .chain(answers)
            .chain(creations.map(|at| Ok(Event::Created { at })))
            .chain(self.intents.values().cloned().map(Event::Begun).map(Ok))
            .chain(self.groups.snapshot().map(Event::Group).map(Ok))
    }

    /// Reads from a new journal from now on, in which the events of the snapshot stand there.
    pub fn moved(&mut self, lines: Lines, places: &[Place]) {
        self.lines = lines;
        // The first line is the head.
        let mut places = places.iter().copied().skip(1);
        self.index.moved(&mut places);
        self.answers.moved(&mut places);
    }

    /// About how many lines [`snapshot`](Self::snapshot) writes.
    #[must_use]
    pub fn snapshot_len(&self) -> usize {
        let creations = self.creations.times().count();
        let accounts = 1 + self.index.len() + self.answers.len() + creations;
        accounts + self.groups.snapshot_len()
    }
}

fn outcome(event: Event) -> Option<Outcome> {
    match event {
        Event::Done { outcome, .. } | Event::Kept(outcome) => Some(outcome),
        _ => None,
    }
}
