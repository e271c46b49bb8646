//! Who is there, as sshd says it.

use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt;

use provision_api::SshPublicKey;

/// The most bytes of the file in which sshd says how the person came in.
const LONGEST: u64 = 64 * 1024;

/// The person at the other end of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Where they connected from; limits count it.
    pub address: IpAddr,
    /// The key that they showed to have, if it is one that accounts may have.
    pub key: Option<SshPublicKey>,
}

/// Why this program has nothing to do for whoever started it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unwelcome {
    /// Not by sshd, or not over a network.
    #[error("This program signs people up over ssh, and was not started by sshd")]
    NoConnection,
    /// A command, a file transfer, or something else than a conversation was asked for.
    #[error(
        "Nothing can be run or copied here: this login only signs people up. Connect without a command"
    )]
    Command,
}

impl Visitor {
    /// By the variables that sshd(8) sets.
    ///
    /// # Errors
    /// See [`Unwelcome`].
    pub fn of_sshd() -> Result<Self, Unwelcome> {
        let text = |name| std::env::var(name).ok();
        if text("SSH_ORIGINAL_COMMAND").is_some() {
            return Err(Unwelcome::Command);
        }
        // Of sshd_config(5), ExposeAuthInfo; no key where it is off or can't be read.
        let methods = text("SSH_USER_AUTH").and_then(|path| read(&path));
        Self::of(
            text("SSH_CONNECTION").as_deref(),
            methods.as_deref().unwrap_or_default(),
        )
    }

    /// By what `SSH_CONNECTION` and the file of `SSH_USER_AUTH` say.
    ///
    /// # Errors
    /// [`Unwelcome::NoConnection`].
    pub fn of(connection: Option<&str>, methods: &str) -> Result<Self, Unwelcome> {
        let first = connection.and_then(|c| c.split(' ').next());
        // An address of the link has its interface behind it.
        let bare = first.and_then(|a| a.split('%').next());
        let address = bare.and_then(|a| a.parse().ok());
        Ok(Self {
            address: address.ok_or(Unwelcome::NoConnection)?,
            key: methods.lines().find_map(key_of),
        })
    }
}

/// Of a line such as `publickey ssh-ed25519 AAAA…`.
fn key_of(line: &str) -> Option<SshPublicKey> {
    let key = line.strip_prefix("publickey ")?;
    SshPublicKey::parse(key).ok()
}

fn read(path: &str) -> Option<String> {
    let mut text = String::new();
    let file = File::options()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)
        .ok()?;
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ED: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHMkgTGMEVZIVxJ0bkQ1b1kmYKqkMuOmg3AZ9CX6qM3B";
    const FROM: Option<&str> = Some("198.51.100.7 50594 192.0.2.1 22");

    #[test]
    fn the_address_is_the_first_word_of_the_connection() {
        let of = |text| Visitor::of(Some(text), "").unwrap().address.to_string();
        assert_eq!(of("198.51.100.7 50594 192.0.2.1 22"), "198.51.100.7");
        assert_eq!(of("2001:db8::7 50594 2001:db8::1 22"), "2001:db8::7");
        assert_eq!(of("fe80::1%eth0 50594 fe80::2%eth0 22"), "fe80::1");
    }

    #[test]
    fn without_a_connection_nobody_is_there() {
        for text in [None, Some(""), Some("UNKNOWN 65535 UNKNOWN 65535")] {
            assert_eq!(Visitor::of(text, ""), Err(Unwelcome::NoConnection));
        }
    }

    #[test]
    fn the_key_is_the_one_that_was_shown() {
        let of = |methods: &str| Visitor::of(FROM, methods).unwrap().key;
        let shown = of(&format!("publickey {ED}\n"));
        assert_eq!(shown.unwrap().as_line(), ED);
        for methods in [
            "",
            "keyboard-interactive/pam\n",
            ED,
            "publickey ssh-dss AAAA\n",
        ] {
            assert_eq!(of(methods), None, "{methods}");
        }
    }
}
