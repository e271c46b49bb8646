//! The doors that are Unix sockets: who comes in by them is known by the kernel's word
//! (`SO_PEERCRED`, unix(7)) or the socket file's mode, and needs no token.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderMap;
use users::os::unix::GroupExt;

use super::admin_token::AdminToken;
use super::bearer::token_of;

/// What `registrarctl` says who runs it in. Believed where the kernel has let the peer in and can't
/// tell its name.
const NAME_HEADER: &str = "x-registrar-admin";
/// The uid of whoever has none in this user namespace (`user_namespaces(7)`).
const OVERFLOW: u32 = 65_534;

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
}

impl LocalPeer {
    /// What stands for the client's address in logs and limits.
    #[must_use]
    pub fn client(&self) -> &'static str {
        match self {
            Self::Sibling | Self::SiblingWithoutToken => "internal socket",
            Self::Admin(_) | Self::UnseenAdmin | Self::Stranger => "admin socket",
        }
    }

    /// Under what name an admin acts; `None` for who is not one.
    pub(super) fn admin_name(&self, headers: &HeaderMap) -> Option<String> {
        match self {
            Self::Admin(name) => Some(name.clone()),
            Self::UnseenAdmin => {
                let said = headers.get(NAME_HEADER).and_then(|v| v.to_str().ok());
                // As useradd(8) takes names.
                let is_name = |text: &&str| {
                    (1..=32).contains(&text.len())
                        && text
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
                };
                // Nobody who is not root passes for root: the kernel shows root to be root.
                let said = said.filter(is_name).filter(|name| *name != "root");
                Some(said.unwrap_or("registrar-admin").to_owned())
            }
            Self::Stranger | Self::Sibling | Self::SiblingWithoutToken => None,
        }
    }
}

/// A Unix socket, and who may come in by it.
#[derive(Clone, Debug)]
pub enum Door {
    /// For root and a group.
    Admin(AdminDoor),
    /// For whom the socket's mode lets in; with that token, where there is one.
    Internal(Option<AdminToken>),
}

/// Who may come in by the admin socket.
#[derive(Clone, Debug)]
pub struct AdminDoor {
    group: Arc<str>,
    /// The socket, where the service manager made it, with this group and a mode that shuts others
    /// out.
    guarded: Option<PathBuf>,
    /// Whether this process sees the users of the host: not in a user namespace of its own
    /// (`PrivateUsers=`, systemd.exec(5)), where it sees root and itself.
    sees_users: bool,
}

impl AdminDoor {
    /// For root and that group. `guarded` names a socket whose mode lets nobody else in; where the
    /// users of the host can't be seen, that is what counts.
    #[must_use]
    pub fn new(group: &str, guarded: Option<PathBuf>) -> Self {
        Self {
            group: group.into(),
            guarded,
            sees_users: sees_users(),
        }
    }

    /// Who that uid is. Asks the host's users and groups, so it may block.
    fn judge(&self, uid: u32) -> LocalPeer {
        if uid == 0 {
            return LocalPeer::Admin("root".into());
        }
        if !self.sees_users && uid == OVERFLOW {
            return if self.is_guarded() {
                LocalPeer::UnseenAdmin
            } else {
                LocalPeer::Stranger
            };
        }
        let (Some(user), Some(group)) = (
            users::get_user_by_uid(uid),
            users::get_group_by_name(&*self.group),
        ) else {
            return LocalPeer::Stranger;
        };
        let is_member = user.primary_group_id() == group.gid()
            || group.members().iter().any(|m| m == user.name());
        match user.name().to_str() {
            Some(name) if is_member => LocalPeer::Admin(name.to_owned()),
            _ => LocalPeer::Stranger,
        }
    }

    /// Looked at each time: a mode that someone made wider lets nobody in.
    fn is_guarded(&self) -> bool {
        let facts = self.guarded.as_ref().map(std::fs::metadata);
        facts
            .and_then(Result::ok)
            .is_some_and(|f| f.permissions().mode() & 0o007 == 0)
    }
}

impl Door {
    /// What the peer is by what a request of it brings.
    pub(super) fn judge_request(&self, peer: &LocalPeer, headers: &HeaderMap) -> LocalPeer {
        match self {
            Self::Internal(Some(token)) if !token_of(headers).is_some_and(|t| token.is(&t)) => {
                LocalPeer::SiblingWithoutToken
            }
            _ => peer.clone(),
        }
    }

    /// Who a peer with that uid is.
    pub(super) async fn judge(&self, uid: u32) -> LocalPeer {
        match self {
            Self::Internal(_) => LocalPeer::Sibling,
            Self::Admin(door) => {
                let door = door.clone();
                let judged = tokio::task::spawn_blocking(move || door.judge(uid)).await;
                judged.unwrap_or(LocalPeer::Stranger)
            }
        }
    }
}

fn sees_users() -> bool {
    // In the namespace of the host all numbers stand for themselves.
    std::fs::read_to_string("/proc/self/uid_map")
        .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn door(guarded: Option<PathBuf>, sees_users: bool) -> AdminDoor {
        AdminDoor {
            group: "root".into(),
            guarded,
            sees_users,
        }
    }

    #[test]
    fn root_is_let_in_and_who_is_not_in_the_group_is_not() {
        let door = door(None, true);
        assert_eq!(door.judge(0), LocalPeer::Admin("root".into()));
        // `daemon` of every host.
        assert_eq!(door.judge(1), LocalPeer::Stranger);
        assert_eq!(door.judge(4_000_000_000), LocalPeer::Stranger);
        assert_eq!(door.judge(OVERFLOW), LocalPeer::Stranger);
    }

    #[test]
    fn a_member_of_the_group_is_let_in_under_the_own_name() {
        let door = AdminDoor {
            group: "daemon".into(),
            ..door(None, true)
        };
        assert_eq!(door.judge(1), LocalPeer::Admin("daemon".into()));
    }

    #[test]
    fn who_can_not_be_seen_is_let_in_by_a_guarded_socket_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
        let set = |mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).unwrap();
        };
        set(0o660);
        assert_eq!(
            door(Some(path.clone()), false).judge(OVERFLOW),
            LocalPeer::UnseenAdmin
        );
        assert_eq!(door(None, false).judge(OVERFLOW), LocalPeer::Stranger);
        set(0o666);
        assert_eq!(
            door(Some(path.clone()), false).judge(OVERFLOW),
            LocalPeer::Stranger
        );
        // Where users are seen, that number is a user like any other, and the mode is not enough.
        set(0o660);
        assert_eq!(door(Some(path), true).judge(OVERFLOW), LocalPeer::Stranger);
    }

    #[test]
    fn nobody_but_root_passes_for_root() {
        let name = |said: &str, peer: LocalPeer| {
            let mut headers = HeaderMap::new();
            headers.insert(NAME_HEADER, said.parse().unwrap());
            peer.admin_name(&headers)
        };
        for (said, known) in [
            ("eve", "eve"),
            ("root", "registrar-admin"),
            ("a b", "registrar-admin"),
        ] {
            assert_eq!(name(said, LocalPeer::UnseenAdmin).unwrap(), known);
        }
        let seen = LocalPeer::Admin("ada".into());
        assert_eq!(name("eve", seen).unwrap(), "ada");
        assert_eq!(name("eve", LocalPeer::Stranger), None);
        assert_eq!(name("eve", LocalPeer::Sibling), None);
    }
}
