//! The two sockets: who may connect, what a connection may cost, who answers.

mod connection;
mod crowd;
mod listen;
mod peers;
mod quiet;
mod reply;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio::net::UnixListener;
use tokio::task::JoinSet;

pub use listen::{ListenError, Listeners, Origin};
pub use peers::PeerRules;
pub use worker::{Worker, WorkerGone};

use crate::config::Limits;
use crate::live::Live;
use crate::operations::Reader;
use crowd::Crowd;
use quiet::Quiet;

/// Which socket a call came in by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// `submit.sock`.
    Submit,
    /// `admin.sock`.
    Admin,
}

/// What every connection needs.
pub struct Service {
    reader: Arc<Reader>,
    worker: Worker,
    peers: Live<PeerRules>,
    crowd: Crowd,
    turned_away: Quiet,
    limits: Live<Limits>,
}

impl Service {
    /// Puts the parts together.
    #[must_use]
    pub fn new(reader: Arc<Reader>, worker: Worker, peers: PeerRules, limits: Limits) -> Self {
        Self {
            reader,
            worker,
            peers: Live::new(peers),
            crowd: Crowd::new(limits.max_connections, limits.max_connections_per_uid),
            turned_away: Quiet::new(),
            limits: Live::new(limits),
        }
    }

    /// Whether a call is under way that has shown no sign of life for too long; see
    /// [`crate::pulse`].
    #[must_use]
    pub fn is_stuck(&self) -> bool {
        let after = Duration::from_secs(self.limits.get().stuck_after_seconds);
        self.worker.is_stuck(after)
    }

    /// Takes other rules and deadlines, for the connections and messages that come from now on. How
    /// many connections and waiting calls there may be is set once, at the start.
    pub fn adopt(&self, peers: PeerRules, limits: Limits) {
        self.peers.set(peers);
        self.limits.set(limits);
    }

    /// From now on calls are refused; returns when the one under way is finished and answered.
    pub async fn wind_down(&self) {
        self.worker.stop();
        while self.worker.is_busy() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // For the connection's task to write the answer.
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Accepts connections until it is dropped; each is served by a task of its own.
    pub async fn serve(self: Arc<Self>, listener: UnixListener, door: Door) {
        let mut connections = JoinSet::new();
        loop {
            // Ended tasks are let go of as new ones come.
            while connections.try_join_next().is_some() {}
            match listener.accept().await {
                Ok((stream, _)) => {
                    connections.spawn(connection::run(Arc::clone(&self), stream, door));
                }
                Err(error) => {
                    // Out of file descriptors: they come back as connections end.
                    tracing::warn!(%error, ?door, "a connection can't be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            }
        }
    }
}
