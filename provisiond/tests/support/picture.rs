//! What files there are, to be compared with what there was.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Everything that can be seen of the files below `dir`, by path.
pub fn picture(dir: &str) -> BTreeMap<String, String> {
    fn walk(root: &Path, path: &Path, seen: &mut BTreeMap<String, String>) {
        let meta = fs::symlink_metadata(path).unwrap();
        let kind = meta.file_type();
        let content = if kind.is_symlink() {
            format!("{:?}", fs::read_link(path).unwrap())
        } else if kind.is_file() {
            let bytes = fs::read(path).unwrap();
            format!("{} {:x}", bytes.len(), checksum(&bytes))
        } else {
            String::new()
        };
        let facts = format!(
            "{:o} {}:{} {}.{:09} links {} {content}",
            meta.mode(),
            meta.uid(),
            meta.gid(),
            meta.mtime(),
            meta.mtime_nsec(),
            if kind.is_dir() { 0 } else { meta.nlink() }
        );
        let name = path.strip_prefix(root).unwrap().display().to_string();
        seen.insert(name, facts);
        if kind.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                walk(root, &entry.unwrap().path(), seen);
            }
        }
    }
    let mut seen = BTreeMap::new();
    walk(Path::new(dir), Path::new(dir), &mut seen);
    seen
}

fn checksum(bytes: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = std::hash::DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// The same without times and numbers of links, and without what `hidden` says.
pub fn contents(dir: &str, hidden: impl Fn(&str) -> bool) -> BTreeMap<String, String> {
    let mut seen = picture(dir);
    seen.retain(|path, _| !hidden(path));
    for facts in seen.values_mut() {
        let parts: Vec<&str> = facts.splitn(6, ' ').collect();
        *facts = format!("{} {} {}", parts[0], parts[1], parts[5]);
    }
    seen
}

/// What is not the same in two pictures, a line each.
pub fn differences(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<String> {
    let names = before.keys().chain(after.keys());
    let mut lines: Vec<String> = names
        .filter(|name| before.get(*name) != after.get(*name))
        .map(|name| format!("{name}: {:?}, now {:?}", before.get(name), after.get(name)))
        .collect();
    lines.dedup();
    lines
}
