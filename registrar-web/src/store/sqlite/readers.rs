use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use tokio::sync::Semaphore;

use crate::ports::StoreError;

/// Connections that only read, each used by one caller at a time on a thread that may block.
#[derive(Debug)]
pub(super) struct Readers {
    size: u32,
    free: Arc<Semaphore>,
    connections: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    pub(super) fn new(connections: Vec<Connection>) -> Self {
        Self {
            size: u32::try_from(connections.len()).unwrap_or(u32::MAX),
            free: Arc::new(Semaphore::new(connections.len())),
            connections: Arc::new(Mutex::new(connections)),
        }
    }

    pub(super) async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let ended = || StoreError::Unavailable("the store is closed".into());
        let permit = Arc::clone(&self.free)
            .acquire_owned()
            .await
            .map_err(|_| ended())?;
        let connections = Arc::clone(&self.connections);
        let blocking = tokio::task::spawn_blocking(move || {
            let take = || connections.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = take().pop().ok_or_else(ended)?;
            let result = read(&connection);
            take().push(connection);
            // Only now may the next caller look for a connection.
            drop(permit);
            result
        });
        blocking
            .await
            .map_err(|e| StoreError::Unavailable(e.to_string()))?
    }

    /// Waits for reads under way, then closes the connections.
    pub(super) async fn close(&self) {
        let waited = self.free.acquire_many(self.size).await;
        self.free.close();
        self.connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clear();
        drop(waited);
    }
}
