use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use provision_api::{AccountState, RegistrationId, SshPublicKey, Username};

use super::refusal::Failure;
use crate::accounts::{self, AccountDatabase};
use crate::config::Config;
use crate::home::{
    HomeError, HomeFacts, Homes, Ids, MailDomain, MailDomainError, MailIdentity, Template,
};
use crate::journal::Work;
use crate::notify::{Notice, Notifier, NotifyError, Recipient};
use crate::postfix::{MapError, MapType, RefusalMap};
use crate::registry::{Record, Registry};
use crate::ssh_keys::{KeyDirectory, KeyFileError};

/// Why the host can't be worked on as the configuration says.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// Names of directories in new homes.
    #[error("accounts.extra_dirs: {0}")]
    Homes(#[from] HomeError),
    /// The template of `.neomuttrc`.
    #[error("mail.neomuttrc: {0}")]
    Template(HomeError),
    /// The members' mail domain.
    #[error("mail.domain: {0}")]
    Domain(#[from] MailDomainError),
    /// The type of Postfix's maps.
    #[error("mail.map_type: `{0}` is not one of hash, btree, lmdb, cdb, texthash")]
    MapType(String),
    /// A directory that provisiond keeps.
    #[error("{}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why it can't be made.
        source: std::io::Error,
    },
}

/// Everything on the host that provisiond changes, as the operations speak of it.
pub struct Host {
    /// Users and groups.
    pub accounts: Box<dyn AccountDatabase>,
    /// Homes.
    pub homes: Homes,
    refusals: RefusalMap,
    keys: KeyDirectory,
    domain: MailDomain,
    notifier: Notifier,
}

impl Host {
    /// The host as configured. Makes the directories of maps and keys if they are missing.
    ///
    /// # Errors
    /// See [`HostError`].
    pub fn new(config: &Config, accounts: Box<dyn AccountDatabase>) -> Result<Self, HostError> {
        let mut public: Vec<&str> = vec!["public"];
        public.extend(config.accounts.extra_dirs.iter().map(String::as_str));
        let map_type = MapType::parse(&config.mail.map_type)
            .ok_or_else(|| HostError::MapType(config.mail.map_type.clone()))?;
        for directory in [&config.mail.map_directory, &config.ssh.key_directory] {
            make_directory(directory)?;
        }
        let mut homes = Homes::new(&config.accounts.home_root, &config.accounts.skel, public)?;
        if !config.mail.neomuttrc.as_os_str().is_empty() {
            let template = Template::read(&config.mail.neomuttrc).map_err(HostError::Template)?;
            homes = homes.with_neomuttrc(template);
        }
        let domain = MailDomain::parse(&config.mail_domain())?;
        Ok(Self {
            accounts,
            homes,
            notifier: Notifier::new(domain.clone()),
            refusals: RefusalMap::new(
                &config.mail.map_directory,
                map_type,
                &config.mail.postmap,
                config.local_domains(),
            ),
            keys: KeyDirectory::new(&config.ssh.key_directory),
            domain,
        })
    }

    /// Whether the host has the user that the record speaks of. A user of the same name with
    /// another number is a failure: nothing of that account may be touched.
    pub(super) fn user_is_there(&self, record: &Record) -> Result<bool, Failure> {
        match self.accounts.user(record.username.as_str())? {
            None => Ok(false),
            Some(user) if user.uid == record.uid => Ok(true),
            Some(_) => Err(Failure::lasting(
                "the host's user of that name is not the one that provisiond made",
            )),
        }
    }

    pub(super) fn refuse_mail(&self, name: &Username) -> Result<(), Failure> {
        Ok(self.refusals.refuse(name)?)
    }

    pub(super) fn accept_mail(&self, name: &Username) -> Result<(), Failure> {
        Ok(self.refusals.accept(name)?)
    }

    pub(super) fn is_mail_refused(&self, name: &Username) -> Result<bool, Failure> {
        Ok(self.refusals.is_refused(name)?)
    }

    pub(super) fn reconcile_refusals(&self, names: &[Username]) -> Result<(), Failure> {
        Ok(self.refusals.reconcile(names.iter().cloned())?)
    }

    pub(super) fn stage_home(&self, id: RegistrationId, uid: u32) -> Result<(), Failure> {
        Ok(self.homes.stage(id, ids(uid))?)
    }

    pub(super) fn add_mail_files(&self, record: &Record) -> Result<(), Failure> {
        // An earlier failure may have thrown the staged home away.
        if !self.homes.is_staged(record.registration_id)? {
            self.homes.stage(record.registration_id, ids(record.uid))?;
        }
        let identity = MailIdentity {
            username: &record.username,
            display_name: &record.display_name,
            domain: &self.domain,
        };
        Ok(self
            .homes
            .add_mail_files(record.registration_id, ids(record.uid), &identity)?)
    }

    pub(super) fn publish_home(&self, record: &Record) -> Result<(), Failure> {
        let (id, name) = (record.registration_id, &record.username);
        self.homes.publish(id, name, ids(record.uid))?;
        let facts = self.homes.inspect(name, record.uid)?;
        if facts.owned && facts.maildir && facts.neomuttrc {
            Ok(())
        } else {
            Err(Failure::lasting("the published home is not complete"))
        }
    }

    pub(super) fn has_home(&self, record: &Record) -> Result<bool, Failure> {
        let facts = self.inspect_home(record)?;
        Ok(facts.owned && facts.maildir)
    }

    pub(super) fn inspect_home(&self, record: &Record) -> Result<HomeFacts, Failure> {
        Ok(self.homes.inspect(&record.username, record.uid)?)
    }

    pub(super) fn withdraw_home(&self, record: &Record) -> Result<(), Failure> {
        let (name, id) = (&record.username, record.registration_id);
        Ok(self.homes.withdraw(name, ids(record.uid), id)?)
    }

    pub(super) fn delete_leftovers(&self, id: RegistrationId) -> Result<(), Failure> {
        Ok(self.homes.delete_leftovers(id)?)
    }

    pub(super) fn install_keys(
        &self,
        name: &Username,
        keys: &[SshPublicKey],
    ) -> Result<(), Failure> {
        Ok(self.keys.write(name, keys)?)
    }

    pub(super) fn has_key_file(&self, name: &Username) -> bool {
        self.keys.exists(name).unwrap_or(false)
    }

    pub(super) fn archive_home(&self, record: &Record) -> Result<(), Failure> {
        let (name, id) = (&record.username, record.registration_id);
        Ok(self.homes.archive(name, ids(record.uid), id)?)
    }

    pub(super) fn delete_archive(&self, record: &Record) -> Result<(), Failure> {
        Ok(self.homes.delete_archived(record.registration_id)?)
    }

    /// Tells the owner of a change, by a message in the Maildir.
    pub(super) fn notify(
        &self,
        record: &Record,
        notice: Notice,
        now: i64,
    ) -> Result<(), NotifyError> {
        let recipient = Recipient {
            username: &record.username,
            ids: ids(record.uid),
            home: Path::new(&record.home),
        };
        self.notifier.deliver(notice, recipient, now)
    }

    pub(super) fn end_processes(&self, uid: u32) -> Result<(), Failure> {
        accounts::end_processes(uid).map_err(|e| Failure::passing(e.to_string()))
    }
}

/// The names that Postfix must refuse: of accounts that exist and may not get mail.
pub(super) fn names_without_mail(registry: &Registry) -> Vec<Username> {
    let closed = registry
        .accounts()
        .filter(|r| matches!(r.state, AccountState::Locked | AccountState::Suspended))
        .map(|r| r.username.clone());
    let begun = registry
        .intents()
        .filter(|i| matches!(i.work, Work::Create { .. }))
        .map(|i| i.username.clone());
    closed.chain(begun).collect()
}

fn ids(uid: u32) -> Ids {
    Ids { uid, gid: uid }
}

/// Makes a directory that others may read, if it is missing. Its parent must be there: a host
/// without `/etc/postfix` has no Postfix to speak to.
fn make_directory(path: &Path) -> Result<(), HostError> {
    let failed = |source| HostError::Directory {
        path: path.to_owned(),
        source,
    };
    match std::fs::create_dir(path) {
        // The umask of a root daemon takes bits away.
        Ok(()) => std::fs::set_permissions(path, Permissions::from_mode(0o755)).map_err(failed),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(failed(e)),
    }
}

impl From<HomeError> for Failure {
    fn from(error: HomeError) -> Self {
        let transient = matches!(
            error,
            HomeError::DiskFull { .. } | HomeError::Io { .. } | HomeError::NotYetEmpty
        );
        Self {
            transient,
            message: error.to_string(),
        }
    }
}

impl From<MapError> for Failure {
    fn from(error: MapError) -> Self {
        let transient = matches!(error, MapError::Io { .. } | MapError::Postmap(_));
        Self {
            transient,
            message: error.to_string(),
        }
    }
}

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let transient = matches!(error, KeyFileError::Io { .. });
        Self {
            transient,
            message: error.to_string(),
        }
    }
}
