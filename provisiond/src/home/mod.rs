//! Homes: built where only root can look, handed over whole, taken back whole.
//!
//! ```text
//! /home/.registrar/            root 0700, on the file system of the homes
//!     staging/REGISTRATION     a home in the making
//!     trash/REGISTRATION-N     what is being deleted
//!     held/REGISTRATION        a home that is being packed or removed; can still be put back
//! /home/NAME                   appears and goes by one rename
//! ```
//!
//! The order is that of systemd-homed (`home_populate()`): populate, change the owner, set the
//! modes, check, sync, rename. Whatever fails on the way, nothing is seen in `/home`. As soon as
//! a home has its name, root only looks at it, and renames it away in the end.

mod copy;
mod error;
mod mail_files;
mod neomuttrc;
mod publish;
mod remove;
mod staging;

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::sys::stat::{SFlag, fstat};
use nix::unistd::syncfs;
use provision_api::{RegistrationId, Username};

pub use error::HomeError;
pub use mail_files::{MailDomain, MailDomainError, MailIdentity};
pub use neomuttrc::Template;
pub use publish::Published;
pub(crate) use {error::at, remove::Trash, staging::roots_alone};

use crate::crash_point;
use crate::dirfd;
use staging::Area;

/// The owner of a home: user and own group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ids {
    /// The user, never root.
    pub uid: u32,
    /// The user's own group, never root's.
    pub gid: u32,
}

impl Ids {
    /// Root's ids, and the -1 that means "no change" to chown(2), own no home.
    fn check(self) -> Result<Self, HomeError> {
        let no_member = |id| id == 0 || id == u32::MAX;
        if no_member(self.uid) || no_member(self.gid) {
            return Err(HomeError::NoMember {
                uid: self.uid,
                gid: self.gid,
            });
        }
        Ok(self)
    }
}

/// What is there of a home, read without trusting its owner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HomeFacts {
    /// Something has the name of the home, whoever owns it.
    pub exists: bool,
    /// It is a directory of the user.
    pub owned: bool,
    /// `Maildir/{new,cur,tmp}` are directories of the user.
    pub maildir: bool,
    /// `.neomuttrc` is a file of the user.
    pub neomuttrc: bool,
}

/// The homes of this host.
#[derive(Clone, Debug)]
pub struct Homes {
    root: PathBuf,
    skel: PathBuf,
    public_dirs: Vec<String>,
    neomuttrc: Template,
}

impl Homes {
    /// Homes below `home_root`, filled from `skel`, with these directories for the public in
    /// them (`public`, `public_gopher`, `public_gemini`).
    ///
    /// # Errors
    /// A public directory that is not a plain name.
    pub fn new(
        home_root: impl Into<PathBuf>,
        skel: impl Into<PathBuf>,
        public_dirs: impl IntoIterator<Item = impl Into<String>>,
    ) -> Result<Self, HomeError> {
        let public_dirs: Vec<String> = public_dirs.into_iter().map(Into::into).collect();
        for name in &public_dirs {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(plain) || name == mail_files::MAILDIR {
                return Err(HomeError::PublicName(name.clone()));
            }
        }
        Ok(Self {
            root: home_root.into(),
            skel: skel.into(),
            public_dirs,
            neomuttrc: Template::default(),
        })
    }

    /// Takes another template for `.neomuttrc` than the one that is built in.
    #[must_use]
    pub fn with_neomuttrc(mut self, template: Template) -> Self {
        self.neomuttrc = template;
        self
    }

    /// The path of a home.
    #[must_use]
    pub fn path_of(&self, username: &Username) -> PathBuf {
        self.root.join(username.as_str())
    }

    /// Where the homes are.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Builds the home of a registration in the staging directory: what skel holds, and the
    /// public directories. What an earlier attempt left there is thrown away first.
    ///
    /// Everything belongs to root until [`Homes::publish`].
    ///
    /// # Errors
    /// Something in skel that no home may have, a full disk, or a staging directory that is not
    /// root's alone. Nothing is seen in `/home` then.
    pub fn stage(&self, registration: RegistrationId, ids: Ids) -> Result<(), HomeError> {
        ids.check()?;
        let area = Area::open(&self.root)?;
        area.discard_staged(registration)?;
        crash_point::at("home.stage.before");
        let staged = area.make_staged(registration)?;
        crash_point::at("home.stage.made");
        let filled = copy::skel(&self.skel, &staged).and_then(|()| {
            crash_point::at("home.stage.copied");
            publish::make_public_dirs(&staged, &self.public_dirs)
        });
        crash_point::at("home.stage.after");
        if filled.is_err() {
            // Half a home is of no use to anyone and may be what fills the disk. If that fails
            // too, the first error says more, and the next call tries again.
            let _ = area.discard_staged(registration);
        }
        filled
    }

    /// Whether a home is staged for this registration.
    ///
    /// # Errors
    /// The staging directory can't be trusted or read.
    pub fn is_staged(&self, registration: RegistrationId) -> Result<bool, HomeError> {
        Ok(Area::open(&self.root)?.staged(registration)?.is_some())
    }

    /// Reads what is there of a home. Symbolic links of its owner are not followed.
    ///
    /// # Errors
    /// The directory of the homes can't be trusted or read.
    pub fn inspect(&self, username: &Username, uid: u32) -> Result<HomeFacts, HomeError> {
        let root = dirfd::open_trusted(&self.root)?;
        let name = username.as_str();
        let mut facts = HomeFacts::default();
        let Some(stat) = dirfd::stat_name(&root, name).map_err(at(name))? else {
            return Ok(facts);
        };
        facts.exists = true;
        facts.owned = stat.st_uid == uid && dirfd::kind(&stat) == SFlag::S_IFDIR;
        if !facts.owned {
            return Ok(facts);
        }
        // The owner may change all of this at any time: whatever can't be opened is not there.
        let Ok(home) = dirfd::open_dir(&root, name) else {
            return Ok(facts);
        };
        let is = |dir: &_, name: &str, kind| {
            matches!(dirfd::stat_name(dir, name), Ok(Some(stat))
                if stat.st_uid == uid && dirfd::kind(&stat) == kind)
        };
        facts.neomuttrc = is(&home, mail_files::NEOMUTTRC, SFlag::S_IFREG);
        facts.maildir = is(&home, mail_files::MAILDIR, SFlag::S_IFDIR)
            && dirfd::open_dir(&home, mail_files::MAILDIR).is_ok_and(|maildir| {
                mail_files::MAILDIR_PARTS
                    .iter()
                    .all(|part| is(&maildir, part, SFlag::S_IFDIR))
            });
        Ok(facts)
    }

    /// Takes a home out of `/home`, into the trash, if there is one.
    ///
    /// End the user's processes first: one that is at work in the home goes on there.
    ///
    /// # Errors
    /// What has the name does not belong to this user; it is left alone.
    pub fn withdraw(
        &self,
        username: &Username,
        ids: Ids,
        registration: RegistrationId,
    ) -> Result<(), HomeError> {
        ids.check()?;
        Area::open(&self.root)?.withdraw(username, ids, registration)
    }

    /// Deletes what is staged or in the trash for a registration. Nothing that has a name in
    /// `/home` is touched. May be called again at any time, and goes on where it was.
    ///
    /// # Errors
    /// [`HomeError::NotYetEmpty`] if there was too much for one call; call again.
    pub fn delete_leftovers(&self, registration: RegistrationId) -> Result<(), HomeError> {
        let area = Area::open(&self.root)?;
        area.discard_staged(registration)
    }

    /// Takes a home out of `/home` and out of its owner's reach, as it is. May be repeated;
    /// without a home there is nothing to do.
    ///
    /// End the user's processes first: one that is at work in the home goes on there.
    ///
    /// # Errors
    /// What has the name does not belong to this user; it is left alone.
    pub fn hold(
        &self,
        username: &Username,
        ids: Ids,
        registration: RegistrationId,
    ) -> Result<(), HomeError> {
        ids.check()?;
        Area::open(&self.root)?.hold(username, ids, registration)
    }

    /// The home that is held for this registration.
    ///
    /// # Errors
    /// The directory can't be trusted or read.
    pub fn held(&self, registration: RegistrationId) -> Result<Option<OwnedFd>, HomeError> {
        Area::open(&self.root)?.held(registration)
    }

    /// Undoes [`hold`](Self::hold); without a held home there is nothing to do.
    ///
    /// # Errors
    /// Something else has the name of the home by now.
    pub fn put_back(
        &self,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<(), HomeError> {
        Area::open(&self.root)?.put_back(registration, username)
    }

    /// Deletes a held home, if there is one. May be called again, and goes on where it was.
    ///
    /// # Errors
    /// [`HomeError::NotYetEmpty`] if there was too much for one call; call again.
    pub fn delete_held(&self, registration: RegistrationId) -> Result<(), HomeError> {
        Area::open(&self.root)?.delete_held(registration)
    }

    /// An empty directory where a home is restored, and only root can look. What an earlier
    /// attempt left there is thrown away first.
    ///
    /// # Errors
    /// The staging directory can't be trusted or written.
    pub fn stage_empty(&self, registration: RegistrationId) -> Result<OwnedFd, HomeError> {
        let area = Area::open(&self.root)?;
        area.discard_staged(registration)?;
        let staged = area.make_staged(registration)?;
        crash_point::at("home.restore.staged");
        Ok(staged)
    }

    /// Gives a restored home its name, with the owners and modes that it has.
    ///
    /// # Errors
    /// It is not the home of this user, or something else has the name. `/home` is then as it was.
    pub fn publish_restored(
        &self,
        registration: RegistrationId,
        username: &Username,
        ids: Ids,
    ) -> Result<(), HomeError> {
        let ids = ids.check()?;
        let area = Area::open(&self.root)?;
        let staged = area.staged(registration)?.ok_or(HomeError::NotStaged)?;
        let stat = fstat(&staged).map_err(at("home"))?;
        if !publish::is_home_of(&stat, ids) {
            let path = self.path_of(username);
            return Err(HomeError::Foreign { path });
        }
        crash_point::at("home.restore.before");
        syncfs(&staged).map_err(at("home"))?;
        crash_point::at("home.restore.synced");
        area.rename_to_home(&area.staging, registration, username)?;
        crash_point::at("home.restore.after");
        Ok(())
    }
}
