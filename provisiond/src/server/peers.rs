use super::Door;
use crate::accounts::is_member;
use crate::config::Sockets;

/// Who may call by which socket. The mode of the socket file is the other half of the gate.
#[derive(Clone, Debug)]
pub struct PeerRules {
    /// Users of `submit.sock`.
    pub submit_users: Vec<String>,
    /// Groups of `admin.sock`.
    pub admin_groups: Vec<String>,
}

impl PeerRules {
    /// As configured.
    #[must_use]
    pub fn of(sockets: &Sockets) -> Self {
        Self {
            submit_users: sockets.submit_users.clone(),
            admin_groups: sockets.admin_groups.clone(),
        }
    }

    /// Whether a peer may call, by the effective uid that it had when it connected (`SO_PEERCRED`,
    /// unix(7)). Its process id decides nothing: another process may have it by now (polkit
    /// CVE-2013-4288). Asks the host's users and groups, so it may block.
    #[must_use]
    pub fn allow(&self, door: Door, uid: u32) -> bool {
        if uid == 0 {
            return true;
        }
        match door {
            Door::Submit => {
                let user = users::get_user_by_uid(uid);
                user.is_some_and(|u| {
                    self.submit_users
                        .iter()
                        .any(|name| u.name() == name.as_str())
                })
            }
            Door::Admin => self.admin_groups.iter().any(|group| is_member(uid, group)),
        }
    }
}
