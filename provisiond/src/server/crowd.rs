use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections, in all and by uid.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    counts: Arc<Mutex<Counts>>,
    max: usize,
    max_per_uid: usize,
}

#[derive(Debug, Default)]
struct Counts {
    total: usize,
    by_uid: HashMap<u32, usize>,
}

/// How a new connection is dealt with. The ticket gives its place back when it is dropped.
#[derive(Debug)]
pub(super) enum Admission {
    /// Served.
    Served(Ticket),
    /// One call is read, to be refused by its name.
    Refused(Ticket),
    /// Not even that.
    Dropped,
}

/// A place in the crowd.
#[derive(Debug)]
pub(super) struct Ticket {
    counts: Arc<Mutex<Counts>>,
    uid: u32,
}

impl Crowd {
    pub(super) fn new(max: usize, max_per_uid: usize) -> Self {
        Self {
            counts: Arc::default(),
            max,
            max_per_uid,
        }
    }

    /// Takes a place for a connection. As many again as are served may wait to be refused; root
    /// is held by the total alone.
    pub(super) fn admit(&self, uid: u32) -> Admission {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let own = counts.by_uid.get(&uid).copied().unwrap_or(0);
        let own_max = if uid == 0 { self.max } else { self.max_per_uid };
        if counts.total >= self.max.saturating_mul(2) || own >= own_max.saturating_mul(2) {
            return Admission::Dropped;
        }
        let served = counts.total < self.max && own < own_max;
        counts.total += 1;
        counts.by_uid.insert(uid, own + 1);
        drop(counts);
        let ticket = Ticket {
            counts: Arc::clone(&self.counts),
            uid,
        };
        if served {
            Admission::Served(ticket)
        } else {
            Admission::Refused(ticket)
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        counts.total = counts.total.saturating_sub(1);
        if let Some(own) = counts.by_uid.get_mut(&self.uid) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                counts.by_uid.remove(&self.uid);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_uid_can_not_take_the_places_of_the_others() {
        let crowd = Crowd::new(10, 2);
        let mut held: Vec<_> = (0..2).map(|_| crowd.admit(7)).collect();
        assert!(held.iter().all(|a| matches!(a, Admission::Served(_))));
        held.extend((0..2).map(|_| crowd.admit(7)));
        assert!(matches!(held[3], Admission::Refused(_)));
        assert!(matches!(crowd.admit(7), Admission::Dropped));
        assert!(matches!(crowd.admit(8), Admission::Served(_)));
        drop(held);
        assert!(matches!(crowd.admit(7), Admission::Served(_)));
    }

    #[test]
    fn the_total_holds_for_everyone() {
        let crowd = Crowd::new(3, 2);
        let held: Vec<_> = (0..3).map(|uid| crowd.admit(uid)).collect();
        assert!(held.iter().all(|a| matches!(a, Admission::Served(_))));
        assert!(matches!(crowd.admit(9), Admission::Refused(_)));
    }
}
