//! What is in a home, counted by directory descriptors.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::stat::{FileStat, SFlag, fstat};

use super::{ArchiveError, at};
use crate::dirfd;
use crate::pulse;

/// Bytes of names of directories that are still to be looked at, all levels together.
const MAX_WAITING: usize = 32 << 20;
/// What the allocator and the list take for each.
const PER_NAME: usize = 32;
/// How many files with several links are told apart; each link of others counts in full.
const MAX_LINKED: usize = 100_000;
/// Unit of `st_blocks` (stat(2)), and of tar.
const BLOCK: u64 = 512;
/// Headers of an entry: its own, and those of pax for what does not fit or is of more.
const HEADERS: u64 = 3 * BLOCK;

/// What is in a home.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// Files of any kind, the home itself included.
    pub entries: u64,
    /// Sizes of the regular files, holes and each hard link included.
    pub bytes: u64,
    /// Sockets among them.
    pub sockets: u64,
    /// Setuid or setgid files and directories among them.
    pub set_id: u64,
    /// About how long the archive will be: without holes, each file once however many links it has.
    pub packed: u64,
    /// Inodes with several links that were counted.
    linked: BTreeSet<u64>,
}

impl Survey {
    /// Whether this is the first link of the file that is seen. All files are of one file system.
    fn is_new(&mut self, stat: &FileStat) -> bool {
        if stat.st_nlink < 2 {
            return true;
        }
        if self.linked.len() >= MAX_LINKED {
            return !self.linked.contains(&stat.st_ino);
        }
        self.linked.insert(stat.st_ino)
    }

    fn count(&mut self, stat: &FileStat) {
        self.entries = self.entries.saturating_add(1);
        let kind = dirfd::kind(stat);
        self.packed = self.packed.saturating_add(HEADERS);
        if kind == SFlag::S_IFREG {
            let size = u64::try_from(stat.st_size).unwrap_or_default();
            self.bytes = self.bytes.saturating_add(size);
            if self.is_new(stat) {
                let there = u64::try_from(stat.st_blocks).unwrap_or_default();
                let data = size.min(there.saturating_mul(BLOCK));
                let data = data.div_ceil(BLOCK).saturating_mul(BLOCK);
                self.packed = self.packed.saturating_add(data);
            }
        }
        if kind == SFlag::S_IFSOCK {
            self.sockets = self.sockets.saturating_add(1);
        } else if stat.st_mode & 0o6000 != 0 {
            self.set_id = self.set_id.saturating_add(1);
        }
    }
}

/// A directory on the way down, and what is still to be seen in it.
struct Level {
    id: (u64, u64),
    inner: Vec<CString>,
}

/// Counts what is in `tree`. As deep as it may be, two directories are open at most: the way up
/// is `..`, compared with where the way down came from.
pub(super) fn of(tree: &OwnedFd) -> Result<Survey, ArchiveError> {
    let mut survey = Survey::default();
    let mut here = tree.try_clone().map_err(at("home"))?;
    let root = fstat(&here).map_err(at("home"))?;
    survey.count(&root);
    let mut waiting = 0;
    let mut way = vec![look(&here, &mut survey, &mut waiting)?];
    while let Some(level) = way.last_mut() {
        pulse::beat();
        if let Some(name) = level.inner.pop() {
            waiting -= name.as_bytes().len() + PER_NAME;
            let path = name.to_string_lossy();
            here = dirfd::open_dir(&here, name.as_c_str()).map_err(at(&path))?;
            if fstat(&here).map_err(at(&path))?.st_dev != root.st_dev {
                let path = path.into_owned();
                return Err(ArchiveError::OtherFileSystem { path });
            }
            way.push(look(&here, &mut survey, &mut waiting)?);
            continue;
        }
        way.pop();
        if let Some(above) = way.last() {
            here = dirfd::open_dir(&here, c"..").map_err(at("home"))?;
            if id(&fstat(&here).map_err(at("home"))?) != above.id {
                let why = "someone is still moving things in the home";
                return Err(ArchiveError::Untrue(why.to_owned()));
            }
        }
    }
    Ok(survey)
}

/// Counts what is in one directory and gives the directories in it.
fn look(dir: &OwnedFd, survey: &mut Survey, waiting: &mut usize) -> Result<Level, ArchiveError> {
    let own = fstat(dir).map_err(at("home"))?;
    let mut inner = Vec::new();
    let looked: Result<(), io::Error> = dirfd::each_name(dir, |name| {
        pulse::beat();
        let Some(stat) = dirfd::stat_name(dir.as_fd(), name)? else {
            return Ok(());
        };
        survey.count(&stat);
        if dirfd::kind(&stat) == SFlag::S_IFDIR {
            *waiting += name.to_bytes().len() + PER_NAME;
            if *waiting > MAX_WAITING {
                return Err(io::ErrorKind::QuotaExceeded.into());
            }
            inner.push(name.to_owned());
        }
        Ok(())
    });
    match looked {
        Ok(()) => {}
        Err(e) if e.kind() == io::ErrorKind::QuotaExceeded && e.raw_os_error().is_none() => {
            let why = "the home has too many directories to be packed; remove the account instead";
            return Err(ArchiveError::Untrue(why.to_owned()));
        }
        Err(e) => return Err(at("home")(e)),
    }
    Ok(Level {
        id: id(&own),
        inner,
    })
}

fn id(stat: &FileStat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    #[test]
    fn holes_and_further_links_take_no_room_in_an_archive() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        File::create(at("holes")).unwrap().set_len(1 << 40).unwrap();
        fs::write(at("once"), vec![7; 1 << 20]).unwrap();
        for link in ["again", "and-again"] {
            fs::hard_link(at("once"), at(link)).unwrap();
        }
        let survey = of(&OwnedFd::from(File::open(home.path()).unwrap())).unwrap();
        assert_eq!(survey.bytes, (1 << 40) + (3 << 20));
        assert_eq!(survey.packed, 5 * HEADERS + (1 << 20));
    }

    #[test]
    fn a_home_made_of_directories_is_counted_or_refused_and_does_not_fill_the_memory() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join("a/b")).unwrap();
        fs::write(home.path().join("a/letter"), "dear").unwrap();
        let tree = || OwnedFd::from(File::open(home.path()).unwrap());
        let survey = of(&tree()).unwrap();
        assert_eq!((survey.entries, survey.bytes), (4, 4));
        assert_eq!(survey.packed, 4 * HEADERS + BLOCK);
        let mut waiting = MAX_WAITING;
        let error = look(&tree(), &mut Survey::default(), &mut waiting).map(drop);
        assert!(
            error
                .unwrap_err()
                .to_string()
                .contains("too many directories")
        );
    }
}
