//! What the file says that this host does not have; asked by `--check-config` alone. A start goes on
//! without it and says so by `Health`, because it may come a moment later.

use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;

use super::{Config, ConfigError};

impl Config {
    /// Compares the settings with the host. What is returned is no mistake as yet, and for an admin
    /// to know.
    ///
    /// # Errors
    /// A value can't work here.
    pub fn check_host(&self) -> Result<Vec<String>, ConfigError> {
        self.check_shell()?;
        let sockets = &self.sockets;
        let users = sockets.submit_users.iter();
        let users = users.filter(|name| users::get_user_by_name(name.as_str()).is_none());
        let users = users.map(|name| {
            format!("sockets.submit_users: this host has no user {name}; nobody calls as such")
        });
        let groups = sockets.admin_groups.iter();
        let groups = groups.filter(|name| users::get_group_by_name(name.as_str()).is_none());
        let groups = groups.map(|name| {
            format!("sockets.admin_groups: this host has no group {name}; nobody is in it")
        });
        Ok(users.chain(groups).collect())
    }

    /// Members could not log in with a shell that can't be run.
    fn check_shell(&self) -> Result<(), ConfigError> {
        let shell = &self.accounts.shell;
        let wrong = |why: &str| {
            let message = format!("{} {why}; install it or name another", shell.display());
            Err(ConfigError::Value {
                key: "accounts.shell",
                message,
            })
        };
        match std::fs::metadata(shell) {
            Err(e) if e.kind() == ErrorKind::NotFound => wrong("is not there"),
            Err(e) => wrong(&format!("can't be looked at ({e})")),
            Ok(meta) if !meta.is_file() => wrong("is no file"),
            Ok(meta) if meta.permissions().mode() & 0o001 == 0 => {
                wrong("can't be executed by everyone")
            }
            Ok(_) => Ok(()),
        }
    }
}
