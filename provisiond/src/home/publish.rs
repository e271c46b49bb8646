//! From root's staged tree to the home of its owner.

use std::fmt::Write as _;
use std::os::fd::{AsFd, OwnedFd};

use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstat};
use nix::unistd::{Gid, Uid, fchown, fchownat, syncfs};
use provision_api::{RegistrationId, Username};

use super::error::{HomeError, at};
use super::mail_files::{MAILDIR, MAILDIR_PARTS, NEOMUTTRC};
use super::staging::Area;
use super::{Homes, Ids};
use crate::crash_point;
use crate::dirfd::{self, DirRef, PERMISSIONS};

const HOME_MODE: u32 = 0o711;
const PUBLIC_MODE: u32 = 0o755;
/// Skel is 16 deep at most, a Maildir folder 3.
const MAX_DEPTH: usize = 20;
const MAX_NAMES: usize = 10_000;

/// What [`Homes::publish`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// The home has its name now.
    Now,
    /// It had it already.
    Before,
}

impl Homes {
    /// Hands the staged home to its owner and gives it its name, after a look at everything that
    /// was promised about it. A home that is already there and belongs to `ids` is left alone.
    ///
    /// # Errors
    /// Something of another owner has the name, or the staged home is missing or not as it has
    /// to be. `/home` is then as it was.
    pub fn publish(
        &self,
        registration: RegistrationId,
        username: &Username,
        ids: Ids,
    ) -> Result<Published, HomeError> {
        let ids = ids.check()?;
        let area = Area::open(&self.root)?;
        if area.has_home(username, ids)? {
            area.discard_staged(registration)?;
            return Ok(Published::Before);
        }
        let staged = area.staged(registration)?.ok_or(HomeError::NotStaged)?;
        crash_point::at("home.publish.before");
        hand_over(staged.as_fd(), ids, 0)?;
        crash_point::at("home.publish.owned");
        fchmod(&staged, Mode::from_bits_truncate(HOME_MODE)).map_err(at("home"))?;
        self.check_promises(&staged, ids)?;
        syncfs(&staged).map_err(at("home"))?;
        crash_point::at("home.publish.synced");
        area.rename_to_home(&area.staging, registration, username)?;
        crash_point::at("home.publish.after");
        Ok(Published::Now)
    }

    /// The table of what an account is on the host.
    fn check_promises(&self, home: &OwnedFd, ids: Ids) -> Result<(), HomeError> {
        check(home.as_fd(), ".", SFlag::S_IFDIR, HOME_MODE, ids)?;
        check(home.as_fd(), MAILDIR, SFlag::S_IFDIR, 0o700, ids)?;
        let maildir = dirfd::open_dir(home, MAILDIR).map_err(at(MAILDIR))?;
        for part in MAILDIR_PARTS {
            check(maildir.as_fd(), part, SFlag::S_IFDIR, 0o700, ids)?;
        }
        check(home.as_fd(), NEOMUTTRC, SFlag::S_IFREG, 0o600, ids)?;
        for name in &self.public_dirs {
            check(home.as_fd(), name, SFlag::S_IFDIR, PUBLIC_MODE, ids)?;
        }
        Ok(())
    }
}

/// Makes the directories that others may read.
pub(super) fn make_public_dirs(home: &OwnedFd, names: &[String]) -> Result<(), HomeError> {
    for name in names {
        let dir = dirfd::open_or_make_dir(home, name.as_str()).map_err(at(name))?;
        fchmod(&dir, Mode::from_bits_truncate(PUBLIC_MODE)).map_err(at(name))?;
    }
    Ok(())
}

/// Whether this is a home of `ids`. Its owner may have given it another group, as any may that
/// the owner is in.
pub(super) fn is_home_of(stat: &FileStat, ids: Ids) -> bool {
    dirfd::kind(stat) == SFlag::S_IFDIR && stat.st_uid == ids.uid
}

/// Gives the tree to its owner. Nobody else can reach it, and there is nothing in it that
/// [`super::copy`] did not make; a repeated call finds part of it done.
fn hand_over(dir: DirRef<'_>, ids: Ids, depth: usize) -> Result<(), HomeError> {
    let too_much = || HomeError::Io {
        path: "home".to_owned(),
        source: std::io::Error::other("the staged home is not as it was made"),
    };
    if depth > MAX_DEPTH {
        return Err(too_much());
    }
    let (uid, gid) = (Some(Uid::from_raw(ids.uid)), Some(Gid::from_raw(ids.gid)));
    let names = dirfd::names(dir, MAX_NAMES, |_| true).map_err(at("home"))?;
    if names.len() >= MAX_NAMES {
        return Err(too_much());
    }
    for name in names {
        let path = name.to_string_lossy();
        let stat = dirfd::stat_name(dir, name.as_c_str()).map_err(at(&path))?;
        if stat.is_some_and(|stat| dirfd::kind(&stat) == SFlag::S_IFDIR) {
            let inner = dirfd::open_dir(dir, name.as_c_str()).map_err(at(&path))?;
            hand_over(inner.as_fd(), ids, depth + 1)?;
        } else {
            fchownat(dir, name.as_c_str(), uid, gid, AtFlags::AT_SYMLINK_NOFOLLOW)
                .map_err(at(&path))?;
        }
    }
    fchown(dir, uid, gid).map_err(at("home"))
}

fn check(dir: DirRef<'_>, name: &str, kind: SFlag, mode: u32, ids: Ids) -> Result<(), HomeError> {
    let stat = match name {
        "." => Some(fstat(dir).map_err(at(name))?),
        _ => dirfd::stat_name(dir, name).map_err(at(name))?,
    };
    let good = stat.as_ref().is_some_and(|stat| {
        dirfd::kind(stat) == kind
            && (stat.st_uid, stat.st_gid) == (ids.uid, ids.gid)
            && stat.st_mode & PERMISSIONS == mode
    });
    if good {
        return Ok(());
    }
    let found = match stat {
        Some(stat) => describe(dirfd::kind(&stat), stat.st_uid, stat.st_gid, stat.st_mode),
        None => "missing".to_owned(),
    };
    Err(HomeError::Postcondition {
        path: name.to_owned(),
        wanted: describe(kind, ids.uid, ids.gid, mode),
        found,
    })
}

fn describe(kind: SFlag, uid: u32, gid: u32, mode: u32) -> String {
    let kind = match kind {
        SFlag::S_IFDIR => "a directory",
        SFlag::S_IFREG => "a file",
        SFlag::S_IFLNK => "a symbolic link",
        _ => "something special",
    };
    let mut text = String::from(kind);
    // Writing to a String can't fail.
    let _ = write!(text, " of {uid}:{gid} with mode {:04o}", mode & PERMISSIONS);
    text
}
