//! Postfix's map of the local parts that get no mail.
//!
//! The map is used as `smtpd_recipient_restrictions = check_recipient_access TYPE:…`. Its keys are
//! `NAME@DOMAIN`, one for each domain that the host takes mail for.
//!
//! The text file is the truth, the compiled file follows from it. Both are written under another
//! name in the same directory and renamed, the text first: a crash between the two leaves a
//! difference that [`RefusalMap::reconcile`] mends at the next start.

mod postmap;
mod source;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::fcntl::renameat;
use nix::unistd::fsync;
use provision_api::Username;

pub use postmap::PostmapError;
pub use source::SourceError;

use crate::crash_point;
use crate::dirfd::{self, TrustError};
use source::Source;

const NAME: &str = "refused_recipients";
/// Where postmap compiles; its own name, so that its output has a name of its own too.
const DRAFT: &str = "refused_recipients.draft";
const TEMPORARY: &str = "refused_recipients.tmp";
const MAX_BYTES: u64 = 16 << 20;
/// smtpd reads the map as the user postfix.
const MODE: u32 = 0o644;

/// How Postfix stores the map (postconf -m says what a host has).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapType {
    /// Berkeley DB, the default of Debian's Postfix.
    Hash,
    /// Berkeley DB, sorted.
    Btree,
    /// LMDB, where Berkeley DB is gone.
    Lmdb,
    /// Constant database.
    Cdb,
    /// The text itself, read by each process; needs no compiler.
    Texthash,
}

impl MapType {
    /// Parses the word that Postfix uses.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "hash" => Self::Hash,
            "btree" => Self::Btree,
            "lmdb" => Self::Lmdb,
            "cdb" => Self::Cdb,
            "texthash" => Self::Texthash,
            _ => return None,
        })
    }

    /// The word that Postfix uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hash => "hash",
            Self::Btree => "btree",
            Self::Lmdb => "lmdb",
            Self::Cdb => "cdb",
            Self::Texthash => "texthash",
        }
    }

    /// What postmap adds to the name of the text file.
    fn suffix(self) -> Option<&'static str> {
        match self {
            Self::Hash | Self::Btree => Some(".db"),
            Self::Lmdb => Some(".lmdb"),
            Self::Cdb => Some(".cdb"),
            Self::Texthash => None,
        }
    }
}

/// What can go wrong with the map.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// Others than root could change what is in the directory.
    #[error(transparent)]
    Untrusted(#[from] TrustError),
    /// The text file has a line that is not provisiond's.
    #[error("{}: {source}", path.display())]
    Source {
        /// The text file.
        path: PathBuf,
        /// Which line, and what is wrong.
        source: SourceError,
    },
    /// The kernel refused.
    #[error("{}: {source}", path.display())]
    Io {
        /// The text file; the compiled one is beside it.
        path: PathBuf,
        /// What the kernel said.
        source: io::Error,
    },
    /// postmap(1) did not compile it.
    #[error(transparent)]
    Postmap(#[from] PostmapError),
}

/// The map of refused recipients; one writer at a time (provisiond's worker).
#[derive(Clone, Debug)]
pub struct RefusalMap {
    dir: PathBuf,
    map_type: MapType,
    postmap: PathBuf,
    domains: BTreeSet<String>,
    bare: bool,
    deadline: Duration,
}

impl RefusalMap {
    /// The map in `dir`, which must be there and root's, compiled by the postmap(1) at this path,
    /// for mail to these domains; what is no domain name is left out.
    #[must_use]
    pub fn new(
        dir: impl Into<PathBuf>,
        map_type: MapType,
        postmap: impl Into<PathBuf>,
        domains: impl IntoIterator<Item = String>,
    ) -> Self {
        Self {
            dir: dir.into(),
            map_type,
            postmap: postmap.into(),
            domains: domains
                .into_iter()
                .map(|domain| domain.to_ascii_lowercase())
                .filter(|domain| source::is_domain(domain))
                .collect(),
            bare: false,
            deadline: Duration::from_secs(20),
        }
    }

    /// For `relocated_maps`: names stand there alone, too, and so are found with every domain and
    /// address of this host. `NAME@[192.0.2.1]` is in no list of domains.
    #[must_use]
    pub fn by_bare_names(mut self) -> Self {
        self.bare = true;
        self
    }

    /// Gives postmap(1) another time than 20 s to end.
    #[must_use]
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// As Postfix's configuration names it: `hash:/etc/postfix/registrar/refused_recipients`.
    #[must_use]
    pub fn lookup_table(&self) -> String {
        format!("{}:{}", self.map_type.as_str(), self.text_file().display())
    }

    /// From now on mail for `username` is refused at SMTP time.
    ///
    /// # Errors
    /// The map can't be read or written; it is then as it was.
    pub fn refuse(&self, username: &Username) -> Result<(), MapError> {
        self.change(|names| names.insert(username.clone()))
    }

    /// From now on mail for `username` is taken, if it is a user.
    ///
    /// # Errors
    /// The map can't be read or written; it is then as it was.
    pub fn accept(&self, username: &Username) -> Result<(), MapError> {
        self.change(|names| names.remove(username))
    }

    /// Whether mail for `username` is refused, by the text file.
    ///
    /// # Errors
    /// The map can't be read.
    pub fn is_refused(&self, username: &Username) -> Result<bool, MapError> {
        let dir = self.open()?;
        Ok(self.read(&dir)?.names().contains(username))
    }

    /// Makes the map say exactly this, and compiles it anew; for the start of the daemon.
    ///
    /// # Errors
    /// The map can't be read or written.
    pub fn reconcile(&self, refused: impl IntoIterator<Item = Username>) -> Result<(), MapError> {
        let dir = self.open()?;
        let mut source = self.read(&dir)?;
        source.set_names(refused.into_iter().collect());
        self.write(&dir, &source)
    }

    fn change(&self, edit: impl FnOnce(&mut BTreeSet<Username>) -> bool) -> Result<(), MapError> {
        let dir = self.open()?;
        let mut source = self.read(&dir)?;
        let mut names = source.names().clone();
        // Nothing to do only if the compiled map is there as well.
        if !edit(&mut names) && self.is_compiled(&dir)? {
            return Ok(());
        }
        source.set_names(names);
        self.write(&dir, &source)
    }

    fn write(&self, dir: &OwnedFd, source: &Source) -> Result<(), MapError> {
        let text = source.to_text(&self.domains, self.bare);
        let bytes = text.as_bytes();
        crash_point::at("postfix.map.before");
        let Some(suffix) = self.map_type.suffix() else {
            return dirfd::replace_file(dir, NAME, TEMPORARY, bytes, MODE).map_err(self.io());
        };
        let (built, wanted) = (format!("{DRAFT}{suffix}"), format!("{NAME}{suffix}"));
        dirfd::remove_name(dir, built.as_str()).map_err(self.io())?;
        dirfd::replace_file(dir, DRAFT, TEMPORARY, bytes, MODE).map_err(self.io())?;
        crash_point::at("postfix.map.drafted");
        let mut table = OsString::from(format!("{}:", self.map_type.as_str()));
        table.push(self.dir.join(DRAFT));
        postmap::compile(&self.postmap, &table, self.deadline)?;
        crash_point::at("postfix.map.compiled");
        let compiled = dirfd::open_file(dir, built.as_str()).map_err(self.io())?;
        compiled.sync_all().map_err(self.io())?;
        renameat(dir, DRAFT, dir, NAME).map_err(self.io())?;
        crash_point::at("postfix.map.text-renamed");
        renameat(dir, built.as_str(), dir, wanted.as_str()).map_err(self.io())?;
        crash_point::at("postfix.map.renamed");
        fsync(dir).map_err(self.io())?;
        crash_point::at("postfix.map.after");
        Ok(())
    }

    fn is_compiled(&self, dir: &OwnedFd) -> Result<bool, MapError> {
        let name = format!("{NAME}{}", self.map_type.suffix().unwrap_or_default());
        let stat = dirfd::stat_name(dir, name.as_str()).map_err(self.io())?;
        // A draft that is still there: a crash came between the two renames.
        let draft = format!("{DRAFT}{}", self.map_type.suffix().unwrap_or_default());
        let draft = dirfd::stat_name(dir, draft.as_str()).map_err(self.io())?;
        Ok(stat.is_some() && draft.is_none())
    }

    fn read(&self, dir: &OwnedFd) -> Result<Source, MapError> {
        let bytes = dirfd::read_file(dir, NAME, MAX_BYTES).map_err(self.io())?;
        Source::parse(&bytes.unwrap_or_default()).map_err(|source| MapError::Source {
            path: self.text_file(),
            source,
        })
    }

    fn open(&self) -> Result<OwnedFd, MapError> {
        Ok(dirfd::open_trusted(&self.dir)?)
    }

    fn text_file(&self) -> PathBuf {
        self.dir.join(NAME)
    }

    fn io<E: Into<io::Error>>(&self) -> impl FnOnce(E) -> MapError {
        let path = self.text_file();
        move |e| MapError::Io {
            path,
            source: e.into(),
        }
    }

    /// The directory of the map.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}
