use std::collections::BTreeSet;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use provision_api::{GroupName, Username};
use users::os::unix::GroupExt;

use super::absent::Absent;
use super::command;
use super::files::{self, GroupEntry, PasswdEntry, ShadowEntry};
use super::sources::Sources;
use super::{AccountDatabase, AccountError, NewUser, PasswordField};
use super::{check_group, check_user, has_members, has_password, is_expired, member_list, untrue};
use crate::crash_point;

const GROUPADD: &str = "/usr/sbin/groupadd";
const USERADD: &str = "/usr/sbin/useradd";
const USERMOD: &str = "/usr/sbin/usermod";
const USERDEL: &str = "/usr/sbin/userdel";
const GROUPDEL: &str = "/usr/sbin/groupdel";
const GPASSWD: &str = "/usr/bin/gpasswd";
const CHPASSWD: &str = "/usr/sbin/chpasswd";

/// The expiry date of an account that may not be used: the first day that every reader takes for
/// a date (day 0 is ambiguous, see shadow(5)).
const EXPIRED: &str = "1970-01-02";

/// One run of a tool; each waits up to 15 s for the lock by itself.
const DEADLINE: Duration = Duration::from_secs(25);

/// No new attempt is made after this time, so that a caller hears of it within a minute.
const RETRY_WITHIN: Duration = Duration::from_secs(20);

/// The adapter over groupadd, useradd, usermod, userdel, groupdel, gpasswd and chpasswd.
///
/// Their exit codes are not relied on: after each run the files are read again.
#[derive(Debug)]
pub struct ShadowUtils {
    held: Option<OwnedFd>,
    retry_within: Duration,
    absent: Absent,
    sources: Sources,
}

impl ShadowUtils {
    /// The adapter; each tool inherits `held`, a lock that must outlive it.
    #[must_use]
    pub fn new(held: Option<OwnedFd>) -> Self {
        Self {
            held,
            retry_within: RETRY_WITHIN,
            absent: Absent::default(),
            sources: Sources::default(),
        }
    }

    /// Gives up on a locked database after another time than 20 s.
    #[must_use]
    pub fn with_patience(mut self, retry_within: Duration) -> Self {
        self.retry_within = retry_within;
        self
    }

    /// The tools that must be there.
    pub const TOOLS: [&'static str; 7] = [
        GROUPADD, USERADD, USERMOD, USERDEL, GROUPDEL, GPASSWD, CHPASSWD,
    ];

    /// Runs a tool; while the database is locked by someone else, again.
    fn run(
        &self,
        tool: &'static str,
        arguments: &[&str],
        input: Option<&str>,
    ) -> Result<(), AccountError> {
        let started = Instant::now();
        loop {
            tracing::debug!(tool, "running {tool}");
            crash_point::at_tool(tool, "before");
            let ended = command::run(tool, arguments, input, self.held.as_ref(), DEADLINE)?;
            crash_point::at_tool(tool, "after");
            if ended.code == 0 {
                return Ok(());
            }
            tracing::warn!(
                tool,
                code = ended.code,
                said = ended.said,
                "{tool} failed with {}: {}",
                ended.code,
                ended.said
            );
            // 1: can't lock or update the password file; 10: can't update the group file.
            if !matches!(ended.code, 1 | 10) {
                return Err(AccountError::Refused {
                    tool,
                    code: ended.code,
                    said: ended.said,
                });
            }
            if started.elapsed() > self.retry_within || !ended.said.contains("lock") {
                let said = ended.said;
                return Err(AccountError::Busy { tool, said });
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }
}

impl ShadowUtils {
    fn add_group(&self, name: &str, gid: u32) -> Result<(), AccountError> {
        if let Some(group) = files::group(name)? {
            return if group.gid == gid {
                Ok(())
            } else {
                Err(AccountError::Foreign(format!(
                    "the group {name} exists with another number"
                )))
            };
        }
        // Without -o, groupadd refuses a number or name that is in use by now (codes 4 and 9),
        // and so does useradd below; both look again once they hold the lock.
        self.run(GROUPADD, &["-g", &gid.to_string(), "--", name], None)?;
        check_group(GROUPADD, name, gid)
    }

    fn remove_group(&self, name: &str, gid: u32) -> Result<(), AccountError> {
        let group = files::group(name)?;
        if group.is_some_and(|group| group.gid == gid) {
            self.run(GROUPDEL, &["--", name], None)?;
            if files::group(name)?.is_some() {
                return Err(untrue(GROUPDEL, "the group is still there"));
            }
        }
        Ok(())
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
        if files::has_number(files::PASSWD, id)? || files::has_number(files::GROUP, id)? {
            return Ok(true);
        }
        if !self.sources.may_have_number(id) {
            return Ok(false);
        }
        // Asks every source of nsswitch.conf(5).
        Ok(users::get_user_by_uid(id).is_some() || users::get_group_by_gid(id).is_some())
    }

    fn name_in_use(&self, name: &Username) -> Result<Option<&'static str>, AccountError> {
        let (name, now) = (name.as_str(), Instant::now());
        if self.absent.has(name, now) {
            return Ok(if files::has_name(files::PASSWD, name)? {
                Some("user")
            } else if files::has_name(files::GROUP, name)? {
                Some("group")
            } else {
                None
            });
        }
        if users::get_user_by_name(name).is_some() {
            return Ok(Some("user"));
        }
        if users::get_group_by_name(name).is_some() {
            return Ok(Some("group"));
        }
        self.absent.note(name, now);
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

    fn create_group(&self, new: &NewUser<'_>) -> Result<(), AccountError> {
        self.add_group(new.username.as_str(), new.uid)
    }

    fn create_user(&self, new: &NewUser<'_>) -> Result<(), AccountError> {
        let id = new.uid.to_string();
        if files::user(new.username.as_str())?.is_none() {
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
        check_user(USERADD, new)
    }

    fn set_password(&self, name: &Username, field: PasswordField<'_>) -> Result<(), AccountError> {
        let value = field.value();
        if has_password(name, value)? {
            return Ok(());
        }
        // Neither part can hold a line break: both are parsed types. On standard input, because
        // an argument array can be read by anyone (AccountsService CVE-2012-6655).
        self.run(CHPASSWD, &["-e"], Some(&format!("{name}:{value}\n")))?;
        if has_password(name, value)? {
            Ok(())
        } else {
            Err(untrue(CHPASSWD, "the password field is another"))
        }
    }

    fn set_full_name(&self, name: &Username, full_name: &str) -> Result<(), AccountError> {
        let Some(user) = files::user(name.as_str())? else {
            return Err(untrue(USERMOD, "the user is not there"));
        };
        let gecos = match user.gecos.split_once(',') {
            Some((_, rest)) => format!("{full_name},{rest}"),
            None => full_name.to_owned(),
        };
        if user.gecos == gecos {
            return Ok(());
        }
        self.run(USERMOD, &["-c", &gecos, "--", name.as_str()], None)?;
        match files::user(name.as_str())? {
            Some(user) if user.gecos == gecos => Ok(()),
            _ => Err(untrue(USERMOD, "the full name is another")),
        }
    }

    fn set_expired(&self, name: &Username, expired: bool) -> Result<(), AccountError> {
        if is_expired(USERMOD, name)? == Some(expired) {
            return Ok(());
        }
        let date = if expired { EXPIRED } else { "" };
        self.run(USERMOD, &["-e", date, "--", name.as_str()], None)?;
        if is_expired(USERMOD, name)? == Some(expired) {
            Ok(())
        } else {
            Err(untrue(USERMOD, "the expiry date is another"))
        }
    }

    fn delete(&self, name: &Username, id: u32) -> Result<(), AccountError> {
        let user = files::user(name.as_str())?;
        if user.is_some_and(|user| user.uid == id) {
            // Without -r: the home is provisiond's own work.
            self.run(USERDEL, &["--", name.as_str()], None)?;
            if files::user(name.as_str())?.is_some() || files::shadow(name.as_str())?.is_some() {
                return Err(untrue(USERDEL, "the user is still there"));
            }
        }
        // userdel takes the group along only where login.defs says so.
        self.remove_group(name.as_str(), id)
    }

    fn make_group(&self, name: &GroupName, gid: u32) -> Result<(), AccountError> {
        self.add_group(name.as_str(), gid)
    }

    fn set_members(
        &self,
        name: &GroupName,
        gid: u32,
        members: &BTreeSet<Username>,
    ) -> Result<(), AccountError> {
        if has_members(name, gid, members)? {
            return Ok(());
        }
        self.run(GPASSWD, &["-M", &member_list(members), name.as_str()], None)?;
        if has_members(name, gid, members)? {
            Ok(())
        } else {
            Err(untrue(GPASSWD, "the members are others"))
        }
    }

    fn leave_group(
        &self,
        name: &GroupName,
        gid: u32,
        member: &Username,
    ) -> Result<(), AccountError> {
        let is_in = || {
            let group = files::group(name.as_str())?;
            let is_in = |g: &GroupEntry| g.members.iter().any(|m| m == member.as_str());
            Ok::<_, AccountError>(group.is_some_and(|g| g.gid == gid && is_in(&g)))
        };
        if !is_in()? {
            return Ok(());
        }
        self.run(GPASSWD, &["-d", member.as_str(), name.as_str()], None)?;
        if is_in()? {
            return Err(untrue(GPASSWD, "the member is still there"));
        }
        Ok(())
    }

    fn delete_group(&self, name: &GroupName, gid: u32) -> Result<(), AccountError> {
        self.remove_group(name.as_str(), gid)
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
