use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// The uid of whoever has none in this user namespace (`user_namespaces(7)`).
const OVERFLOW: u32 = 65_534;

/// What this process sees of who connects.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    /// The socket, where the service manager made it, with an owner and a mode that shut others out.
    pub(super) guarded: Option<PathBuf>,
    /// Whether this process sees the users of the host: not in a user namespace of its own
    /// (`PrivateUsers=`, systemd.exec(5)), where it sees root and itself.
    pub(super) sees_users: bool,
}

impl Sight {
    /// Of the socket at that path, if the service manager made it.
    pub(super) fn of(guarded: Option<PathBuf>) -> Self {
        // In the namespace of the host all numbers stand for themselves.
        let sees_users = std::fs::read_to_string("/proc/self/uid_map")
            .is_ok_and(|map| map.split_whitespace().eq(["0", "0", "4294967295"]));
        Self {
            guarded,
            sees_users,
        }
    }

    /// Whether that uid is of someone whom this process can't tell from others.
    pub(super) fn is_blind_to(&self, uid: u32) -> bool {
        !self.sees_users && uid == OVERFLOW
    }

    /// Whether the mode of the socket shuts others out. Looked at each time: a mode that someone made
    /// wider lets nobody in.
    pub(super) fn is_guarded(&self) -> bool {
        let facts = self.guarded.as_ref().map(std::fs::metadata);
        facts
            .and_then(Result::ok)
            .is_some_and(|f| f.permissions().mode() & 0o007 == 0)
    }
}
