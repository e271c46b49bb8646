//! The root-only store of packed homes.
//!
//! ```text
//! STATE/archive/               root 0700
//!     NAME.tar                 the home, as GNU tar's pax format
//!     NAME.json                what is needed to restore it; its presence says that NAME.tar is
//!                              whole, on the disk, and was compared with the home
//! ```
//!
//! Why tar(1) and not a library, and why it is not compressed: docs/decisions/0012-archive.md.

mod manifest;
mod survey;
mod tar;

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, renameat};
use nix::sys::stat::{Mode, fstat};
use nix::sys::statvfs::fstatvfs;
use nix::unistd::fsync;
use provision_api::{RequestId, Username};

pub use manifest::{Manifest, Packed};
pub use survey::Survey;
pub use tar::TAR;

use crate::crash_point;
use crate::dirfd::{self, PERMISSIONS, TrustError};
use crate::journal::Fingerprint;

/// The longest manifest that is read.
const MAX_MANIFEST: u64 = 64 << 10;

/// What an archive leaves free, for the journal and for others: a twentieth of the file system, but
/// no more than 1 GiB.
const RESERVED_PART: u64 = 20;
const MAX_RESERVED: u64 = 1 << 30;

/// Why a home can't be packed or unpacked.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The store is not root's alone.
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    /// The kernel refused.
    #[error("{path}: {source}")]
    Io {
        /// What it was about.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// tar(1) did not do it.
    #[error("{TAR} {what}: {why}")]
    Tar {
        /// What it was to do.
        what: &'static str,
        /// What it said.
        why: String,
    },
    /// The archive would fill the disk.
    #[error(
        "no room for the archive: it takes {} MiB, and {} MiB are free below the state directory \
         besides what is kept for others; make room and try again",
        .needed >> 20, .free >> 20
    )]
    NoRoom {
        /// About how many bytes it takes.
        needed: u64,
        /// How many it may take.
        free: u64,
    },
    /// What was packed or unpacked is not what was there.
    #[error("{0}")]
    Untrue(String),
    /// Another file system is mounted inside of the home.
    #[error("{path}: another file system is mounted here; unmount it first")]
    OtherFileSystem {
        /// The mount point, relative to the home.
        path: String,
    },
    /// There is no archive of that name.
    #[error("there is no archive of {0}")]
    Missing(Username),
}

impl ArchiveError {
    /// Whether trying again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Io { .. } | Self::NoRoom { .. } => true,
            // What GNU tar says of a full disk, and of a tree that someone is still at work in.
            Self::Tar { why, .. } => [
                "No space left",
                "quota exceeded",
                "Wrote only",
                "changed as we read",
                "moved nothing",
            ]
            .iter()
            .any(|said| why.contains(said)),
            Self::Untrusted(_) | Self::Untrue(_) | Self::Missing(_) => false,
            Self::OtherFileSystem { .. } => false,
        }
    }
}

/// The archives of this host.
#[derive(Clone, Debug)]
pub struct Archives {
    state: PathBuf,
}

impl Archives {
    /// The archives below the state directory.
    #[must_use]
    pub fn new(state: impl Into<PathBuf>) -> Self {
        Self {
            state: state.into(),
        }
    }

    /// Packs a tree that its owner can't reach any more, reads the archive back and compares it
    /// with the tree. The tree stays as it is. Whatever an earlier attempt left is replaced.
    ///
    /// # Errors
    /// See [`ArchiveError`]; nothing is left in the store then.
    pub fn pack(&self, tree: &OwnedFd, what: Packed) -> Result<Manifest, ArchiveError> {
        let name = what.username.clone();
        self.delete(&name)?;
        let store = self.open()?;
        let packed = pack_into(&store, tree, what);
        if packed.is_err() {
            // Half an archive is of no use, and may be what fills the disk. If this fails too, the
            // first error says more, and the next attempt tries again.
            let _ = self.delete(&name);
        }
        packed
    }

    /// Unpacks the archive of a member into an empty directory that only root can reach, and
    /// compares the two.
    ///
    /// # Errors
    /// See [`ArchiveError`]; what is in the directory is of no use then.
    pub fn unpack(&self, name: &Username, into: &OwnedFd) -> Result<Manifest, ArchiveError> {
        let manifest = self
            .manifest(name)?
            .ok_or_else(|| ArchiveError::Missing(name.clone()))?;
        let store = self.open()?;
        let path = tar_name(name);
        let mut file = dirfd::open_file(&store, path.as_str()).map_err(at(&path))?;
        if digest(&mut file, &path)? != manifest.sha256 {
            let why = format!("{path} is damaged: it is not what was written");
            return Err(ArchiveError::Untrue(why));
        }
        let set_id = may_set_id(into).map_err(at(&path))?;
        crash_point::at("archive.unpack.before");
        tar::extract(&file, into, set_id)?;
        crash_point::at("archive.unpack.extracted");
        if set_id || manifest.set_id == 0 {
            let compared = tar::compare(&file, into)?;
            expect(manifest.entries, compared, "unpacked")?;
        } else {
            // A comparison would only say this, once for each of them.
            let count = manifest.set_id;
            tracing::warn!(
                count,
                "restored without setuid and setgid bits: the unit's RestrictSUIDSGID= forbids them"
            );
        }
        crash_point::at("archive.unpack.after");
        Ok(manifest)
    }

    /// What is known of the archive of a member.
    ///
    /// # Errors
    /// It can't be read.
    pub fn manifest(&self, name: &Username) -> Result<Option<Manifest>, ArchiveError> {
        let path = manifest_name(name);
        let text =
            dirfd::read_file(&self.open()?, path.as_str(), MAX_MANIFEST).map_err(at(&path))?;
        let read = text.map(|text| serde_json::from_slice(&text)).transpose();
        read.map_err(|e| ArchiveError::Untrue(format!("{path} is damaged: {e}")))
    }

    /// Whether that very call packed this home.
    ///
    /// # Errors
    /// The manifest can't be read.
    pub fn is_packed_by(&self, name: &Username, call: RequestId) -> Result<bool, ArchiveError> {
        Ok(self.manifest(name)?.is_some_and(|m| m.request_id == call))
    }

    /// Deletes the archive of a member, if there is one.
    ///
    /// # Errors
    /// What the kernel said.
    pub fn delete(&self, name: &Username) -> Result<(), ArchiveError> {
        let store = self.open()?;
        crash_point::at("archive.delete.before");
        // First what says that the rest is whole.
        for path in [
            manifest_name(name),
            tar_name(name),
            draft_name(name),
            manifest_draft_name(name),
        ] {
            dirfd::remove_name(&store, path.as_str()).map_err(at(&path))?;
            crash_point::at("archive.delete.one");
        }
        fsync(&store).map_err(at("archive"))?;
        crash_point::at("archive.delete.after");
        Ok(())
    }

    /// Opens the store, made if it is missing.
    fn open(&self) -> Result<OwnedFd, ArchiveError> {
        open_private(&self.state, "archive")
    }
}

/// Opens a directory of root's alone below the state directory, made if it is missing.
pub(crate) fn open_private(state: &Path, name: &str) -> Result<OwnedFd, ArchiveError> {
    let parent = dirfd::open_trusted(state)?;
    let dir = dirfd::open_or_make_dir(&parent, name).map_err(at(name))?;
    let stat = fstat(&dir).map_err(at(name))?;
    if stat.st_uid != 0 || stat.st_mode & PERMISSIONS != 0o700 {
        let why = "has to belong to root, with mode 0700";
        let path = state.join(name);
        return Err(TrustError::Untrusted { path, why }.into());
    }
    Ok(dir)
}

fn pack_into(store: &OwnedFd, tree: &OwnedFd, what: Packed) -> Result<Manifest, ArchiveError> {
    let survey = survey::of(tree)?;
    check_room(store, survey.packed)?;
    let (draft, path) = (draft_name(&what.username), tar_name(&what.username));
    let flags =
        OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let mode = Mode::from_bits_truncate(0o600);
    crash_point::at("archive.pack.before");
    let mut file = File::from(openat(store, draft.as_str(), flags, mode).map_err(at(&draft))?);
    crash_point::at("archive.pack.made");
    tar::create(&file, tree)?;
    crash_point::at("archive.pack.written");
    file.sync_all().map_err(at(&draft))?;
    crash_point::at("archive.pack.synced");
    let compared = tar::compare(&file, tree)?;
    // tar leaves sockets out: they mean nothing without the process that listened.
    expect(
        survey.entries.saturating_sub(survey.sockets),
        compared,
        "packed",
    )?;
    let sha256 = digest(&mut file, &draft)?;
    let archive_bytes = file.metadata().map_err(at(&draft))?.len();
    crash_point::at("archive.pack.compared");
    renameat(store, draft.as_str(), store, path.as_str()).map_err(at(&path))?;
    crash_point::at("archive.pack.renamed");
    let manifest = Manifest::new(what, survey, archive_bytes, sha256);
    let name = manifest_name(&manifest.username);
    let text = serde_json::to_vec_pretty(&manifest)
        .map_err(io::Error::other)
        .map_err(at(&name))?;
    let temporary = manifest_draft_name(&manifest.username);
    dirfd::replace_file(store, name.as_str(), temporary.as_str(), &text, 0o600)
        .map_err(at(&name))?;
    crash_point::at("archive.pack.after");
    Ok(manifest)
}

/// Refuses what would fill the disk before any of it is written. Homes may be on another file system,
/// and a member may keep more than the one of the archives has room for.
fn check_room(store: &OwnedFd, needed: u64) -> Result<(), ArchiveError> {
    let disk = fstatvfs(store).map_err(at("archive"))?;
    let unit = disk.fragment_size();
    let size = disk.blocks().saturating_mul(unit);
    let reserved = (size / RESERVED_PART).min(MAX_RESERVED);
    let free = disk.blocks_available().saturating_mul(unit);
    let free = free.saturating_sub(reserved);
    if needed > free {
        return Err(ArchiveError::NoRoom { needed, free });
    }
    Ok(())
}

fn expect(wanted: u64, found: u64, what: &str) -> Result<(), ArchiveError> {
    if wanted == found {
        return Ok(());
    }
    let why = format!("{wanted} files should have been {what}, and {found} were");
    Err(ArchiveError::Untrue(why))
}

fn digest(file: &mut File, path: &str) -> Result<Fingerprint, ArchiveError> {
    io::Seek::rewind(file)
        .and_then(|()| Fingerprint::of_reader(file))
        .map_err(at(path))
}

/// Whether this process may set a setgid bit; a unit's `RestrictSUIDSGID=` forbids it.
fn may_set_id(dir: &OwnedFd) -> nix::Result<bool> {
    let mode = fstat(dir)?.st_mode & PERMISSIONS;
    match nix::sys::stat::fchmod(dir, Mode::from_bits_truncate(mode | 0o2000)) {
        Ok(()) => nix::sys::stat::fchmod(dir, Mode::from_bits_truncate(mode)).map(|()| true),
        Err(Errno::EPERM) => Ok(false),
        Err(e) => Err(e),
    }
}

fn tar_name(name: &Username) -> String {
    format!("{name}.tar")
}

fn draft_name(name: &Username) -> String {
    format!("{name}.tar.draft")
}

fn manifest_name(name: &Username) -> String {
    format!("{name}.json")
}

fn manifest_draft_name(name: &Username) -> String {
    format!("{name}.json.draft")
}

fn at<E: Into<io::Error>>(path: impl ToString) -> impl FnOnce(E) -> ArchiveError {
    move |error| ArchiveError::Io {
        path: path.to_string(),
        source: error.into(),
    }
}
