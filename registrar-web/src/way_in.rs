//! How members get in, as pages and mails tell them.

use std::path::PathBuf;

use crate::config::CommunitySettings;
use crate::domain::SshPublicKey;

/// Where the host is, and how members know it.
#[derive(Clone, Debug, Default)]
pub struct WayIn {
    /// What `ssh NAME@` ends with.
    pub domain: String,
    /// Where sshd listens.
    pub ssh_port: u16,
    /// How members know the host.
    pub host_keys: Vec<HostKey>,
    /// The address of a member's pages, with NAME for the name; may be empty.
    pub web_address: String,
}

/// A public key of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    /// The kind, as ssh names it.
    pub kind: String,
    /// `SHA256:…`, as ssh asks about it.
    pub fingerprint: String,
}

impl WayIn {
    /// As configured. The host's keys are read now.
    #[must_use]
    pub fn of(settings: &CommunitySettings) -> Self {
        Self {
            domain: settings.domain.as_str().to_owned(),
            ssh_port: settings.ssh_port,
            host_keys: HostKey::read(&settings.ssh_host_keys),
            web_address: settings.web_address.clone(),
        }
    }

    /// What a member types to log in.
    #[must_use]
    pub fn ssh_line(&self, username: &str) -> String {
        let port = match self.ssh_port {
            22 => String::new(),
            port => format!(" -p {port}"),
        };
        format!("ssh{port} {username}@{}", self.domain)
    }

    /// Where a member's pages are; `None` where nothing serves them.
    #[must_use]
    pub fn web_address(&self, username: &str) -> Option<String> {
        let is_there = !self.web_address.is_empty();
        is_there.then(|| self.web_address.replace("NAME", username))
    }
}

impl HostKey {
    /// Reads those that are there.
    fn read(paths: &[PathBuf]) -> Vec<Self> {
        let read = |path: &PathBuf| {
            match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text).or_else(|| {
                tracing::warn!(path = %path.display(), "this is no public key; members are not shown it");
                None
            }),
            Err(error) => {
                tracing::debug!(path = %path.display(), %error, "a key of the host is not shown");
                None
            }
        }
        };
        paths.iter().filter_map(read).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let key = SshPublicKey::parse(text).ok()?;
        let kind = key.as_line().split(' ').next()?;
        Some(Self {
            kind: kind.to_owned(),
            fingerprint: key.fingerprint().to_owned(),
        })
    }
}
