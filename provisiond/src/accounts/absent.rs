//! Names that no source of nsswitch.conf(5) knew a moment ago.
//!
//! A sign-up asks three times for its name: at the form, before its first step, and before its
//! account is made. libc reads all of passwd(5) and group(5) for each, and may ask a server; the
//! files alone are read in a third of that time. So only the first question goes to every source,
//! the others to the files. That other sources are asked before the files are locked, and not
//! under the lock, is so with useradd(8) too.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// As long as a sign-up may wait for its password to be hashed on a busy host.
const FOR: Duration = Duration::from_secs(30);

/// A caller that asks for many names must not fill the memory.
const MOST: usize = 1_024;

#[derive(Debug, Default)]
pub(super) struct Absent {
    names: Mutex<HashMap<String, Instant>>,
}

impl Absent {
    /// Whether the name was absent everywhere a moment ago.
    pub(super) fn has(&self, name: &str, now: Instant) -> bool {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names
            .get(name)
            .is_some_and(|seen| now.duration_since(*seen) < FOR)
    }

    /// Takes note that it is absent everywhere now.
    pub(super) fn note(&self, name: &str, now: Instant) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MOST {
            names.retain(|_, seen| now.duration_since(*seen) < FOR);
        }
        if names.len() < MOST {
            names.insert(name.to_owned(), now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_remembered_for_a_moment() {
        let (absent, now) = (Absent::default(), Instant::now());
        assert!(!absent.has("ada", now));
        absent.note("ada", now);
        assert!(absent.has("ada", now + FOR / 2));
        assert!(!absent.has("ada", now + FOR));
    }

    #[test]
    fn a_flood_of_names_is_not_remembered_and_ends() {
        let (absent, now) = (Absent::default(), Instant::now());
        for n in 0..2 * MOST {
            absent.note(&n.to_string(), now);
        }
        assert_eq!(absent.names.lock().unwrap().len(), MOST);
        assert!(!absent.has("ada", now));
        absent.note("ada", now + FOR);
        assert!(absent.has("ada", now + FOR));
    }
}
