//! The doors that are Unix sockets: who comes in by them is known by the kernel's word
//! (`SO_PEERCRED`, unix(7)) or the socket file's mode, and needs no token.

mod admin;
mod join;
mod sight;

use std::net::IpAddr;

use http::HeaderMap;

use super::admin_token::AdminToken;
use super::bearer::token_of;
use super::client_address::client_key;
use crate::registration::ClientKey;

pub use admin::AdminDoor;
pub use join::JoinDoor;

pub(super) use join::is_open as is_open_to_applicants;

/// The other end of a connection by a Unix socket. Every request of such a connection has it among
/// its extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LocalPeer {
    /// By the admin socket: root, or a member of the group of admins, under the name of the user.
    Admin(String),
    /// The same, let in by the mode of the socket; this service can't see who it is.
    UnseenAdmin,
    /// By the admin socket, and neither.
    Stranger,
    /// By the socket for sibling services.
    Sibling,
    /// The same, without the token that is asked for there.
    SiblingWithoutToken,
    /// By the socket of `registrar-join`: a person who connected to sshd from that address.
    Applicant(IpAddr),
    /// The same, without a word about the address.
    ApplicantFromNowhere,
    /// By that socket, and another user than the one that it is for.
    Intruder,
}

impl LocalPeer {
    /// What stands for the client's address in logs and limits.
    #[must_use]
    pub fn client(&self) -> ClientKey {
        ClientKey(match self {
            Self::Applicant(address) => return client_key(*address),
            Self::Sibling | Self::SiblingWithoutToken => "internal socket".into(),
            Self::Admin(_) | Self::UnseenAdmin | Self::Stranger => "admin socket".into(),
            Self::ApplicantFromNowhere | Self::Intruder => "join socket".into(),
        })
    }

    /// Whether its requests count against the limit of a client: not those of programs of this host.
    /// Siblings say whose request it is, and what they ask for is counted by that.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        matches!(self, Self::Applicant(_))
    }
}

/// A Unix socket, and who may come in by it.
#[derive(Clone, Debug)]
pub enum Door {
    /// For root and a group.
    Admin(AdminDoor),
    /// For whom the socket's mode lets in; with that token, where there is one.
    Internal(Option<AdminToken>),
    /// For one user, whom sshd runs `registrar-join` as.
    Join(JoinDoor),
}

impl Door {
    /// What the peer is by what a request of it brings.
    pub(super) fn judge_request(&self, peer: &LocalPeer, headers: &HeaderMap) -> LocalPeer {
        match self {
            Self::Internal(Some(token)) if !token_of(headers).is_some_and(|t| token.is(&t)) => {
                LocalPeer::SiblingWithoutToken
            }
            Self::Join(_) => JoinDoor::judge_request(peer, headers),
            _ => peer.clone(),
        }
    }

    /// Who a peer with that uid is.
    pub(super) async fn judge(&self, uid: u32) -> LocalPeer {
        let door = self.clone();
        let (judged, nobody) = match door {
            Self::Internal(_) => return LocalPeer::Sibling,
            Self::Admin(door) => (
                tokio::task::spawn_blocking(move || door.judge(uid)).await,
                LocalPeer::Stranger,
            ),
            Self::Join(door) => (
                tokio::task::spawn_blocking(move || door.judge(uid)).await,
                LocalPeer::Intruder,
            ),
        };
        judged.unwrap_or(nobody)
    }
}
