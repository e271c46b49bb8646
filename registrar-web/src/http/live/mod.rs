//! Those who listen to live events: one way of letting them in, telling them and letting them go,
//! for server-sent events ([`sse`]) and Socket.IO ([`socket_io`]).

mod listener;
pub(super) mod socket_io;
pub(super) mod sse;
pub(super) mod wire;

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::limits::{OpenOne, PerClient};

pub(super) use listener::Pass;

/// How many may listen at once.
const ALL: usize = 512;
/// How many of one client address: a household, or all who come through one proxy that is not
/// trusted.
const OF_ONE_CLIENT: usize = 32;
/// How many of one member.
const OF_ONE_MEMBER: usize = 8;

/// Room for those who listen.
#[derive(Clone, Debug)]
pub struct ListeningRoom {
    all: Arc<Semaphore>,
    clients: PerClient,
    members: PerClient,
}

/// A place in the room; free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _one: OwnedSemaphorePermit,
    _share: OpenOne,
}

impl Default for ListeningRoom {
    fn default() -> Self {
        Self {
            all: Arc::new(Semaphore::new(ALL)),
            clients: PerClient::new(OF_ONE_CLIENT),
            members: PerClient::new(OF_ONE_MEMBER),
        }
    }
}

impl ListeningRoom {
    /// A place for a connection of that client; `None` when there is none.
    pub(super) fn place(&self, client: &str) -> Option<Place> {
        Some(Place {
            _one: self.all.clone().try_acquire_owned().ok()?,
            _share: self.clients.open(client)?,
        })
    }

    /// A member's share; `None` when the member has it.
    pub(super) fn share(&self, member: &str) -> Option<OpenOne> {
        self.members.open(member)
    }
}
