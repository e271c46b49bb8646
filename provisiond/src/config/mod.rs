//! `provisiond.toml`.

mod host;
mod sections;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

pub use sections::{
    Accounts, Config, Groups, Limits, Log, LogFormat, Mail, PasswordPolicy, Sockets, Ssh, State,
    Writer,
};

/// Where the file is unless the command line says otherwise.
pub const DEFAULT_PATH: &str = "/etc/registrar/provisiond.toml";

/// What environment variables that override a key begin with: `PROVISIOND__SECTION__KEY`.
const PREFIX: &str = "PROVISIOND";

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
            ("groups.directory", &self.groups.directory),
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
        if self.groups.directory == accounts.home_root {
            return wrong(
                "groups.directory",
                "must not be accounts.home_root: both keep a directory .registrar there",
            );
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
        let mut domains = self.mail.local_domains.clone();
        domains.extend([
            self.mail_domain(),
            host_name().unwrap_or_default(),
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
            .or_else(|| host_name().filter(|d| !d.is_empty()))
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

/// The host's own name. Not from /proc, most of which a sandboxed service does not see
/// (`ProcSubset=pid`, systemd.exec(5)).
fn host_name() -> Option<String> {
    nix::unistd::gethostname().ok()?.into_string().ok()
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
        let text = include_str!("../../../etc/provisiond.toml");
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
