//! The host's account database: a port, and two adapters: over shadow-utils, and a writer of our
//! own.

mod absent;
pub(crate) mod command;
mod direct;
mod files;
mod lines;
mod processes;
mod shadow_utils;
mod sources;

use std::collections::BTreeSet;

use provision_api::{BcryptHash, GroupName, Username};

pub use command::CommandError;
pub use direct::Direct;
pub use files::{GroupEntry, PasswdEntry, ShadowEntry};
pub use processes::end_processes;
pub use shadow_utils::{ShadowUtils, is_member};

/// Why the account database did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// A tool could not be run or did not end in time.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// The database is locked by someone else, or can't be written now.
    #[error("{tool} can't write the account database now: {said}")]
    Busy {
        /// The tool.
        tool: &'static str,
        /// What it printed.
        said: String,
    },
    /// A tool said no.
    #[error("{tool} ended with code {code}: {said}")]
    Refused {
        /// The tool.
        tool: &'static str,
        /// Its exit code, see the tool's manual page.
        code: i32,
        /// What it printed.
        said: String,
    },
    /// The tool said yes, and the database says something else.
    #[error("after {tool}, {what}")]
    Untrue {
        /// The tool.
        tool: &'static str,
        /// What is not as it should be.
        what: String,
    },
    /// The name or id belongs to something that provisiond did not make.
    #[error("{0}")]
    Foreign(String),
    /// A file of the database can't be read.
    #[error("{path} can't be read: {source}")]
    Unreadable {
        /// The file.
        path: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of the database can't be written.
    #[error("{path} can't be written: {source}")]
    Unwritable {
        /// The file.
        path: &'static str,
        /// Why not.
        source: std::io::Error,
    },
}

impl AccountError {
    /// Whether trying again later may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Busy { .. }
            | Self::Command(_)
            | Self::Unreadable { .. }
            | Self::Unwritable { .. } => true,
            Self::Refused { .. } | Self::Untrue { .. } | Self::Foreign(_) => false,
        }
    }
}

/// A user to make.
#[derive(Clone, Debug)]
pub struct NewUser<'a> {
    /// Name of the user.
    pub username: &'a Username,
    /// The user's id, and the id of its own group.
    pub uid: u32,
    /// The full name, as it stands in passwd(5).
    pub gecos: &'a str,
    /// Absolute path.
    pub home: &'a str,
    /// Absolute path.
    pub shell: &'a str,
}

/// What the password field is to hold.
#[derive(Clone, Copy, Debug)]
pub enum PasswordField<'a> {
    /// A hash to log in with.
    Hash(&'a BcryptHash),
    /// No password will ever match; login by key stays possible, also for an sshd without PAM,
    /// which takes a leading `!` for a locked account.
    Impossible,
    /// As it was before activation.
    Locked,
}

impl<'a> PasswordField<'a> {
    /// What stands in the field.
    fn value(self) -> &'a str {
        match self {
            Self::Hash(hash) => hash.expose(),
            Self::Impossible => "*",
            Self::Locked => "!",
        }
    }
}

/// Users and groups of the host. Every method checks afterwards that what it promises is true,
/// and does nothing if it is true already.
pub trait AccountDatabase: Send + Sync {
    /// The user of that name.
    ///
    /// # Errors
    /// See [`AccountError`]; the same for every method.
    fn user(&self, name: &str) -> Result<Option<PasswdEntry>, AccountError>;
    /// The group of that name.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn group(&self, name: &str) -> Result<Option<GroupEntry>, AccountError>;
    /// The shadow entry of that name.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn shadow(&self, name: &str) -> Result<Option<ShadowEntry>, AccountError>;
    /// Whether a user or group has that number, here or in any other source that the host asks.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn id_in_use(&self, id: u32) -> Result<bool, AccountError>;
    /// Whether a user or group has that name, here or in any other source that the host asks.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn name_in_use(&self, name: &Username) -> Result<Option<&'static str>, AccountError>;
    /// The names of all groups that a user is in.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn groups_of(&self, name: &Username) -> Result<Vec<String>, AccountError>;
    /// Makes the own group of a user to be. An adapter for which it is one piece of work makes
    /// the user as well.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn create_group(&self, user: &NewUser<'_>) -> Result<(), AccountError>;
    /// Makes a user without a password, expired; its group is there.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn create_user(&self, user: &NewUser<'_>) -> Result<(), AccountError>;
    /// Sets the password field.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn set_password(&self, name: &Username, field: PasswordField<'_>) -> Result<(), AccountError>;
    /// Sets the full name, the first part of the GECOS field of passwd(5); what the member has put
    /// behind it by chfn(1) stays.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn set_full_name(&self, name: &Username, full_name: &str) -> Result<(), AccountError>;
    /// Sets or clears an expiry date in the past.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn set_expired(&self, name: &Username, expired: bool) -> Result<(), AccountError>;
    /// Deletes user and group of that name that have that number; one with another number is
    /// someone else's and stays. Touches no file of theirs.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn delete(&self, name: &Username, id: u32) -> Result<(), AccountError>;
    /// Makes a group without members.
    ///
    /// # Errors
    /// See [`AccountError`]; the name or the number is in other hands.
    fn make_group(&self, name: &GroupName, gid: u32) -> Result<(), AccountError>;
    /// Whether these users, and nobody else, are the members of the group of that name and number.
    ///
    /// # Errors
    /// See [`AccountError`]; the group has another number, or is gone.
    fn has_members(
        &self,
        name: &GroupName,
        gid: u32,
        members: &BTreeSet<Username>,
    ) -> Result<bool, AccountError> {
        has_members(name, gid, members)
    }
    /// Makes these users, and nobody else, the members of the group of that name and number.
    ///
    /// # Errors
    /// See [`AccountError`]; the group has another number, or a user does not exist.
    fn set_members(
        &self,
        name: &GroupName,
        gid: u32,
        members: &BTreeSet<Username>,
    ) -> Result<(), AccountError>;
    /// Takes one name out of the group of that name and number. A group that is not there, or has
    /// another number, stays as it is.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn leave_group(
        &self,
        name: &GroupName,
        gid: u32,
        member: &Username,
    ) -> Result<(), AccountError>;
    /// Deletes the group of that name if it has that number.
    ///
    /// # Errors
    /// See [`AccountError`].
    fn delete_group(&self, name: &GroupName, gid: u32) -> Result<(), AccountError>;
}

/// Whether the group has just these members, in both files: who writes them may have been ended after
/// the first. A group of another number is an error.
fn has_members(
    name: &GroupName,
    gid: u32,
    members: &BTreeSet<Username>,
) -> Result<bool, AccountError> {
    match files::group(name.as_str())? {
        Some(group) if group.gid == gid => {
            let wanted: BTreeSet<&str> = members.iter().map(Username::as_str).collect();
            let is = |found: &[String]| {
                found.iter().map(String::as_str).collect::<BTreeSet<_>>() == wanted
            };
            let in_gshadow = files::gshadow_members(name.as_str())?;
            Ok(is(&group.members) && in_gshadow.is_none_or(|found| is(&found)))
        }
        Some(_) => Err(AccountError::Foreign(format!(
            "the group {name} exists with another number"
        ))),
        None => Err(AccountError::Foreign(format!(
            "the group {name} is gone; someone deleted it without provisiond"
        ))),
    }
}

/// The members as group(5) writes them.
fn member_list(members: &BTreeSet<Username>) -> String {
    let names: Vec<&str> = members.iter().map(Username::as_str).collect();
    names.join(",")
}

/// Whether the group is there as asked for; `tool` made it.
fn check_group(tool: &'static str, name: &str, gid: u32) -> Result<(), AccountError> {
    match files::group(name)? {
        Some(group) if group.gid == gid && group.members.is_empty() => Ok(()),
        Some(_) => Err(untrue(tool, "the group has other values than asked for")),
        None => Err(untrue(tool, "the group is not there")),
    }
}

/// Whether the user is there as asked for, and locked; `tool` made it.
fn check_user(tool: &'static str, new: &NewUser<'_>) -> Result<(), AccountError> {
    let Some(user) = files::user(new.username.as_str())? else {
        return Err(untrue(tool, "the user is not there"));
    };
    let as_asked = user.uid == new.uid
        && user.gid == new.uid
        && user.gecos == new.gecos
        && user.home == new.home
        && user.shell == new.shell;
    if !as_asked {
        return Err(untrue(tool, "the user has other values than asked for"));
    }
    match files::shadow(new.username.as_str())? {
        Some(shadow) if shadow.expired() && shadow.password_locked() => Ok(()),
        Some(_) => Err(untrue(tool, "the account is not locked")),
        None => Err(untrue(tool, "the shadow entry is not there")),
    }
}

/// Whether the password field holds that.
fn has_password(name: &Username, value: &str) -> Result<bool, AccountError> {
    Ok(files::shadow(name.as_str())?.is_some_and(|s| s.password() == value))
}

/// Whether the account is expired (`true`) or never expires (`false`); `None` with another date.
fn is_expired(tool: &'static str, name: &Username) -> Result<Option<bool>, AccountError> {
    match files::shadow(name.as_str())? {
        Some(shadow) if shadow.expired() => Ok(Some(true)),
        Some(shadow) => Ok(shadow.expires.is_none().then_some(false)),
        None => Err(untrue(tool, "the account has no shadow entry")),
    }
}

fn untrue(tool: &'static str, what: impl Into<String>) -> AccountError {
    AccountError::Untrue {
        tool,
        what: what.into(),
    }
}
