//! What `systemctl reload` changes in a running daemon, and what waits for a restart.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{Config, ConfigError};
use crate::live::Live;
use crate::logging::{LevelError, LogLevel};
use crate::names::NameRules;
use crate::operations::{Policy, Rulebook};
use crate::server::{PeerRules, Service};

/// Why a reload changed nothing.
#[derive(Debug, thiserror::Error)]
pub enum ReloadError {
    /// The file.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The level of messages.
    #[error(transparent)]
    Level(#[from] LevelError),
}

/// What a reload needs: the settings in use, and where they go.
pub struct Reload {
    path: PathBuf,
    config: Config,
    level: LogLevel,
    rulebook: Arc<Live<Rulebook>>,
}

impl Reload {
    /// Of the daemon that was started with this configuration.
    ///
    /// # Errors
    /// A file of reserved names can't be read.
    pub fn new(path: &Path, config: Config, level: LogLevel) -> Result<Self, ConfigError> {
        let rulebook = Arc::new(Live::new(rulebook(&config, &config)?));
        Ok(Self {
            path: path.to_owned(),
            config,
            level,
            rulebook,
        })
    }

    /// The settings in use.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What calls are judged by; a reload replaces it.
    #[must_use]
    pub fn rulebook(&self) -> Arc<Live<Rulebook>> {
        Arc::clone(&self.rulebook)
    }

    /// Reads the file again and puts into force what can change while calls are under way. The
    /// keys that changed and wait for a restart are returned.
    ///
    /// # Errors
    /// The file can't be used. Then everything is as it was.
    pub fn reload(&mut self, service: &Service) -> Result<Vec<&'static str>, ReloadError> {
        let new = Config::load(&self.path)?;
        let rulebook = rulebook(&self.config, &new)?;
        self.level.set(&new.log.level)?;
        self.rulebook.set(rulebook);
        service.adopt(PeerRules::of(&new.sockets), new.limits.clone());
        // Compared with what was in force at the start, so that the next reload says it again.
        Ok(waiting(&self.config, &new))
    }
}

/// The rules of `new`, with what is fixed at the start from `started`.
fn rulebook(started: &Config, new: &Config) -> Result<Rulebook, ConfigError> {
    let (fixed, accounts) = (&started.accounts, &new.accounts);
    let policy = Policy {
        uids: fixed.uid_min..=fixed.uid_max,
        shell: accounts.shell.display().to_string(),
        password: accounts.password,
        create_limit_per_hour: accounts.create_limit_per_hour,
        change_limit_per_hour: accounts.change_limit_per_hour,
        privileged_groups: accounts.privileged_groups.clone(),
        admin_groups: new.sockets.admin_groups.clone(),
        group_create_limit_per_hour: new.groups.create_limit_per_hour,
        group_change_limit_per_hour: new.groups.change_limit_per_hour,
    };
    let rules = NameRules::new(
        new.reserved_names()?,
        policy.groups_with_power().cloned().collect(),
        fixed.home_root.clone(),
    );
    Ok(Rulebook {
        rules: Arc::new(rules),
        policy: Arc::new(policy),
    })
}

/// Declares which keys wait for a restart, and how that is found out.
macro_rules! fixed {
    ($($section:ident.$key:ident,)*) => {
        /// Keys that count at the start alone: what is made of them is held by calls under way, or
        /// is on the disk.
        #[cfg(test)]
        const FIXED: &[&str] = &[$(concat!(stringify!($section), ".", stringify!($key)),)*];

        fn waiting(started: &Config, new: &Config) -> Vec<&'static str> {
            let mut keys = Vec::new();
            $(if started.$section.$key != new.$section.$key {
                keys.push(concat!(stringify!($section), ".", stringify!($key)));
            })*
            keys
        }
    };
}

fixed! {
    sockets.submit, sockets.admin,
    accounts.writer, accounts.uid_min, accounts.uid_max, accounts.home_root, accounts.skel, accounts.extra_dirs,
    groups.directory,
    mail.domain, mail.local_domains, mail.map_directory, mail.map_type, mail.postmap, mail.neomuttrc,
    ssh.key_directory,
    state.directory,
    limits.max_connections, limits.max_connections_per_uid, limits.max_queue,
    log.format,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys that a reload puts into force.
    const RELOADED: &[&str] = &[
        "sockets.submit_users",
        "sockets.admin_groups",
        "accounts.shell",
        "accounts.password",
        "accounts.create_limit_per_hour",
        "accounts.change_limit_per_hour",
        "accounts.privileged_groups",
        "accounts.reserved_names",
        "accounts.reserved_names_files",
        "groups.create_limit_per_hour",
        "groups.change_limit_per_hour",
        "limits.read_deadline_seconds",
        "limits.write_deadline_seconds",
        "limits.idle_seconds",
        "limits.stuck_after_seconds",
        "log.level",
    ];

    #[test]
    fn of_every_key_it_is_decided_whether_a_reload_changes_it() {
        let mut section = "";
        let mut keys = Vec::new();
        for line in include_str!("../../etc/provisiond.toml").lines() {
            if let Some(name) = line.strip_prefix('[') {
                section = name.trim_end_matches(']');
            } else if let Some((key, _)) = line.split_once(" = ")
                && !line.starts_with(['#', ' '])
            {
                keys.push(format!("{section}.{key}"));
            }
        }
        keys.sort();
        let mut decided = [FIXED, RELOADED].concat();
        decided.sort_unstable();
        assert_eq!(keys, decided);
    }

    #[test]
    fn what_waits_for_a_restart_is_named_and_the_rules_keep_it() {
        let started = Config::default();
        let mut new = Config::default();
        new.accounts.uid_min = 30_000;
        new.accounts.create_limit_per_hour = 7;
        new.mail.domain = "example.org".into();
        assert_eq!(waiting(&started, &new), ["accounts.uid_min", "mail.domain"]);
        let policy = rulebook(&started, &new).unwrap().policy;
        assert_eq!(*policy.uids.start(), started.accounts.uid_min);
        assert_eq!(policy.create_limit_per_hour, 7);
    }
}
