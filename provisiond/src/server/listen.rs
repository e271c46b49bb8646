use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};

use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, chown};
use tokio::net::UnixListener;

use crate::config::Sockets;
use crate::sys;

/// Where the sockets came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// systemd made them (`sd_listen_fds(3)`).
    Activated,
    /// Made here.
    Own,
}

/// The two sockets, listening.
#[derive(Debug)]
pub struct Listeners {
    /// `submit.sock`.
    pub submit: StdListener,
    /// `admin.sock`.
    pub admin: StdListener,
    /// Where they came from.
    pub origin: Origin,
}

/// Why there are no sockets.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// The service manager gave something else than two named sockets.
    #[error(
        "socket activation needs the sockets `submit` and `admin` (FileDescriptorName=), not {0}"
    )]
    Activation(String),
    /// A socket can't be made.
    #[error("{}: {source}", path.display())]
    Socket {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl Listeners {
    /// Takes the sockets from the service manager, or makes them. Call it while there is one
    /// thread: it changes the umask for a moment.
    ///
    /// # Errors
    /// See [`ListenError`].
    pub fn open(config: &Sockets) -> Result<Self, ListenError> {
        let given = sys::activated_sockets().map_err(|e| ListenError::Activation(e.to_string()))?;
        if given.is_empty() {
            let submit_group = config.submit_users.iter().find_map(|name| {
                users::get_user_by_name(name.as_str()).map(|u| u.primary_group_id())
            });
            let admin_group = config
                .admin_groups
                .iter()
                .find_map(|name| users::get_group_by_name(name.as_str()).map(|g| g.gid()));
            return Ok(Self {
                submit: make(&config.submit, submit_group)?,
                admin: make(&config.admin, admin_group)?,
                origin: Origin::Own,
            });
        }
        let names: Vec<&str> = given.iter().map(|(name, _)| name.as_str()).collect();
        let named = names.join(", ");
        let (mut submit, mut admin) = (None, None);
        for (name, socket) in given {
            match name.as_str() {
                "submit" => submit = Some(socket),
                "admin" => admin = Some(socket),
                _ => return Err(ListenError::Activation(named)),
            }
        }
        match (submit, admin) {
            (Some(submit), Some(admin)) => Ok(Self {
                submit,
                admin,
                origin: Origin::Activated,
            }),
            _ => Err(ListenError::Activation(named)),
        }
    }

    /// Hands the sockets to the runtime.
    ///
    /// # Errors
    /// They can't be polled.
    pub fn into_tokio(self) -> std::io::Result<(UnixListener, UnixListener)> {
        self.submit.set_nonblocking(true)?;
        self.admin.set_nonblocking(true)?;
        Ok((
            UnixListener::from_std(self.submit)?,
            UnixListener::from_std(self.admin)?,
        ))
    }
}

/// Makes a socket that root and one group can connect to; without the group, root alone.
fn make(path: &Path, group: Option<u32>) -> Result<StdListener, ListenError> {
    let failed = |source| ListenError::Socket {
        path: path.to_owned(),
        source,
    };
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory).map_err(failed)?;
    }
    // The lock on the state directory says that nobody listens here any more.
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(failed(e)),
        _ => {}
    }
    let before = umask(Mode::from_bits_truncate(0o177));
    let listener = StdListener::bind(path);
    umask(before);
    let listener = listener.map_err(failed)?;
    if group.is_none() {
        tracing::warn!(
            path = %path.display(),
            "the user or group that this socket is for does not exist; only root can connect"
        );
    }
    chown(
        path,
        Some(Uid::from_raw(0)),
        Some(Gid::from_raw(group.unwrap_or(0))),
    )
    .map_err(|e| failed(e.into()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660)).map_err(failed)?;
    Ok(listener)
}
