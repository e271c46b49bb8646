//! Settings of `registrar-web`: `/etc/registrar/registrar.toml`.
//!
//! Every key has a default, so an empty file is a working configuration for trying things out;
//! `etc/registrar.toml` shows all of them with their meaning.

mod auth;
mod breaches;
mod duration;
mod mail;
mod people;
mod reload;
mod review;
mod server;

use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

pub use auth::{AuthSettings, TokenAlgorithm};
pub use breaches::BreachSettings;
pub use duration::Seconds;
pub use mail::{MailSettings, MailTransport, SmtpTls};
pub use people::{InviteSettings, MayInvite, RoleSettings};
pub use review::ReviewSettings;
pub use server::{IpNet, LimitSettings, ServerSettings};

use crate::domain::{Flow, MailDomain, Mode, ProfileField};

/// All settings.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where the service listens and how it is reached.
    pub server: ServerSettings,
    /// What the community calls itself.
    pub community: CommunitySettings,
    /// Who may register and in which order things happen.
    pub registration: RegistrationSettings,
    /// How applications are reviewed.
    pub review: ReviewSettings,
    /// How accounts are entered.
    pub accounts: AccountSettings,
    /// Whether new passwords are looked up in lists of leaked ones.
    pub breaches: BreachSettings,
    /// How people log in.
    pub auth: AuthSettings,
    /// What roles may do.
    pub roles: RoleSettings,
    /// Invites of plain members.
    pub invites: InviteSettings,
    /// Where records are kept.
    pub store: StoreSettings,
    /// How mail leaves.
    pub mail: MailSettings,
    /// Where provisiond is.
    pub provision: ProvisionSettings,
    /// How much one client may ask.
    pub limits: LimitSettings,
    /// Where logs go.
    pub log: LogSettings,
}

/// What the community calls itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CommunitySettings {
    /// Shown on every page and in mails.
    pub name: String,
    /// The host's mail domain and ssh name.
    pub domain: MailDomain,
    /// A paragraph for the home page.
    pub welcome: String,
    /// The port of the host's sshd, for the line that members are shown.
    pub ssh_port: u16,
    /// The host's public keys, whose fingerprints members are shown. A file that is not there is
    /// passed over.
    pub ssh_host_keys: Vec<PathBuf>,
    /// The address of a member's web pages, with NAME for the name; empty where there are none.
    pub web_address: String,
    /// For how many members there is room; any number where it is left out.
    pub capacity: Option<NonZeroU32>,
}

/// Who may register and in which order things happen.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistrationSettings {
    /// `closed`, `invite`, `approval` or `open`.
    pub mode: Mode,
    /// `provision-first` or `verify-first`.
    pub flow: Flow,
    /// How long an address may stay unproven before the registration is taken back.
    pub verification_ttl: Seconds,
    /// How long a failed registration can be looked at.
    pub remember_failed: Seconds,
    /// How long an invite can be used.
    pub invite_ttl: Seconds,
    /// Whether applicants must give a reason (for `approval`).
    pub require_reason: bool,
    /// What else a sign-up, and any profile after it, must tell.
    pub require: Vec<ProfileField>,
    /// Years; younger people who tell their date of birth are refused.
    pub minimum_age: u8,
}

/// How accounts are entered.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AccountSettings {
    /// `account`: the password of the sign-up is the host password. `none`: by key alone.
    pub password: PasswordMode,
    /// bcrypt's cost, 10 to 14.
    pub bcrypt_cost: u32,
    /// Threads that hash; 0 is one a core.
    pub hash_threads: usize,
    /// Passwords that may wait to be hashed before new ones are answered with 503.
    pub hash_queue: usize,
    /// How long a deleted account can be resumed before all that is personal is taken out.
    pub delete_grace: Seconds,
}

/// How accounts are entered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PasswordMode {
    /// With the password of the sign-up, and keys.
    #[default]
    Account,
    /// With keys alone.
    None,
}

/// Where records are kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StoreSettings {
    /// `sqlite` or `mongodb`.
    pub kind: StoreKind,
    /// SQLite: the directory of the database files.
    pub directory: PathBuf,
    /// MongoDB: a file that holds the connection string, which may hold a password.
    pub uri_file: Option<PathBuf>,
    /// MongoDB: the connection string, where it holds no password.
    pub uri: Option<String>,
    /// MongoDB: the database.
    pub database: String,
}

/// Which adapter keeps the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StoreKind {
    /// Embedded.
    #[default]
    Sqlite,
    /// A server that several hosts share.
    Mongodb,
}

/// Where provisiond is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProvisionSettings {
    /// Its socket for this service.
    pub socket: PathBuf,
    /// How long one step may take.
    pub timeout: Seconds,
}

/// Where logs go.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogSettings {
    /// `auto` is the journal under systemd and `text` elsewhere.
    pub format: LogFormat,
    /// Directives of `tracing-subscriber`'s `EnvFilter`, such as `info` or `registrar_web=debug`.
    pub filter: String,
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// The journal under systemd, `text` elsewhere.
    #[default]
    Auto,
    /// journald with fields.
    Journal,
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// `community.domain` until an admin sets it; nobody's (RFC 6761).
pub const UNEDITED_DOMAIN: &str = "registrar.test";

impl Default for CommunitySettings {
    fn default() -> Self {
        Self {
            name: "Cosmic Registrar".into(),
            domain: MailDomain::parse(UNEDITED_DOMAIN).unwrap_or_else(|_| unreachable!()),
            welcome: "A shared Linux host for its community.".into(),
            ssh_port: 22,
            ssh_host_keys: ["ed25519", "ecdsa", "rsa"]
                .map(|kind| format!("/etc/ssh/ssh_host_{kind}_key.pub").into())
                .into(),
            web_address: String::new(),
            capacity: None,
        }
    }
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self {
            mode: Mode::Open,
            flow: Flow::ProvisionFirst,
            verification_ttl: Seconds::hours(24),
            remember_failed: Seconds::hours(24 * 7),
            invite_ttl: Seconds::hours(24 * 7),
            require_reason: false,
            require: Vec::new(),
            minimum_age: 13,
        }
    }
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            password: PasswordMode::Account,
            bcrypt_cost: 12,
            hash_threads: 0,
            hash_queue: 256,
            delete_grace: Seconds::hours(24 * 30),
        }
    }
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self {
            kind: StoreKind::Sqlite,
            directory: "/var/lib/registrar-web".into(),
            uri_file: None,
            uri: None,
            database: "registrar".into(),
        }
    }
}

impl Default for ProvisionSettings {
    fn default() -> Self {
        Self {
            socket: "/run/provisiond/submit.sock".into(),
            timeout: Seconds::of(60),
        }
    }
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            format: LogFormat::Auto,
            filter: "info".into(),
        }
    }
}

/// The configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It does not parse.
    #[error(transparent)]
    Parse(#[from] strict_config::ConfigError),
    /// It parses and can't work.
    #[error("{}: {source}", path.display())]
    Setting {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: SettingError,
    },
}

/// Reads the file and the `REGISTRAR__SECTION__KEY` variables, and judges the whole.
///
/// # Errors
/// See [`LoadError`].
pub fn load(path: &std::path::Path) -> Result<Config, LoadError> {
    let config: Config = strict_config::load(path, "REGISTRAR")?;
    match config.check() {
        Ok(()) => Ok(config),
        Err(source) => Err(LoadError::Setting {
            path: path.to_owned(),
            source,
        }),
    }
}

/// A setting that parses and can't work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct SettingError {
    /// Section and key.
    pub key: &'static str,
    /// The rule, and what to write.
    pub message: String,
}

impl Config {
    /// Judges what no single value shows.
    ///
    /// # Errors
    /// The first setting that can't work.
    pub fn check(&self) -> Result<(), SettingError> {
        let wrong = |key, message: &str| {
            Err(SettingError {
                key,
                message: message.to_owned(),
            })
        };
        if !(10..=14).contains(&self.accounts.bcrypt_cost) {
            return wrong(
                "accounts.bcrypt_cost",
                "bcrypt's cost is 10 to 14; 12 is usual",
            );
        }
        if self.accounts.hash_queue == 0 {
            return wrong(
                "accounts.hash_queue",
                "at least one password must be able to wait",
            );
        }
        if self.store.kind == StoreKind::Mongodb
            && self.store.uri.is_none()
            && self.store.uri_file.is_none()
        {
            return wrong("store.uri_file", "kind = \"mongodb\" needs uri_file or uri");
        }
        let url = &self.server.public_url;
        if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
            return wrong(
                "server.public_url",
                "write it as https://host.example, without a slash at the end",
            );
        }
        self.breaches.check()?;
        self.auth.check()?;
        self.roles.may_invite.check()?;
        self.review.check()?;
        self.mail.check()
    }
}
