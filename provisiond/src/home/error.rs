//! What can go wrong with a home.

use std::fmt;
use std::io;
use std::path::PathBuf;

use nix::errno::Errno;

use crate::dirfd::TrustError;

/// What can go wrong with a home; each says which file it is about.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// A directory that only root may change can be changed by others.
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    /// No space or no quota is left.
    #[error("disk full: {path}")]
    DiskFull {
        /// What was being written.
        path: String,
    },
    /// Anything else that the kernel refused.
    #[error("{path}: {source}")]
    Io {
        /// What it was about, relative to the home or its parent.
        path: String,
        /// What the kernel said.
        source: io::Error,
    },
    /// Root and "no change" own no home.
    #[error("a home for uid {uid}, gid {gid} is refused")]
    NoMember {
        /// The uid asked for.
        uid: u32,
        /// The gid asked for.
        gid: u32,
    },
    /// The name of a public directory is not a plain name.
    #[error("`{0}` can't be a public directory: use letters, digits, `_` and `-`")]
    PublicName(String),
    /// Skel holds something that no home may start with.
    #[error("{}: {why}", path.display())]
    Skel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        why: SkelRefusal,
    },
    /// There is no staged home to go on with.
    #[error("no home is staged for this registration")]
    NotStaged,
    /// Something of another owner has the name.
    #[error("{} is there and belongs to someone else", path.display())]
    Foreign {
        /// The home.
        path: PathBuf,
    },
    /// A finished home is not as it has to be.
    #[error("{path} should be {wanted} but is {found}")]
    Postcondition {
        /// The file, relative to the home.
        path: String,
        /// Kind, owner and mode as promised.
        wanted: String,
        /// Kind, owner and mode as they are.
        found: String,
    },
    /// There is more to delete than one call does, or someone is still writing there.
    #[error("not all is deleted yet; try again")]
    NotYetEmpty,
    /// Another file system is mounted inside of a home.
    #[error("{path}: another file system is mounted here; unmount it first")]
    OtherFileSystem {
        /// The mount point.
        path: String,
    },
    /// The template for `.neomuttrc` can't be used.
    #[error("{}: {why}", path.display())]
    Template {
        /// The file.
        path: PathBuf,
        /// What is wrong, with a line number where there is one.
        why: String,
    },
}

/// What no home may start with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SkelRefusal {
    /// It would run with rights that its new owner should not hand out.
    SetId,
    /// A device.
    Device,
    /// A FIFO.
    Fifo,
    /// A socket.
    Socket,
    /// Deeper, more or bigger than a home should start with.
    TooMuch,
}

impl fmt::Display for SkelRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SetId => "has a setuid or setgid bit, which no new home may have",
            Self::Device => "is a device, which no new home may have",
            Self::Fifo => "is a FIFO, which no new home may have",
            Self::Socket => "is a socket, which no new home may have",
            Self::TooMuch => {
                "skel is too big: at most 2000 entries, 16 directories deep, 32 MiB in all"
            }
        })
    }
}

/// Says what an error of the kernel was about.
pub(crate) fn at<E: Into<io::Error>>(path: impl fmt::Display) -> impl FnOnce(E) -> HomeError {
    move |error| {
        let path = path.to_string();
        let source = error.into();
        match source.raw_os_error().map(Errno::from_raw) {
            Some(Errno::ENOSPC | Errno::EDQUOT) => HomeError::DiskFull { path },
            _ => HomeError::Io { path, source },
        }
    }
}
