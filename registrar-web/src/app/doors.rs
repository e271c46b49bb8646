//! The Unix sockets of the service: passed by the service manager, or made here.

use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener as StdListener, UnixStream};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use super::StartError;
use crate::config::ServerSettings;
use crate::http::{AdminDoor, AdminToken, Door, JoinDoor};
use crate::sys;

/// A socket, and who may come in by it.
pub(super) type Listening = (UnixListener, Door);

/// The sockets that the service listens on besides its network address.
///
/// # Errors
/// One that is configured can't be made, or the service manager passes one that is not known.
pub(super) fn open(server: &ServerSettings) -> Result<Vec<Listening>, StartError> {
    let passed = sys::passed_sockets().map_err(|source| StartError::Passed { source })?;
    let (mut admin, mut internal, mut join) = (None, None, None);
    for (name, socket) in passed {
        match name.as_str() {
            "admin" => admin = Some(socket),
            "internal" => internal = Some(socket),
            "join" => join = Some(socket),
            _ => {
                let source = io::Error::other(format!("nothing is served on «{name}»"));
                return Err(StartError::Passed { source });
            }
        }
    }
    let mut doors = Vec::new();
    if let Some(socket) = admin {
        // systemd made it for root and the group; see docs/decisions/0018-admin-socket.md.
        let door = Door::Admin(AdminDoor::new(&server.admin_group, path_of(&socket)));
        doors.push((listening(socket)?, door));
    } else if let Some(path) = &server.admin_socket {
        // Whoever connects is looked at, so the file may be open to all.
        let socket = make("server.admin_socket", path, 0o666, None)?;
        let door = Door::Admin(AdminDoor::new(&server.admin_group, None));
        doors.push((listening(socket)?, door));
    }
    let made = server.internal_socket.as_ref().map(|path| {
        let group = server.internal_group.as_deref();
        make("server.internal_socket", path, 0o660, group)
    });
    let internal = match internal {
        Some(passed) => Some(passed),
        None => made.transpose()?,
    };
    if let Some(socket) = internal {
        let token = server.internal_token_file.as_ref().map(|file| token(file));
        doors.push((listening(socket)?, Door::Internal(token.transpose()?)));
    }
    if let Some(socket) = join {
        let door = Door::Join(JoinDoor::new(&server.join_user, path_of(&socket)));
        doors.push((listening(socket)?, door));
    } else if let Some(path) = &server.join_socket {
        let socket = make("server.join_socket", path, 0o666, None)?;
        let door = Door::Join(JoinDoor::new(&server.join_user, None));
        doors.push((listening(socket)?, door));
    }
    Ok(doors)
}

/// Where it is in the file system.
fn path_of(socket: &StdListener) -> Option<PathBuf> {
    let address = socket.local_addr().ok()?;
    address.as_pathname().map(Path::to_owned)
}

fn token(file: &Path) -> Result<AdminToken, StartError> {
    let secret = strict_config::read_secret(file).map_err(StartError::InternalToken)?;
    AdminToken::new(secret.expose()).ok_or(StartError::WeakInternalToken)
}

fn listening(socket: StdListener) -> Result<UnixListener, StartError> {
    let ready = || {
        socket.set_nonblocking(true)?;
        UnixListener::from_std(socket)
    };
    ready().map_err(|source| StartError::Passed { source })
}

/// Makes a socket with that mode, and that group where one is given.
fn make(
    key: &'static str,
    path: &PathBuf,
    mode: u32,
    group: Option<&str>,
) -> Result<StdListener, StartError> {
    let made = || {
        // One that is left from an earlier run; not one that somebody listens on.
        if UnixStream::connect(path).is_ok() {
            return Err(io::Error::from(io::ErrorKind::AddrInUse));
        }
        match std::fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let listener = StdListener::bind(path)?;
        if let Some(name) = group {
            let group = users::get_group_by_name(name);
            let group = group.ok_or_else(|| io::Error::other(format!("no group {name}")))?;
            std::os::unix::fs::chown(path, None, Some(group.gid()))?;
        }
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        Ok(listener)
    };
    made().map_err(|source| StartError::Socket {
        key,
        path: path.clone(),
        source,
    })
}
