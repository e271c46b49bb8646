use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use provision_api::Username;
use users::os::unix::GroupExt;

use super::command::{self, Rights};
use super::files::{self, GroupEntry, PasswdEntry, ShadowEntry};
use super::{AccountDatabase, AccountError, NewUser, PasswordField};

const GROUPADD: &str = "/usr/sbin/groupadd";
const USERADD: &str = "/usr/sbin/useradd";
const USERMOD: &str = "/usr/sbin/usermod";
const USERDEL: &str = "/usr/sbin/userdel";
const GROUPDEL: &str = "/usr/sbin/groupdel";
const CHPASSWD: &str = "/usr/sbin/chpasswd";

/// The expiry date of an account that may not be used: the first day that every reader takes for
/// a date (day 0 is ambiguous, see shadow(5)).
const EXPIRED: &str = "1970-01-02";

/// One run of a tool; each waits up to 15 s for the lock by itself.
const DEADLINE: Duration = Duration::from_secs(25);

/// No new attempt is made after this time, so that a caller hears of it within a minute.
const RETRY_WITHIN: Duration = Duration::from_secs(20);

/// The adapter over groupadd, useradd, usermod, userdel, groupdel and chpasswd.
///
/// Their exit codes are not relied on: after each run the files are read again.
#[derive(Debug)]
pub struct ShadowUtils {
    held: Option<OwnedFd>,
}

impl ShadowUtils {
    /// The adapter; each tool inherits `held`, a lock that must outlive it.
    #[must_use]
    pub fn new(held: Option<OwnedFd>) -> Self {
        Self { held }
    }

    /// The tools that must be there.
    pub const TOOLS: [&'static str; 6] = [GROUPADD, USERADD, USERMOD, USERDEL, GROUPDEL, CHPASSWD];

    /// Runs a tool; while the database is locked by someone else, again.
    fn run(
        &self,
        tool: &'static str,
        arguments: &[&str],
        input: Option<&str>,
    ) -> Result<(), AccountError> {
        let started = Instant::now();
        loop {
            tracing::info!(tool, "running");
            let ended = command::run(
                tool,
                arguments,
                input,
                Rights::Root(self.held.as_ref()),
                DEADLINE,
            )?;
            if ended.code == 0 {
                return Ok(());
            }
            tracing::warn!(tool, code = ended.code, said = ended.said, "failed");
            // 1: can't lock or update the password file; 10: can't update the group file.
            if !matches!(ended.code, 1 | 10) {
                return Err(AccountError::Refused {
                    tool,
                    code: ended.code,
                    said: ended.said,
                });
            }
            if started.elapsed() > RETRY_WITHIN || !ended.said.contains("lock") {
                let said = ended.said;
                return Err(AccountError::Busy { tool, said });
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

fn untrue(tool: &'static str, what: impl Into<String>) -> AccountError {
    AccountError::Untrue {
        tool,
        what: what.into(),
    }
}

impl AccountDatabase for ShadowUtils {
    fn user(&self, name: &str) -> Result<Option<PasswdEntry>, AccountError> {
        files::user(name)
    }

    fn group(&self, name: &str) -> Result<Option<GroupEntry>, AccountError> {
        files::group(name)
    }

    fn shadow(&self, name: &str) -> Result<Option<ShadowEntry>, AccountError> {
        files::shadow(name)
    }

    fn id_in_use(&self, id: u32) -> Result<bool, AccountError> {
        Ok(files::id_in_use(id)?
            || users::get_user_by_uid(id).is_some()
            || users::get_group_by_gid(id).is_some())
    }

    fn name_in_use(&self, name: &Username) -> Result<Option<&'static str>, AccountError> {
        let name = name.as_str();
        if files::user(name)?.is_some() || users::get_user_by_name(name).is_some() {
            return Ok(Some("user"));
        }
        if files::group(name)?.is_some() || users::get_group_by_name(name).is_some() {
            return Ok(Some("group"));
        }
        Ok(None)
    }

    fn groups_of(&self, name: &Username) -> Result<Vec<String>, AccountError> {
        let Some(user) = files::user(name.as_str())? else {
            return Ok(Vec::new());
        };
        let mut groups = files::groups_of(name.as_str(), user.gid)?;
        // Groups of other sources, too.
        let others = users::get_user_groups(name.as_str(), user.gid).unwrap_or_default();
        groups.extend(
            others
                .iter()
                .map(|g| g.name().to_string_lossy().into_owned()),
        );
        Ok(groups)
    }

    fn create_group(&self, name: &Username, gid: u32) -> Result<(), AccountError> {
        if let Some(group) = files::group(name.as_str())? {
            return if group.gid == gid {
                Ok(())
            } else {
                Err(AccountError::Foreign(format!(
                    "the group {name} exists with another number"
                )))
            };
        }
        if self.id_in_use(gid)? {
            return Err(AccountError::Foreign(format!(
                "the number {gid} is in use by now"
            )));
        }
        self.run(
            GROUPADD,
            &["-g", &gid.to_string(), "--", name.as_str()],
            None,
        )?;
        match files::group(name.as_str())? {
            Some(group) if group.gid == gid && group.members.is_empty() => Ok(()),
            Some(_) => Err(untrue(
                GROUPADD,
                "the group has other values than asked for",
            )),
            None => Err(untrue(GROUPADD, "the group is not there")),
        }
    }

    fn create_user(&self, new: &NewUser<'_>) -> Result<(), AccountError> {
        let id = new.uid.to_string();
        if files::user(new.username.as_str())?.is_none() {
            if users::get_user_by_uid(new.uid).is_some() {
                return Err(AccountError::Foreign(format!(
                    "the number {id} is in use by now"
                )));
            }
            // Everything that /etc/default/useradd or login.defs could decide otherwise is said:
            // no home, no lastlog entry, no group, no subordinate ids, no inactivity rule.
            #[rustfmt::skip]
            let arguments = [
                "-M", "-l", "-N", "-u", &id, "-g", &id, "-c", new.gecos, "-d", new.home,
                "-s", new.shell, "-e", EXPIRED, "-f", "-1",
                "-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0", "--", new.username.as_str(),
            ];
            self.run(USERADD, &arguments, None)?;
        }
        let Some(user) = files::user(new.username.as_str())? else {
            return Err(untrue(USERADD, "the user is not there"));
        };
        let as_asked = user.uid == new.uid
            && user.gid == new.uid
            && user.gecos == new.gecos
            && user.home == new.home
            && user.shell == new.shell;
        if !as_asked {
            return Err(untrue(USERADD, "the user has other values than asked for"));
        }
        match files::shadow(new.username.as_str())? {
            Some(shadow) if shadow.expired() && shadow.password_locked() => Ok(()),
            Some(_) => Err(untrue(USERADD, "the account is not locked")),
            None => Err(untrue(USERADD, "the shadow entry is not there")),
        }
    }

    fn set_password(&self, name: &Username, field: PasswordField<'_>) -> Result<(), AccountError> {
        let value = match field {
            PasswordField::Hash(hash) => hash.expose(),
            PasswordField::Impossible => "*",
            PasswordField::Locked => "!",
        };
        let matches = || -> Result<bool, AccountError> {
            Ok(files::shadow(name.as_str())?.is_some_and(|s| s.password() == value))
        };
        if matches()? {
            return Ok(());
        }
        // Neither part can hold a line break: both are parsed types. On standard input, because
        // an argument array can be read by anyone (AccountsService CVE-2012-6655).
        self.run(CHPASSWD, &["-e"], Some(&format!("{name}:{value}\n")))?;
        if matches()? {
            Ok(())
        } else {
            Err(untrue(CHPASSWD, "the password field is another"))
        }
    }

    fn set_expired(&self, name: &Username, expired: bool) -> Result<(), AccountError> {
        let is_so = || -> Result<Option<bool>, AccountError> {
            Ok(files::shadow(name.as_str())?.map(|s| {
                if expired {
                    s.expired()
                } else {
                    s.expires.is_none()
                }
            }))
        };
        match is_so()? {
            Some(true) => return Ok(()),
            Some(false) => {}
            None => return Err(untrue(USERMOD, "the account has no shadow entry")),
        }
        let date = if expired { EXPIRED } else { "" };
        self.run(USERMOD, &["-e", date, "--", name.as_str()], None)?;
        match is_so()? {
            Some(true) => Ok(()),
            _ => Err(untrue(USERMOD, "the expiry date is another")),
        }
    }

    fn delete(&self, name: &Username, id: u32) -> Result<(), AccountError> {
        if let Some(user) = files::user(name.as_str())? {
            if user.uid != id {
                return Err(AccountError::Foreign(format!(
                    "the user {name} has another number"
                )));
            }
            // Without -r: the home is provisiond's own work.
            self.run(USERDEL, &["--", name.as_str()], None)?;
            if files::user(name.as_str())?.is_some() || files::shadow(name.as_str())?.is_some() {
                return Err(untrue(USERDEL, "the user is still there"));
            }
        }
        // userdel takes the group along only where login.defs says so.
        if let Some(group) = files::group(name.as_str())? {
            if group.gid != id {
                return Err(AccountError::Foreign(format!(
                    "the group {name} has another number"
                )));
            }
            self.run(GROUPDEL, &["--", name.as_str()], None)?;
            if files::group(name.as_str())?.is_some() {
                return Err(untrue(GROUPDEL, "the group is still there"));
            }
        }
        Ok(())
    }
}

/// Whether a uid belongs to a user who is in a group, by primary group or by membership.
#[must_use]
pub fn is_member(uid: u32, group: &str) -> bool {
    let (Some(user), Some(group)) = (users::get_user_by_uid(uid), users::get_group_by_name(group))
    else {
        return false;
    };
    user.primary_group_id() == group.gid() || group.members().iter().any(|m| m == user.name())
}
