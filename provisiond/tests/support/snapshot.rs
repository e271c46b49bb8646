//! What is on the host, byte for byte, to show that nothing else changed.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::daemon::{Daemon, SUBMIT};
use super::wire::Wire;

/// Whatever provisiond or its tools could write on a private host, the state directory apart.
const TREES: [&str; 4] = ["/etc", "/home", "/var/mail", "/var/spool"];

/// Mode, owner, group and content of everything.
#[derive(Clone, PartialEq, Eq)]
pub struct Snapshot(BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>);

impl Snapshot {
    pub fn take() -> Self {
        let mut found = BTreeMap::new();
        for tree in TREES.iter().filter(|tree| Path::new(tree).is_dir()) {
            // A link on the machine may stand for the directory.
            add(&fs::canonicalize(tree).unwrap(), &mut found);
        }
        Self(found)
    }

    /// The paths that are new, gone or different now.
    pub fn changes(&self) -> Vec<PathBuf> {
        let now = Self::take();
        let all = self.0.keys().chain(now.0.keys());
        let mut changed: Vec<_> = all
            .filter(|path| self.0.get(*path) != now.0.get(*path))
            .cloned()
            .collect();
        changed.sort();
        changed.dedup();
        changed
    }

    /// Fails when anything changed that is not at or below one of these paths.
    pub fn assert_only(&self, expected: &[&str]) {
        let strange: Vec<_> = self
            .changes()
            .into_iter()
            .filter(|path| !expected.iter().any(|e| path.starts_with(e)))
            .collect();
        assert!(strange.is_empty(), "changed: {strange:?}");
    }

    pub fn assert_same(&self) {
        self.assert_only(&[]);
    }
}

fn add(path: &Path, found: &mut BTreeMap<PathBuf, (u32, u32, u32, Vec<u8>)>) {
    let meta = fs::symlink_metadata(path).unwrap();
    let kind = meta.file_type();
    let content = if kind.is_file() {
        fs::read(path).unwrap()
    } else if kind.is_symlink() {
        let target = fs::read_link(path).unwrap();
        target.into_os_string().into_encoded_bytes()
    } else {
        Vec::new()
    };
    let facts = (meta.mode(), meta.uid(), meta.gid(), content);
    found.insert(path.to_owned(), facts);
    if kind.is_dir() {
        for entry in fs::read_dir(path).unwrap() {
            add(&entry.unwrap().path(), found);
        }
    }
}

/// What passwd, shadow and group say, and their backups and locks: they change with an account.
pub const DATABASES: [&str; 11] = [
    "/etc/passwd",
    "/etc/passwd-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/group",
    "/etc/group-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/.pwd.lock",
    "/etc/postfix/registrar",
    "/home/.registrar",
];

/// The databases' lines that are not of these users and groups, to compare before and after.
pub fn lines_of_others(names: &[&str]) -> Vec<String> {
    ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"]
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).unwrap();
            text.lines().map(str::to_owned).collect::<Vec<_>>()
        })
        .filter(|line| !names.contains(&line.split(':').next().unwrap_or_default()))
        .collect()
}

/// Fails unless the daemon that was started is alive, ready, not larger than it should be, and
/// alone in its home for sockets.
pub fn assert_well(daemon: &Daemon) {
    let pid = daemon.pid();
    let status = fs::read_to_string(format!("/proc/{pid}/status"))
        .unwrap_or_else(|_| panic!("the daemon is gone:\n{}", daemon.log()));
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok())
        .expect("its peak of memory");
    assert!(kib < 64 * 1024, "the daemon took {kib} KiB at its peak");
    assert!(Wire::root(SUBMIT).is_ready());
    assert!(!daemon.log().contains("panicked"), "{}", daemon.log());
    let mode = fs::metadata(SUBMIT).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);
}
