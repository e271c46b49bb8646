//! Raw bytes on a socket of provisiond, with the peer credentials of any user.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::Duration;

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use provision_api::INTERFACE;
use serde_json::{Value, json};

use super::daemon::{HASH, KEY, OTHER_HASH, id};
use super::private_host::PrivateHost;

/// uid and gid of `registrar-web` on a private host.
pub const WEB: u32 = 901;

/// Makes the user of the submit socket; before the daemon starts.
pub fn add_web_user(host: &PrivateHost) {
    host.add_user("registrar-web", WEB);
}

/// Connects a socket of this process as another user: the kernel keeps the credentials of whoever
/// calls connect(2), which is a child that has ended when this returns.
pub fn connect_as(uid: u32, gid: u32, path: &str) -> io::Result<UnixStream> {
    let own = socket(
        AddressFamily::Unix,
        SockType::Stream,
        SockFlag::SOCK_CLOEXEC,
        None,
    )?;
    let output = Command::new("/usr/bin/perl")
        .args(["-MSocket", "-e"])
        .arg("connect(STDIN, pack_sockaddr_un($ARGV[0])) or die \"$!\\n\"")
        .arg(path)
        .uid(uid)
        .gid(gid)
        .stdin(Stdio::from(own.try_clone()?))
        .output()?;
    if output.status.success() {
        Ok(from_socket(own))
    } else {
        Err(io::Error::other(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ))
    }
}

fn from_socket(own: OwnedFd) -> UnixStream {
    let stream = UnixStream::from(own);
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    stream
}

/// One connection.
pub struct Wire {
    pub stream: UnixStream,
    unread: Vec<u8>,
}

impl Wire {
    pub fn root(path: &str) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        Self::new(from_socket(stream.into()))
    }

    /// As registrar-web, on its socket.
    pub fn web() -> Self {
        Self::new(connect_as(WEB, WEB, super::daemon::SUBMIT).unwrap())
    }

    pub fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends a message and its NUL.
    pub fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let mut bytes = message.to_vec();
        bytes.push(0);
        self.stream.write_all(&bytes)
    }

    /// The next reply, or `None` when the daemon has closed the connection.
    pub fn read(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.unread.iter().position(|byte| *byte == 0) {
                let rest = self.unread.split_off(end + 1);
                let message = std::mem::replace(&mut self.unread, rest);
                let json = message.strip_suffix(&[0]).unwrap();
                return Some(serde_json::from_slice(json).expect("a reply is JSON"));
            }
            let mut chunk = [0; 65_536];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                Ok(read) => self.unread.extend_from_slice(&chunk[..read]),
                Err(e) if e.kind() == io::ErrorKind::ConnectionReset => return None,
                Err(e) => panic!("no reply: {e}"),
            }
        }
    }

    /// Sends a message and reads one reply.
    pub fn ask(&mut self, message: impl AsRef<[u8]>) -> Value {
        self.send(message.as_ref()).unwrap();
        self.read().expect("an answer")
    }

    /// Calls a method with parameters besides a fresh request id.
    pub fn call(&mut self, method: &str, parameters: Value) -> Value {
        self.ask(message(method, parameters))
    }

    /// Whether this connection is served by a daemon that is ready.
    pub fn is_ready(&mut self) -> bool {
        self.send(message("Health", json!({})).as_bytes()).is_ok()
            && self
                .read()
                .is_some_and(|reply| reply["parameters"]["ready"] == true)
    }
}

/// A call as text; a request id is added where none is given.
pub fn message(method: &str, mut parameters: Value) -> String {
    let fields = parameters.as_object_mut().unwrap();
    fields
        .entry("requestId")
        .or_insert_with(|| id().to_string().into());
    json!({"method": format!("{INTERFACE}.{method}"), "parameters": parameters}).to_string()
}

/// The last part of the name of a reply's error, `""` for a result.
pub fn error_of(reply: &Value) -> &str {
    let error = reply["error"].as_str().unwrap_or_default();
    error.rsplit('.').next().unwrap_or_default()
}

/// Every verb that takes a name, and whether the submit socket offers it.
pub fn verbs_on(name: &str, registration: &str) -> Vec<(&'static str, bool, Value)> {
    let own = json!({"username": name, "registrationId": registration});
    let with = |fields: Value| {
        let mut all = own.clone();
        let all_fields = all.as_object_mut().unwrap();
        all_fields.extend(fields.as_object().unwrap().clone());
        all
    };
    let alone = json!({"username": name});
    vec![
        ("CreateAccount", true, with(json!({"displayName": "Eve"}))),
        ("ConfigureMail", true, own.clone()),
        (
            "ActivateAccount",
            true,
            with(json!({"passwordHash": HASH, "sshKeys": [KEY]})),
        ),
        ("DiscardAccount", true, own.clone()),
        (
            "SetPassword",
            true,
            json!({"username": name, "passwordHash": OTHER_HASH}),
        ),
        (
            "SetSshKeys",
            true,
            json!({"username": name, "sshKeys": [KEY]}),
        ),
        ("ProveAccount", true, alone.clone()),
        ("GetAccount", true, alone.clone()),
        ("SuspendAccount", false, alone.clone()),
        ("ResumeAccount", false, alone.clone()),
        ("ArchiveAccount", false, alone.clone()),
        ("RemoveAccount", false, alone),
    ]
}
