//! The directory `.registrar` beside the homes: root's alone, checked at each use.

use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{RenameFlags, renameat2};
use nix::sys::stat::{Mode, fstat, mkdirat};
use nix::unistd::fsync;
use provision_api::{RegistrationId, Username};

use super::error::{HomeError, at};
use super::remove::Trash;
use super::{Ids, publish};
use crate::crash_point;
use crate::dirfd::{self, PERMISSIONS, TrustError};

const AREA: &str = ".registrar";

/// The homes' directory and what is beside the homes in it.
pub(super) struct Area {
    path: PathBuf,
    pub(super) homes: OwnedFd,
    pub(super) staging: OwnedFd,
    trash: OwnedFd,
    held: OwnedFd,
}

impl Area {
    /// Opens it, made where it is missing.
    pub(super) fn open(home_root: &Path) -> Result<Self, HomeError> {
        let homes = dirfd::open_trusted(home_root)?;
        let path = home_root.join(AREA);
        let area = roots_alone(&homes, AREA, &path)?;
        let staging = roots_alone(&area, "staging", &path.join("staging"))?;
        let trash = roots_alone(&area, "trash", &path.join("trash"))?;
        let held = roots_alone(&area, "held", &path.join("held"))?;
        Ok(Self {
            path: home_root.to_owned(),
            homes,
            staging,
            trash,
            held,
        })
    }

    /// The staged home of a registration.
    pub(super) fn staged(
        &self,
        registration: RegistrationId,
    ) -> Result<Option<OwnedFd>, HomeError> {
        let name = registration.to_string();
        match dirfd::open_dir(&self.staging, name.as_str()) {
            Ok(dir) => Ok(Some(dir)),
            Err(Errno::ENOENT) => Ok(None),
            Err(e) => Err(at(name)(e)),
        }
    }

    /// Makes the directory of a staged home; there must be none.
    pub(super) fn make_staged(&self, registration: RegistrationId) -> Result<OwnedFd, HomeError> {
        let name = registration.to_string();
        mkdirat(
            &self.staging,
            name.as_str(),
            Mode::from_bits_truncate(0o700),
        )
        .and_then(|()| dirfd::open_dir(&self.staging, name.as_str()))
        .map_err(at(name))
    }

    /// Deletes what is staged and what is in the trash.
    pub(super) fn discard_staged(&self, registration: RegistrationId) -> Result<(), HomeError> {
        let name = registration.to_string();
        let mut trash = Trash::of(self.trash.as_fd(), registration);
        crash_point::at("home.discard.before");
        if dirfd::stat_name(&self.staging, name.as_str())
            .map_err(at(&name))?
            .is_some()
        {
            trash
                .take(&self.staging, name.as_str())
                .map_err(at(&name))?;
            crash_point::at("home.discard.taken");
        }
        trash.empty()?;
        crash_point::at("home.discard.after");
        Ok(())
    }

    /// Moves the home of a user to the trash.
    pub(super) fn withdraw(
        &self,
        username: &Username,
        ids: Ids,
        registration: RegistrationId,
    ) -> Result<(), HomeError> {
        let name = username.as_str();
        if !self.has_home(username, ids)? {
            return Ok(());
        }
        let mut trash = Trash::of(self.trash.as_fd(), registration);
        crash_point::at("home.withdraw.before");
        trash.take(&self.homes, name).map_err(|e| match e {
            Errno::EBUSY => HomeError::OtherFileSystem {
                path: self.path_of(username),
            },
            e => at(name)(e),
        })?;
        crash_point::at("home.withdraw.renamed");
        fsync(&self.trash)
            .and_then(|()| fsync(&self.homes))
            .map_err(at(name))?;
        crash_point::at("home.withdraw.after");
        Ok(())
    }

    /// Takes the home of a user out of its owner's reach.
    pub(super) fn hold(
        &self,
        username: &Username,
        ids: Ids,
        registration: RegistrationId,
    ) -> Result<(), HomeError> {
        if !self.has_home(username, ids)? {
            return Ok(());
        }
        let (old, new) = (username.as_str(), registration.to_string());
        let flags = RenameFlags::RENAME_NOREPLACE;
        crash_point::at("home.hold.before");
        match renameat2(&self.homes, old, &self.held, new.as_str(), flags) {
            Ok(()) => {
                crash_point::at("home.hold.renamed");
                fsync(&self.held)
                    .and_then(|()| fsync(&self.homes))
                    .map_err(at(old))?;
                crash_point::at("home.hold.after");
                Ok(())
            }
            Err(Errno::EBUSY) => Err(HomeError::OtherFileSystem {
                path: self.path_of(username),
            }),
            Err(e) => Err(at(old)(e)),
        }
    }

    /// The held home of a registration.
    pub(super) fn held(&self, registration: RegistrationId) -> Result<Option<OwnedFd>, HomeError> {
        let name = registration.to_string();
        match dirfd::open_dir(&self.held, name.as_str()) {
            Ok(dir) => Ok(Some(dir)),
            Err(Errno::ENOENT) => Ok(None),
            Err(e) => Err(at(name)(e)),
        }
    }

    /// Gives a held home its place again, if there is one.
    pub(super) fn put_back(
        &self,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<(), HomeError> {
        if self.held(registration)?.is_none() {
            return Ok(());
        }
        crash_point::at("home.put-back.before");
        self.rename_to_home(&self.held, registration, username)?;
        crash_point::at("home.put-back.after");
        Ok(())
    }

    /// Deletes a held home.
    pub(super) fn delete_held(&self, registration: RegistrationId) -> Result<(), HomeError> {
        let name = registration.to_string();
        let mut trash = Trash::of(self.trash.as_fd(), registration);
        crash_point::at("home.delete-held.before");
        if self.held(registration)?.is_some() {
            trash.take(&self.held, name.as_str()).map_err(at(&name))?;
            crash_point::at("home.delete-held.taken");
        }
        trash.empty()?;
        crash_point::at("home.delete-held.after");
        Ok(())
    }

    /// Whether the user has a home.
    ///
    /// # Errors
    /// Something else has its name.
    pub(super) fn has_home(&self, username: &Username, ids: Ids) -> Result<bool, HomeError> {
        match dirfd::stat_name(&self.homes, username.as_str()).map_err(at(username))? {
            None => Ok(false),
            Some(stat) if publish::is_home_of(&stat, ids) => Ok(true),
            Some(_) => Err(HomeError::Foreign {
                path: self.path.join(username.as_str()),
            }),
        }
    }

    /// Gives the staged or held home of a registration its name.
    pub(super) fn rename_to_home(
        &self,
        from: &OwnedFd,
        registration: RegistrationId,
        username: &Username,
    ) -> Result<(), HomeError> {
        let (old, new) = (registration.to_string(), username.as_str());
        let flags = RenameFlags::RENAME_NOREPLACE;
        match renameat2(from, old.as_str(), &self.homes, new, flags) {
            Ok(()) => {
                crash_point::at("home.publish.renamed");
                fsync(&self.homes)
                    .and_then(|()| fsync(from))
                    .map_err(at(new))
            }
            Err(Errno::EEXIST) => Err(HomeError::Foreign {
                path: self.path.join(new),
            }),
            Err(e) => Err(at(new)(e)),
        }
    }

    fn path_of(&self, username: &Username) -> String {
        self.path.join(username.as_str()).display().to_string()
    }
}

/// Opens a directory that must be root's alone.
pub(crate) fn roots_alone(parent: &OwnedFd, name: &str, path: &Path) -> Result<OwnedFd, HomeError> {
    let untrusted = |why| TrustError::Untrusted {
        path: path.to_owned(),
        why,
    };
    let dir = dirfd::open_or_make_dir(parent, name).map_err(|e| match e {
        Errno::ELOOP | Errno::ENOTDIR => untrusted("is not a directory; remove it").into(),
        e => at(path.display())(e),
    })?;
    let stat = fstat(&dir).map_err(at(path.display()))?;
    if stat.st_uid != 0 || stat.st_gid != 0 || stat.st_mode & PERMISSIONS != 0o700 {
        return Err(untrusted("has to be root:root with mode 0700").into());
    }
    let above = fstat(parent).map_err(at(path.display()))?;
    if stat.st_dev != above.st_dev {
        return Err(untrusted("has to be on the file system of the homes").into());
    }
    Ok(dir)
}
