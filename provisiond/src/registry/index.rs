use provision_api::{AccountState, RegistrationId, Username};

use crate::journal::Place;

/// How many bits of a slot hold the place; the state stands above them.
const PLACE_BITS: u32 = 56;
const PLACE_MASK: u64 = (1 << PLACE_BITS) - 1;

/// Which names there are, in what state, and where in the journal the rest stands: about 30 bytes
/// an account, because a host may have tens of thousands and the daemon is idle most of its life.
#[derive(Debug, Default)]
pub(super) struct Index {
    slots: Vec<Slot>,
    /// Positions in `slots`, in name order.
    order: Vec<u32>,
    /// Every name once: a byte for its length, then the name. What a dropped name leaves is reused
    /// by nobody; a start leaves it out.
    names: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// State and place.
    packed: u64,
    /// Hash of the registration's id.
    registration: u32,
    /// Where the name stands in `names`.
    name: u32,
}

/// What the index knows of one name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where the line with the record, or the tombstone, begins.
    pub place: Place,
    /// `Removed` for a tombstone.
    pub state: AccountState,
    registration: u32,
}

impl Entry {
    pub(super) fn new(place: Place, state: AccountState, registration: RegistrationId) -> Self {
        let registration = hash(registration);
        Self {
            place,
            state,
            registration,
        }
    }

    pub(super) fn buried(place: Place) -> Self {
        Self {
            place,
            state: AccountState::Removed,
            registration: 0,
        }
    }

    pub(super) fn is_account(self) -> bool {
        self.state != AccountState::Removed
    }

    /// Whether it may be of that registration; the record says for sure.
    pub(super) fn may_be_of(self, registration: RegistrationId) -> bool {
        self.is_account() && self.registration == hash(registration)
    }
}

impl Index {
    pub(super) fn get(&self, name: &Username) -> Option<Entry> {
        let position = self.search(name).ok()?;
        self.slot_in_order(position).map(entry)
    }

    /// Sets what is known of a name.
    pub(super) fn put(&mut self, name: &Username, entry: Entry) {
        let packed = pack(entry.place, entry.state);
        let registration = entry.registration;
        match self.search(name) {
            Ok(position) => {
                let number = self.order.get(position).copied().unwrap_or(u32::MAX);
                if let Some(slot) = self.slots.get_mut(number as usize) {
                    (slot.packed, slot.registration) = (packed, registration);
                }
            }
            Err(position) => {
                let text = name.as_str().as_bytes();
                // A name has at most 32 bytes, and uids, so accounts, fit into 32 bits.
                let at = u32::try_from(self.names.len()).unwrap_or(u32::MAX);
                self.names.push(u8::try_from(text.len()).unwrap_or(u8::MAX));
                self.names.extend_from_slice(text);
                let number = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
                self.slots.push(Slot {
                    packed,
                    registration,
                    name: at,
                });
                self.order.insert(position, number);
            }
        }
    }

    /// Forgets a name.
    pub(super) fn remove(&mut self, name: &Username) {
        let Ok(position) = self.search(name) else {
            return;
        };
        let number = self.order.remove(position);
        let last = u32::try_from(self.slots.len().saturating_sub(1)).unwrap_or(u32::MAX);
        if (number as usize) < self.slots.len() {
            self.slots.swap_remove(number as usize);
        }
        // The last slot has taken its place.
        if let Some(moved) = self.order.iter_mut().find(|n| **n == last) {
            *moved = number;
        }
    }

    /// What comes after a name, in name order.
    pub(super) fn after(
        &self,
        name: Option<&Username>,
    ) -> impl Iterator<Item = (&str, Entry)> + use<'_> {
        let from = name.map_or(0, |name| match self.search(name) {
            Ok(position) => position + 1,
            Err(position) => position,
        });
        let rest = self.order.get(from..).unwrap_or_default();
        rest.iter()
            .filter_map(|number| self.slots.get(*number as usize))
            .map(|slot| (self.name(slot), entry(slot)))
    }

    /// Everything, in no order.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&str, Entry)> {
        self.slots.iter().map(|slot| (self.name(slot), entry(slot)))
    }

    /// Gives each entry, in name order, a new place.
    pub(super) fn moved(&mut self, places: &mut impl Iterator<Item = Place>) {
        for (number, place) in self.order.iter().zip(places) {
            if let Some(slot) = self.slots.get_mut(*number as usize) {
                slot.packed = (slot.packed & !PLACE_MASK) | (place.offset() & PLACE_MASK);
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    fn search(&self, name: &Username) -> Result<usize, usize> {
        let name = name.as_str();
        // Names come in order from a journal that was written anew.
        if let Some(last) = self.order.len().checked_sub(1)
            && self
                .slot_in_order(last)
                .is_some_and(|s| self.name(s) < name)
        {
            return Err(self.order.len());
        }
        self.order.binary_search_by(|number| {
            let slot = self.slots.get(*number as usize);
            slot.map_or("", |slot| self.name(slot)).cmp(name)
        })
    }

    fn slot_in_order(&self, position: usize) -> Option<&Slot> {
        self.slots.get(*self.order.get(position)? as usize)
    }

    fn name(&self, slot: &Slot) -> &str {
        let from = slot.name as usize;
        let length = self.names.get(from).copied().unwrap_or_default();
        let bytes = self.names.get(from + 1..from + 1 + usize::from(length));
        std::str::from_utf8(bytes.unwrap_or_default()).unwrap_or_default()
    }
}

fn entry(slot: &Slot) -> Entry {
    Entry {
        place: Place::at(slot.packed & PLACE_MASK),
        state: match slot.packed >> PLACE_BITS {
            0 => AccountState::Locked,
            1 => AccountState::Active,
            2 => AccountState::Suspended,
            3 => AccountState::Archived,
            _ => AccountState::Removed,
        },
        registration: slot.registration,
    }
}

fn pack(place: Place, state: AccountState) -> u64 {
    let state: u64 = match state {
        AccountState::Locked => 0,
        AccountState::Active => 1,
        AccountState::Suspended => 2,
        AccountState::Archived => 3,
        AccountState::Removed => 4,
    };
    (state << PLACE_BITS) | (place.offset() & PLACE_MASK)
}

/// All four words of the id together; UUIDs of one moment differ in their last ones.
fn hash(registration: RegistrationId) -> u32 {
    let id = registration.uuid().as_u128();
    let words = [id, id >> 32, id >> 64, id >> 96];
    #[expect(clippy::cast_possible_truncation, reason = "one word at a time")]
    words.iter().fold(0, |sum, word| sum ^ *word as u32)
}
