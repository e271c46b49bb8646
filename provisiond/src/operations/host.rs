use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::sys::statvfs::{FsFlags, statvfs};
use provision_api::{AccountState, LoginProof, RegistrationId, SshPublicKey, Username};

use super::refusal::Failure;
use crate::accounts::{self, AccountDatabase};
use crate::archive::{Archives, Manifest, Packed};
use crate::config::Config;
use crate::home::{
    HomeError, HomeFacts, Homes, Ids, MailDomain, MailDomainError, MailIdentity, Template,
};
use crate::jobs::Jobs;
use crate::journal::Work;
use crate::notify::{Notice, Notifier, NotifyError, Recipient};
use crate::postfix::{MapType, RefusalMap};
use crate::proof::{Prover, Way};
use crate::registry::{Record, Registry};
use crate::shared_dirs::SharedDirs;
use crate::ssh_keys::KeyDirectory;

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
    /// A directory that provisiond must be able to write.
    #[error(
        "{key}: {} is {what} for this service. Where the directory itself is well, the unit keeps \
         provisiond out of it: see /usr/share/doc/cosmic-registrar/examples/home-root.conf",
        path.display()
    )]
    NotWritable {
        /// Which setting names it.
        key: &'static str,
        /// The directory.
        path: PathBuf,
        /// `missing` or `read-only`.
        what: &'static str,
    },
    /// A directory that provisiond keeps.
    #[error("{}: {source}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why it can't be made.
        source: std::io::Error,
    },
}

/// Beside the map of refused recipients: the same of suspended accounts alone, for Postfix's
/// `relocated_maps`. That holds for mail from the host itself, too, which passes no smtpd and would
/// start what a `.forward` says. Not for accounts in the making: Postfix may read it ten seconds
/// late, and the first mail of a member must not bounce.
const SUSPENDED: &str = "suspended";

/// How long a login may take from the question whether the account may be used to its first
/// process. One that asked before the answer was no is ended, too.
const LATE_LOGIN: Duration = Duration::from_millis(300);

/// Everything on the host that provisiond changes, as the operations speak of it.
pub struct Host {
    /// Users and groups.
    pub accounts: Box<dyn AccountDatabase>,
    /// Homes.
    pub homes: Homes,
    /// Directories that the members of a group share.
    pub shared_dirs: SharedDirs,
    /// Packed homes.
    pub archives: Archives,
    jobs: Jobs,
    refusals: RefusalMap,
    suspensions: RefusalMap,
    keys: KeyDirectory,
    domain: MailDomain,
    notifier: Notifier,
    prover: Prover,
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
        let suspended = config.mail.map_directory.join(SUSPENDED);
        for directory in [
            &config.mail.map_directory,
            &suspended,
            &config.ssh.key_directory,
        ] {
            make_directory(directory)?;
        }
        for (key, directory) in [
            ("accounts.home_root", &config.accounts.home_root),
            ("mail.map_directory", &config.mail.map_directory),
            ("ssh.key_directory", &config.ssh.key_directory),
        ] {
            must_be_writable(key, directory)?;
        }
        let map = |directory: &Path| {
            let domains = config.local_domains();
            RefusalMap::new(directory, map_type, &config.mail.postmap, domains)
        };
        let mut homes = Homes::new(&config.accounts.home_root, &config.accounts.skel, public)?;
        if !config.mail.neomuttrc.as_os_str().is_empty() {
            let template = Template::read(&config.mail.neomuttrc).map_err(HostError::Template)?;
            homes = homes.with_neomuttrc(template);
        }
        let domain = MailDomain::parse(&config.mail_domain())?;
        Ok(Self {
            accounts,
            homes,
            shared_dirs: SharedDirs::new(&config.groups.directory),
            archives: Archives::new(&config.state.directory),
            jobs: Jobs::new(&config.state.directory),
            notifier: Notifier::new(domain.clone()),
            prover: Prover::new(domain.clone()),
            refusals: map(&config.mail.map_directory),
            suspensions: map(&suspended).by_bare_names(),
            keys: KeyDirectory::new(&config.ssh.key_directory),
            domain,
        })
    }

    /// Domain of the members' mail addresses.
    pub(super) fn mail_domain(&self) -> &str {
        self.domain.as_str()
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

    /// From now on nothing is delivered, wherever it comes from.
    pub(super) fn suspend_mail(&self, name: &Username) -> Result<(), Failure> {
        self.refusals.refuse(name)?;
        Ok(self.suspensions.refuse(name)?)
    }

    /// Undoes [`suspend_mail`](Self::suspend_mail).
    pub(super) fn resume_mail(&self, name: &Username) -> Result<(), Failure> {
        self.suspensions.accept(name)?;
        Ok(self.refusals.accept(name)?)
    }

    pub(super) fn is_mail_refused(&self, name: &Username) -> Result<bool, Failure> {
        Ok(self.refusals.is_refused(name)?)
    }

    pub(super) fn reconcile_refusals(&self, closed: &Closed) -> Result<(), Failure> {
        self.refusals.reconcile(closed.all.iter().cloned())?;
        Ok(self
            .suspensions
            .reconcile(closed.suspended.iter().cloned())?)
    }

    pub(super) fn stage_home(&self, id: RegistrationId, uid: u32) -> Result<(), Failure> {
        Ok(self.homes.stage(id, ids(uid))?)
    }

    pub(super) fn add_mail_files(&self, record: &Record) -> Result<(), Failure> {
        // An earlier failure may have thrown the staged home away.
        if !self.homes.is_staged(record.registration_id)? {
            self.homes.stage(record.registration_id, ids(record.uid))?;
        }
        let identity = self.identity(record);
        Ok(self
            .homes
            .add_mail_files(record.registration_id, ids(record.uid), &identity)?)
    }

    fn identity<'a>(&'a self, record: &'a Record) -> MailIdentity<'a> {
        MailIdentity {
            username: &record.username,
            display_name: &record.display_name,
            domain: &self.domain,
        }
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

    pub(super) fn withdraw_home(
        &self,
        name: &Username,
        id: RegistrationId,
        uid: u32,
    ) -> Result<(), Failure> {
        Ok(self.homes.withdraw(name, ids(uid), id)?)
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

    pub(super) fn hold_home(&self, record: &Record) -> Result<(), Failure> {
        let (name, id) = (&record.username, record.registration_id);
        Ok(self.homes.hold(name, ids(record.uid), id)?)
    }

    /// Takes the home out of its owner's reach and packs it. The packed tree stays held.
    pub(super) fn pack_home(&self, what: Packed) -> Result<(), Failure> {
        let (name, id) = (&what.username, what.registration_id);
        self.homes.hold(name, ids(what.uid), id)?;
        // After a crash it may be packed already, and deleted.
        if self.archives.is_packed_by(name, what.request_id)? {
            return Ok(());
        }
        let Some(tree) = self.homes.held(id)? else {
            let why = "there is no home to pack; remove the account instead";
            return Err(Failure::lasting(why));
        };
        self.archives.pack(&tree, what)?;
        Ok(())
    }

    /// What is known of the archive of an account.
    pub(super) fn archived(&self, record: &Record) -> Result<Manifest, Failure> {
        match self.archives.manifest(&record.username)? {
            Some(m) if m.registration_id == record.registration_id && m.uid == record.uid => Ok(m),
            Some(_) => Err(Failure::lasting("the archive is another account's")),
            None => Err(Failure::lasting("there is no archive of this account")),
        }
    }

    /// Puts an archived home in its place.
    pub(super) fn unpack_home(&self, record: &Record) -> Result<(), Failure> {
        let (name, id) = (&record.username, record.registration_id);
        // After a crash it may be there already; it gets its name when it is whole.
        if self.inspect_home(record)?.owned {
            return Ok(());
        }
        self.archived(record)?;
        let staged = self.homes.stage_empty(id)?;
        self.archives.unpack(name, &staged)?;
        Ok(self.homes.publish_restored(id, name, ids(record.uid))?)
    }

    /// Deletes what is left of an account whose user is gone.
    pub(super) fn delete_all_of(&self, record: &Record) -> Result<(), Failure> {
        self.archives.delete(&record.username)?;
        self.homes.delete_held(record.registration_id)?;
        self.jobs.delete(record.registration_id)?;
        Ok(self.homes.delete_leftovers(record.registration_id)?)
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

    /// Tries what the owner needs to get in and to read mail.
    pub(super) fn prove(&self, record: &Record, now: i64) -> Result<LoginProof, Failure> {
        let name = &record.username;
        let user = self.accounts.user(name.as_str())?;
        let shadow = self.accounts.shadow(name.as_str())?;
        let password_works = shadow.as_ref().is_some_and(|s| !s.password_locked());
        let way = Way {
            username: name,
            ids: ids(record.uid),
            home: Path::new(&record.home),
            shell: user.as_ref().map_or("", |user| &user.shell),
            groups: &self.accounts.groups_of(name)?,
            key_file: &self.keys.file_of(name),
            ssh_keys: &record.ssh_keys,
            has_password: record.has_password && password_works,
            is_expired: shadow.is_none_or(|s| s.expired()),
            activated_at: record.activated_at.unwrap_or(record.created_at),
            is_greeted: record.greeted_at.is_some(),
            neomuttrc: &self.homes.neomuttrc_of(&self.identity(record)),
        };
        Ok(self.prover.prove(&way, now))
    }

    /// Ends what runs in the user's name now; more may come. A failure is logged alone.
    pub(super) fn end_what_runs(&self, uid: u32) {
        if let Err(error) = accounts::end_processes(uid) {
            tracing::warn!(%error, "not all that runs is ended yet");
        }
    }

    /// Ends what runs in the user's name, and what would be started in it later. Jobs go first,
    /// so that none starts any more, and once more at the end, as what ran may have made some.
    pub(super) fn quieten(
        &self,
        name: &Username,
        id: RegistrationId,
        uid: u32,
    ) -> Result<(), Failure> {
        self.jobs.hold(id, name, uid)?;
        let end = || accounts::end_processes(uid).map_err(|e| Failure::passing(e.to_string()));
        end()?;
        std::thread::sleep(LATE_LOGIN);
        end()?;
        Ok(self.jobs.hold(id, name, uid)?)
    }

    pub(super) fn give_jobs_back(&self, record: &Record) -> Result<(), Failure> {
        Ok(self.jobs.give_back(record.registration_id)?)
    }
}

/// The names that Postfix must refuse.
pub(super) struct Closed {
    all: Vec<Username>,
    suspended: Vec<Username>,
}

/// Accounts that exist and may not get mail.
pub(super) fn names_without_mail(registry: &Registry) -> Closed {
    let names = |state: AccountState| {
        let of_state = registry.states().filter(move |(_, s)| *s == state);
        of_state.map(|(name, _)| name)
    };
    let begun = registry
        .intents()
        .filter(|i| matches!(i.work, Work::Create { .. } | Work::Restore))
        .map(|i| i.username.clone());
    let suspended: Vec<Username> = names(AccountState::Suspended).collect();
    let others = names(AccountState::Locked).chain(begun);
    Closed {
        all: others.chain(suspended.iter().cloned()).collect(),
        suspended,
    }
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

/// A sandbox that does not fit the settings shows here and not at somebody's sign-up: outside of
/// `ReadWritePaths=` all is read-only, and what `ProtectHome=` covers is empty (systemd.exec(5)).
fn must_be_writable(key: &'static str, path: &Path) -> Result<(), HostError> {
    let what = match statvfs(path) {
        Ok(on) if !on.flags().contains(FsFlags::ST_RDONLY) => return Ok(()),
        Ok(_) => "read-only",
        Err(_) => "missing",
    };
    Err(HostError::NotWritable {
        key,
        path: path.to_owned(),
        what,
    })
}
