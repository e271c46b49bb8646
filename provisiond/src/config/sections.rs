//! What can be set, and what is so unless it is set.

use std::path::PathBuf;

use serde::Deserialize;

/// The whole file. Every key may be left out.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The two sockets and who may use them.
    pub sockets: Sockets,
    /// What accounts look like, and how many.
    pub accounts: Accounts,
    /// Groups of organisations, and what their members share.
    pub groups: Groups,
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

/// Who writes the account database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writer {
    /// groupadd, useradd, chpasswd and the like.
    ShadowUtils,
    /// provisiond itself, under their locks; deletions are still theirs.
    Direct,
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
    /// Who writes passwd(5) and its kin.
    pub writer: Writer,
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
            "incus",
            "incus-admin",
            "lxc",
            "podman",
            "microk8s",
            "libvirt",
            "kvm",
            "kmem",
            "staff",
            "google-sudoers",
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
            writer: Writer::ShadowUtils,
            create_limit_per_hour: 60,
            change_limit_per_hour: 6,
            privileged_groups: groups.map(str::to_owned).to_vec(),
            reserved_names: Vec::new(),
            reserved_names_files: Vec::new(),
            extra_dirs: Vec::new(),
        }
    }
}

/// `[groups]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Groups {
    /// Where shared directories are.
    pub directory: PathBuf,
    /// New groups in any hour, failed ones counted.
    pub create_limit_per_hour: u32,
    /// Changes of one group's members in any hour.
    pub change_limit_per_hour: u32,
}

impl Default for Groups {
    fn default() -> Self {
        Self {
            directory: "/home/groups".into(),
            create_limit_per_hour: 20,
            change_limit_per_hour: 120,
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
    /// How long the worker may give no sign of life in the middle of a call before the service
    /// manager's watchdog is not fed any more. A tool may take 25 s until it is ended.
    pub stuck_after_seconds: u64,
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
            stuck_after_seconds: 60,
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
