//! Reading passwd(5), group(5) and shadow(5) directly: what is on the disk, without a cache.

use std::io::Read;

use super::{AccountError, lines};

pub(super) const PASSWD: &str = "/etc/passwd";
pub(super) const GROUP: &str = "/etc/group";
pub(super) const SHADOW: &str = "/etc/shadow";
pub(super) const GSHADOW: &str = "/etc/gshadow";

/// A line of passwd(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswdEntry {
    /// Name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Id of the primary group.
    pub gid: u32,
    /// Full name and the like.
    pub gecos: String,
    /// Home.
    pub home: String,
    /// Login shell.
    pub shell: String,
}

/// A line of group(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEntry {
    /// Name.
    pub name: String,
    /// Group id.
    pub gid: u32,
    /// Names of members beyond those whose primary group it is.
    pub members: Vec<String>,
}

/// A line of shadow(5). `Debug` does not show the password field.
#[derive(Clone, PartialEq, Eq)]
pub struct ShadowEntry {
    password: String,
    /// The day on which the account expires, counted from 1970-01-01.
    pub expires: Option<i64>,
}

impl ShadowEntry {
    /// The password field.
    #[must_use]
    pub fn password(&self) -> &str {
        &self.password
    }

    /// Whether no password can ever match.
    #[must_use]
    pub fn password_locked(&self) -> bool {
        self.password.starts_with(['!', '*'])
    }

    /// Whether the expiry date is the one in the past that provisiond sets.
    #[must_use]
    pub fn expired(&self) -> bool {
        // useradd(8): day 0 is read in two ways, so provisiond sets day 1.
        self.expires.is_some_and(|day| day <= 1)
    }
}

impl std::fmt::Debug for ShadowEntry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShadowEntry")
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// How much of a file is looked at at a time.
const BLOCK: usize = 64 * 1024;

/// Reads the first line of that name that `parse` understands.
fn find<T>(
    path: &'static str,
    name: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, AccountError> {
    blocks(path, |block| {
        lines::named(block, name).find_map(|line| {
            // A line that is no UTF-8 is none of provisiond's.
            parse(std::str::from_utf8(block.get(line)?).ok()?)
        })
    })
}

/// Calls `look` with one block of whole lines after the other until it gives something.
fn blocks<T>(
    path: &'static str,
    mut look: impl FnMut(&[u8]) -> Option<T>,
) -> Result<Option<T>, AccountError> {
    let unreadable = |source| AccountError::Unreadable { path, source };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    let mut block = Vec::with_capacity(BLOCK + BLOCK / 2);
    loop {
        let more = file.by_ref().take(BLOCK as u64).read_to_end(&mut block);
        if more.map_err(unreadable)? == 0 {
            // The last line, if it has no end.
            return Ok(look(&block));
        }
        let whole = memchr::memrchr(b'\n', &block).map_or(0, |at| at + 1);
        if let Some(found) = look(block.get(..whole).unwrap_or_default()) {
            return Ok(Some(found));
        }
        block.drain(..whole);
    }
}

fn passwd_entry(line: &str) -> Option<PasswdEntry> {
    let mut fields = line.split(':').map(str::to_owned);
    let name = fields.next()?;
    let _password = fields.next()?;
    Some(PasswdEntry {
        name,
        uid: fields.next()?.parse().ok()?,
        gid: fields.next()?.parse().ok()?,
        gecos: fields.next()?,
        home: fields.next()?,
        shell: fields.next()?,
    })
}

fn group_entry(line: &str) -> Option<GroupEntry> {
    let mut fields = line.split(':');
    let name = fields.next()?.to_owned();
    let _password = fields.next()?;
    let gid = fields.next()?.parse().ok()?;
    let members = list(fields.next().unwrap_or_default());
    Some(GroupEntry { name, gid, members })
}

fn list(members: &str) -> Vec<String> {
    let members = members.split(',').filter(|m| !m.is_empty());
    members.map(str::to_owned).collect()
}

pub(super) fn user(name: &str) -> Result<Option<PasswdEntry>, AccountError> {
    find(PASSWD, name, passwd_entry)
}

pub(super) fn group(name: &str) -> Result<Option<GroupEntry>, AccountError> {
    find(GROUP, name, group_entry)
}

/// The members that gshadow(5) names; `None` on a host without it, or where the group is not in it.
pub(super) fn gshadow_members(name: &str) -> Result<Option<Vec<String>>, AccountError> {
    let members = find(GSHADOW, name, |line| line.split(':').nth(3).map(list));
    match members {
        Err(AccountError::Unreadable { source, .. })
            if source.kind() == std::io::ErrorKind::NotFound =>
        {
            Ok(None)
        }
        members => members,
    }
}

pub(super) fn shadow(name: &str) -> Result<Option<ShadowEntry>, AccountError> {
    find(SHADOW, name, |line| {
        let mut fields = line.split(':').skip(1);
        let password = fields.next()?.to_owned();
        let expires = fields.nth(5).and_then(|day| day.parse().ok());
        Some(ShadowEntry { password, expires })
    })
}

/// Whether a line has that name, even one that is damaged otherwise.
pub(super) fn has_name(path: &'static str, name: &str) -> Result<bool, AccountError> {
    let found = blocks(path, |block| lines::named(block, name).next())?;
    Ok(found.is_some())
}

/// Whether a line of passwd(5) or group(5) has that number.
pub(super) fn has_number(path: &'static str, number: u32) -> Result<bool, AccountError> {
    let found = blocks(path, |block| lines::numbered(block, number).next())?;
    Ok(found.is_some())
}

/// Groups whose line names the user as a member, or that have that number.
pub(super) fn groups_of(name: &str, primary: u32) -> Result<Vec<String>, AccountError> {
    let mut groups = Vec::new();
    blocks(GROUP, |block| {
        for line in block.split(|byte| *byte == b'\n') {
            let Ok(line) = std::str::from_utf8(line) else {
                continue;
            };
            let number = line.split(':').nth(2).and_then(|id| id.parse().ok());
            let members = line.rsplit(':').next().unwrap_or_default();
            if number == Some(primary) || members.split(',').any(|m| m == name) {
                groups.push(line.split(':').next().unwrap_or_default().to_owned());
            }
        }
        None::<()>
    })?;
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_apart_into_their_fields() {
        let user = passwd_entry("ada:x:20000:20001:Ada, x:/home/ada:/bin/bash").unwrap();
        assert_eq!((user.uid, user.gid), (20000, 20001));
        assert_eq!(
            (user.gecos.as_str(), user.shell.as_str()),
            ("Ada, x", "/bin/bash")
        );
        let group = group_entry("wheel:x:10:ada,bob").unwrap();
        assert_eq!(group.members, ["ada", "bob"]);
        assert!(group_entry("empty:x:10:").unwrap().members.is_empty());
    }
}
