use std::future::Future;

use crate::domain::{Organisation, User, Work, WorkerId};
use crate::ports::{Store, StoreError};

/// How often a write is tried again when others write the same record.
const TRIES: usize = 16;

/// A record that a worker leases.
pub(crate) trait Leased: Sized + Send {
    /// What is to be done to it, and who has it.
    fn work(&self) -> &Work;

    /// The record as the store has it now; `None` when it is gone.
    fn again(
        &self,
        store: &dyn Store,
    ) -> impl Future<Output = Result<Option<Self>, StoreError>> + Send;

    /// Writes it, if nobody else did since it was read; what the store has then.
    fn update(self, store: &dyn Store) -> impl Future<Output = Result<Self, StoreError>> + Send;
}

impl Leased for User {
    fn work(&self) -> &Work {
        &self.work
    }

    async fn again(&self, store: &dyn Store) -> Result<Option<Self>, StoreError> {
        store.user(self.id).await
    }

    async fn update(self, store: &dyn Store) -> Result<Self, StoreError> {
        store.update_user(self).await
    }
}

impl Leased for Organisation {
    fn work(&self) -> &Work {
        &self.work
    }

    async fn again(&self, store: &dyn Store) -> Result<Option<Self>, StoreError> {
        store.organisation(self.id).await
    }

    async fn update(self, store: &dyn Store) -> Result<Self, StoreError> {
        store.update_organisation(self).await
    }
}

/// Writes what a worker has to say into a record as it is then. `None` when another worker has it by
/// now, whose word holds.
///
/// # Errors
/// The store can't be used, or others write the record all the time.
pub(crate) async fn write<R: Leased + Clone>(
    store: &dyn Store,
    worker: &WorkerId,
    mut record: R,
    change: impl Fn(&mut R) + Send + Sync,
) -> Result<Option<R>, StoreError> {
    for _ in 0..TRIES {
        change(&mut record);
        match record.clone().update(store).await {
            Ok(written) => return Ok(Some(written)),
            Err(StoreError::Conflict) => {}
            Err(e) => return Err(e),
        }
        let again = record.again(store).await?;
        let is_ours = |r: &R| {
            let lease = r.work().lease.as_ref();
            lease.is_some_and(|lease| lease.owner == *worker)
        };
        match again.filter(is_ours) {
            Some(again) => record = again,
            None => return Ok(None),
        }
    }
    Err(StoreError::Conflict)
}
