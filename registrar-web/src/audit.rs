//! The audit log: who did what to whom, from where. Entries are chained by hash
//! ([`AuditEntry::check_chain`]), so that a gap shows.

use std::fmt;
use std::sync::Arc;

use tokio::sync::Mutex;

use crate::domain::{
    Action, Actor, AuditEntry, AuditEvent, AuditId, BrokenChain, RequestId, Subject,
};
use crate::ports::{AuditFilter, Clock, PageRequest, Store, StoreError, Unique};

/// How often a write is tried again when other instances write at the same moment.
const TRIES: usize = 64;

/// Who asks for something, as entries tell it.
#[derive(Clone, Debug)]
pub struct By {
    /// Who.
    pub actor: Actor,
    /// From where, as limits count it.
    pub address: Option<String>,
    /// By which request.
    pub request_id: Option<RequestId>,
}

impl By {
    /// What was done for them.
    #[must_use]
    pub fn event(&self, action: Action, subject: Subject) -> AuditEvent {
        AuditEvent {
            action,
            actor: self.actor.clone(),
            subject: Some(subject),
            address: self.address.clone(),
            request_id: self.request_id,
            details: Vec::new(),
        }
    }
}

/// Writes the log. Clones write the same one.
#[derive(Clone)]
pub struct Audit {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    /// The newest entry that this process knows; one writes at a time.
    newest: Arc<Mutex<Option<AuditEntry>>>,
}

impl fmt::Debug for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Audit")
    }
}

impl Audit {
    /// Writes to that store, by that clock.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            newest: Arc::default(),
        }
    }

    /// Writes down what was done. Call it after the effect; when it fails, say so to who asked, as
    /// with any other write that failed.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn record(&self, event: AuditEvent) -> Result<(), StoreError> {
        let mut newest = self.newest.lock().await;
        for _ in 0..TRIES {
            let entry = AuditEntry::following(newest.as_ref(), event.clone(), self.clock.now());
            match self.store.insert_audit_entry(&entry).await {
                Ok(()) => {
                    tracing::info!(
                        ACTION = entry.action.as_str(),
                        ACTOR = entry.actor.name(),
                        "audit {}",
                        entry.number
                    );
                    *newest = Some(entry);
                    return Ok(());
                }
                // Another process has that place, or this one has not looked yet.
                Err(StoreError::Duplicate(Unique::Id)) => *newest = self.look().await?,
                Err(e) => return Err(e),
            }
        }
        Err(StoreError::Conflict)
    }

    async fn look(&self) -> Result<Option<AuditEntry>, StoreError> {
        let page = PageRequest {
            limit: 1,
            after: None,
        };
        let page = self
            .store
            .list_audit_entries(&AuditFilter::All, &page)
            .await?;
        Ok(page.items.into_iter().next())
    }
}

/// How many entries one check looks at.
const CHECKED_AT_ONCE: u64 = 5_000;

/// What a check of the log has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How many entries were looked at.
    pub entries: u64,
    /// Where the chain is broken; the newest such place.
    pub broken: Option<BrokenChain>,
    /// Go on after this entry; `None` at the end of the log, or where it is broken.
    pub next: Option<AuditId>,
}

impl Audit {
    /// Checks the chain, newest first; from the entry of that id on, where one is given.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn check(&self, from: Option<AuditId>) -> Result<Checked, StoreError> {
        let mut newer: Option<AuditEntry> = None;
        let mut entries = 0;
        // The page begins after an id, and that entry is to be checked against what follows.
        let mut after = from.map(|id| AuditId::from_u128(id.as_u128().saturating_sub(1)));
        loop {
            let page = PageRequest { limit: 100, after };
            let page = self
                .store
                .list_audit_entries(&AuditFilter::All, &page)
                .await?;
            let checked = AuditEntry::check_chain(newer.as_ref(), &page.items);
            entries += page.items.len() as u64;
            newer = page.items.into_iter().last().or(newer);
            let broken = match (checked, page.next, &newer) {
                (Err(broken), ..) => Some(broken),
                // The oldest that is left must be the first that was written.
                (Ok(()), None, Some(oldest)) if !oldest.is_first() => Some(BrokenChain::Gap {
                    older: oldest.number.saturating_sub(1),
                    newer: oldest.number,
                }),
                _ => None,
            };
            let is_over = broken.is_some() || page.next.is_none();
            if is_over || entries >= CHECKED_AT_ONCE {
                return Ok(Checked {
                    entries,
                    broken,
                    next: page.next.filter(|_| !is_over),
                });
            }
            after = page.next;
        }
    }
}
