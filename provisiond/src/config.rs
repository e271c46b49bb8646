//! `provisiond.toml`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Where the file is unless the command line says otherwise.
pub const DEFAULT_PATH: &str = "/etc/registrar/provisiond.toml";

/// What environment variables that override a key begin with: `PROVISIOND__SECTION__KEY`.
const PREFIX: &str = "PROVISIOND";

/// The whole file. Every key may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The two sockets and who may use them.
    pub sockets: Sockets,
    /// What accounts look like, and how many.
    pub accounts: Accounts,
    /// Mail set-up.
    pub mail: Mail,
    /// Key files.
    pub ssh: Ssh,
    /// Registry and journal.
    pub state: State,
    /// What one peer, and all of them together, may use up.
    pub limits: Limits,
    /// Where messages go.
    pub log: Log,
}

/// `[sockets]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sockets {
    /// The socket of registrar-web.
    pub submit: PathBuf,
    /// The socket of the admins.
    pub admin: PathBuf,
    /// Users who may call on the submit socket, besides root. The socket's group is the primary
    /// group of the first of them.
    pub submit_users: Vec<String>,
    /// Groups whose members may call on the admin socket, besides root. The socket's group is the
    /// first of them.
    pub admin_groups: Vec<String>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self {
            submit: "/run/provisiond/submit.sock".into(),
            admin: "/run/provisiond/admin.sock".into(),
            submit_users: vec!["registrar-web".into()],
            admin_groups: vec!["registrar-admin".into()],
        }
    }
}

/// Whether accounts get a host password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PasswordPolicy {
    /// The password of the registration is the password of the host.
    Account,
    /// No account has a password: login is by key alone.
    None,
}

/// `[accounts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// The smallest uid (and gid) that is given out.
    pub uid_min: u32,
    /// The largest.
    pub uid_max: u32,
    /// Where homes are.
    pub home_root: PathBuf,
    /// What every new home holds.
    pub skel: PathBuf,
    /// The login shell of new accounts.
    pub shell: PathBuf,
    /// Host password or not.
    pub password: PasswordPolicy,
    /// New accounts in any hour, discarded ones counted.
    pub create_limit_per_hour: u32,
    /// Changes of password and keys of one account in any hour.
    pub change_limit_per_hour: u32,
    /// Password and keys of their members are changed by root alone.
    pub privileged_groups: Vec<String>,
    /// Names that nobody can register here.
    pub reserved_names: Vec<String>,
    /// Files of more such names, one a line, `#` for comments.
    pub reserved_names_files: Vec<PathBuf>,
    /// More directories in every new home, such as `public_gopher`.
    pub extra_dirs: Vec<String>,
}

impl Default for Accounts {
    fn default() -> Self {
        let groups = [
            "root",
            "sudo",
            "wheel",
            "admin",
            "adm",
            "shadow",
            "disk",
            "docker",
            "lxd",
            "libvirt",
            "kvm",
            "systemd-journal",
            "registrar-admin",
            "registrar-web",
        ];
        Self {
            uid_min: 20_000,
            uid_max: 59_999,
            home_root: "/home".into(),
            skel: "/etc/skel".into(),
            shell: "/bin/bash".into(),
            password: PasswordPolicy::Account,
            create_limit_per_hour: 60,
            change_limit_per_hour: 6,
            privileged_groups: groups.map(str::to_owned).to_vec(),
            reserved_names: Vec::new(),
            reserved_names_files: Vec::new(),
            extra_dirs: Vec::new(),
        }
    }
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Mail {
    /// What stands behind the `@` of members' addresses; empty: what the host calls itself.
    pub domain: String,
    /// Other domains that the host takes mail for (Postfix's `mydestination`), besides `domain`,
    /// the host's name and `localhost`.
    pub local_domains: Vec<String>,
    /// Where provisiond keeps its Postfix maps.
    pub map_directory: PathBuf,
    /// Type of the compiled map, see postmap(1).
    pub map_type: String,
    /// The tool that compiles it.
    pub postmap: PathBuf,
    /// Template of `~/.neomuttrc`; empty: the one that is built in.
    pub neomuttrc: PathBuf,
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            domain: String::new(),
            local_domains: Vec::new(),
            map_directory: "/etc/postfix/registrar".into(),
            map_type: "hash".into(),
            postmap: "/usr/sbin/postmap".into(),
            neomuttrc: PathBuf::new(),
        }
    }
}

/// `[ssh]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Ssh {
    /// One root-owned file of keys an account.
    pub key_directory: PathBuf,
}

impl Default for Ssh {
    fn default() -> Self {
        Self {
            key_directory: "/etc/ssh/registrar_keys".into(),
        }
    }
}

/// `[state]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct State {
    /// Registry and journal; root only.
    pub directory: PathBuf,
}

impl Default for State {
    fn default() -> Self {
        Self {
            directory: "/var/lib/provisiond".into(),
        }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Connections in all.
    pub max_connections: usize,
    /// Connections of one uid, root not counted.
    pub max_connections_per_uid: usize,
    /// How long a message may take from its first byte to its last.
    pub read_deadline_seconds: u64,
    /// How long a peer may take to accept a reply.
    pub write_deadline_seconds: u64,
    /// How long a connection may be silent.
    pub idle_seconds: u64,
    /// Mutating calls that wait for the worker.
    pub max_queue: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_connections: 256,
            max_connections_per_uid: 128,
            read_deadline_seconds: 10,
            write_deadline_seconds: 10,
            idle_seconds: 60,
            max_queue: 256,
        }
    }
}

/// How messages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Fields to journald where it listens, else lines for people.
    Auto,
    /// Lines for people, on standard error.
    Human,
    /// JSON lines, on standard error.
    Json,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// How messages are written.
    pub format: LogFormat,
    /// error, warn, info, debug or trace.
    pub level: String,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            level: "info".into(),
        }
    }
}

/// Why there is no configuration to work with.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file can't be read, or is not what is expected; the message names file, line and key.
    #[error(transparent)]
    File(#[from] strict_config::ConfigError),
    /// A file of reserved names can't be read.
    #[error("accounts.reserved_names_files: {}: {source}", path.display())]
    Names {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A value can't work.
    #[error("{key}: {message}")]
    Value {
        /// `section.key`.
        key: &'static str,
        /// How to mend it.
        message: String,
    },
}

impl Config {
    /// Reads and checks the file; without a file at the default place, the defaults.
    ///
    /// # Errors
    /// See [`ConfigError`].
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let config = read(path)?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key, message: &str| {
            Err(ConfigError::Value {
                key,
                message: message.to_owned(),
            })
        };
        let accounts = &self.accounts;
        // Below 1000 are the system's own; 60001 to 65535 are nobody and systemd's.
        if accounts.uid_min < 1_000 {
            return wrong("accounts.uid_min", "must be 1000 or more");
        }
        if accounts.uid_max < accounts.uid_min {
            return wrong("accounts.uid_max", "must not be below accounts.uid_min");
        }
        if accounts.uid_min <= 65_535 && accounts.uid_max > 60_000 {
            return wrong(
                "accounts.uid_max",
                "must be at most 60000: the numbers up to 65535 are taken by nobody and systemd",
            );
        }
        for (key, path) in [
            ("sockets.submit", &self.sockets.submit),
            ("sockets.admin", &self.sockets.admin),
            ("accounts.home_root", &accounts.home_root),
            ("accounts.skel", &accounts.skel),
            ("accounts.shell", &accounts.shell),
            ("mail.map_directory", &self.mail.map_directory),
            ("mail.postmap", &self.mail.postmap),
            ("ssh.key_directory", &self.ssh.key_directory),
            ("state.directory", &self.state.directory),
        ] {
            let plain = path.is_absolute()
                && path
                    .to_str()
                    .is_some_and(|p| !p.contains([':', '\n', ',']) && !p.contains(".."));
            if !plain {
                return wrong(key, "must be an absolute path without `..`, `:` and `,`");
            }
        }
        if self.sockets.submit == self.sockets.admin {
            return wrong("sockets.admin", "must not be the submit socket");
        }
        let limits = &self.limits;
        if limits.max_connections == 0 || limits.max_connections_per_uid == 0 {
            return wrong("limits.max_connections", "must be 1 or more");
        }
        if limits.max_queue == 0 {
            return wrong("limits.max_queue", "must be 1 or more");
        }
        if limits.read_deadline_seconds == 0
            || limits.write_deadline_seconds == 0
            || limits.idle_seconds == 0
        {
            return wrong("limits", "a deadline must be 1 second or more");
        }
        Ok(())
    }

    /// Every domain that the host takes mail for.
    #[must_use]
    pub fn local_domains(&self) -> Vec<String> {
        let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let mut domains = self.mail.local_domains.clone();
        domains.extend([
            self.mail_domain(),
            host.trim().to_owned(),
            "localhost".into(),
        ]);
        domains
    }

    /// The mail domain: as configured, else `/etc/mailname`, else the host's name.
    #[must_use]
    pub fn mail_domain(&self) -> String {
        let from = |path: &str| {
            std::fs::read_to_string(path)
                .ok()
                .map(|text| text.trim().to_owned())
        };
        Some(self.mail.domain.clone())
            .filter(|d| !d.is_empty())
            .or_else(|| from("/etc/mailname").filter(|d| !d.is_empty()))
            .or_else(|| from("/proc/sys/kernel/hostname").filter(|d| !d.is_empty()))
            .unwrap_or_else(|| "localhost".into())
    }

    /// The names that this host's admin reserved.
    ///
    /// # Errors
    /// A file of names can't be read.
    pub fn reserved_names(&self) -> Result<BTreeSet<String>, ConfigError> {
        let mut names: BTreeSet<String> = self.accounts.reserved_names.iter().cloned().collect();
        for path in &self.accounts.reserved_names_files {
            let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Names {
                path: path.clone(),
                source,
            })?;
            names.extend(
                text.lines()
                    .map(|line| line.split('#').next().unwrap_or_default().trim())
                    .filter(|line| !line.is_empty())
                    .map(str::to_owned),
            );
        }
        Ok(names)
    }
}

fn read(path: &Path) -> Result<Config, ConfigError> {
    if path == Path::new(DEFAULT_PATH) && !path.exists() {
        let file = format!("{DEFAULT_PATH} (missing)");
        let variables = std::env::vars_os();
        return Ok(strict_config::parse_with("", &file, PREFIX, variables)?);
    }
    Ok(strict_config::load(path, PREFIX)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Config, ConfigError> {
        let config: Config = strict_config::parse(text, "test")?;
        config.check()?;
        Ok(config)
    }

    #[test]
    fn an_empty_file_gives_the_defaults_of_the_manual() {
        let config = parse("").unwrap();
        assert_eq!(config.accounts.uid_min, 20_000);
        assert_eq!(config.accounts.password, PasswordPolicy::Account);
        assert_eq!(config.sockets.submit_users, ["registrar-web"]);
    }

    #[test]
    fn the_file_that_hosts_get_says_the_defaults() {
        let text = include_str!("../../etc/provisiond.toml");
        let (said, meant) = (parse(text).unwrap(), Config::default());
        assert_eq!(format!("{said:#?}"), format!("{meant:#?}"));
    }

    #[test]
    fn values_that_would_endanger_the_host_are_refused() {
        for text in [
            "[accounts]\nuid_min = 0",
            "[accounts]\nuid_min = 30000\nuid_max = 29999",
            "[accounts]\nuid_max = 65535",
            "[accounts]\nhome_root = \"home\"",
            "[accounts]\nhome_root = \"/home/../etc\"",
            "[accounts]\nshell = \"/bin/sh:x\"",
            "[accounts]\ncolour = 1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
