use std::path::PathBuf;
use std::sync::Arc;

use http::HeaderMap;
use users::os::unix::GroupExt;

use super::LocalPeer;
use super::sight::Sight;

/// What `registrarctl` says who runs it in. Believed where the kernel has let the peer in and can't
/// tell its name.
const NAME_HEADER: &str = "x-registrar-admin";

/// Who may come in by the admin socket.
#[derive(Clone, Debug)]
pub struct AdminDoor {
    group: Arc<str>,
    sight: Sight,
}

impl AdminDoor {
    /// For root and that group. `guarded` names a socket whose mode lets nobody else in; where the
    /// users of the host can't be seen, that is what counts.
    #[must_use]
    pub fn new(group: &str, guarded: Option<PathBuf>) -> Self {
        Self {
            group: group.into(),
            sight: Sight::of(guarded),
        }
    }

    /// Who that uid is. Asks the host's users and groups, so it may block.
    pub(super) fn judge(&self, uid: u32) -> LocalPeer {
        if uid == 0 {
            return LocalPeer::Admin("root".into());
        }
        if self.sight.is_blind_to(uid) {
            return if self.sight.is_guarded() {
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
}

impl LocalPeer {
    /// Under what name an admin acts; `None` for who is not one.
    pub(in crate::http) fn admin_name(&self, headers: &HeaderMap) -> Option<String> {
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
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    const OVERFLOW: u32 = 65_534;

    fn door(guarded: Option<PathBuf>, sees_users: bool) -> AdminDoor {
        AdminDoor {
            group: "root".into(),
            sight: Sight {
                guarded,
                sees_users,
            },
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
        let applicant = LocalPeer::Applicant([127, 0, 0, 1].into());
        assert_eq!(name("eve", applicant), None);
    }
}
