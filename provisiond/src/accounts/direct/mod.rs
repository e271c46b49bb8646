//! A writer of the account database of our own: what shadow-utils would write, under its locks,
//! in one pass for a whole account.
//!
//! On a host with thousands of accounts reading and writing the files is most of what an account
//! costs; shadow-utils does it five times an account, in three processes. Why there are two
//! writers: `docs/decisions/0011-direct-account-writer.md`.

mod drafts;
mod edit;
mod groups;
mod lock;
mod login_defs;

use std::collections::BTreeSet;
use std::fmt;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nix::unistd::fsync;
use provision_api::{GroupName, Username};

use super::files::{self, GroupEntry, PasswdEntry, ShadowEntry};
use super::{AccountDatabase, AccountError, NewUser, PasswordField, ShadowUtils, untrue};
use crate::clock::Clock;
use crate::{crash_point, dirfd};
use drafts::{is_there, read, required, stage_all, unwritable};
use edit::{Edit, Staged};
use lock::LockError;
use login_defs::Ages;

/// What errors and the log call it.
const TOOL: &str = "the direct writer";
const ETC: &str = "/etc";
/// There where a policy is loaded, see selinux(8).
const SELINUX: &str = "/sys/fs/selinux/enforce";

/// No new attempt is made after this time, as with shadow-utils.
const RETRY_WITHIN: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(200);

/// Day 1, the first that every reader takes for a date, see shadow(5).
const EXPIRED: &str = "1";
const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// A file of the database, by its name in `/etc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Name(&'static str);

impl Name {
    const PASSWD: Self = Self("passwd");
    const SHADOW: Self = Self("shadow");
    const GROUP: Self = Self("group");
    const GSHADOW: Self = Self("gshadow");
    const GROUPS: [Self; 2] = [Self::GROUP, Self::GSHADOW];
    const ALL: [Self; 4] = [Self::PASSWD, Self::SHADOW, Self::GROUP, Self::GSHADOW];

    fn as_str(self) -> &'static str {
        self.0
    }

    fn path(self) -> &'static str {
        match self {
            Self::PASSWD => files::PASSWD,
            Self::SHADOW => files::SHADOW,
            Self::GROUP => files::GROUP,
            _ => files::GSHADOW,
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The adapter that writes passwd(5), shadow(5), group(5) and gshadow(5) itself. What is rare, and
/// every question, is left to [`ShadowUtils`].
pub struct Direct {
    rest: ShadowUtils,
    clock: Arc<dyn Clock>,
    retry_within: Duration,
}

impl Direct {
    /// The adapter; `rest` does what this one does not.
    ///
    /// # Errors
    /// `/etc` can't be used, or its files have labels that this writer does not keep.
    pub fn new(rest: ShadowUtils, clock: Arc<dyn Clock>) -> Result<Self, AccountError> {
        if Path::new(SELINUX).exists() {
            return Err(AccountError::Foreign(
                "accounts.writer: \"direct\" keeps no SELinux labels; use \"shadow-utils\"".into(),
            ));
        }
        let etc = open_etc()?;
        lock::forget_own(&etc, &Name::ALL).map_err(busy)?;
        Ok(Self {
            rest,
            clock,
            retry_within: RETRY_WITHIN,
        })
    }

    /// Gives up on a locked database after another time than 20 s.
    #[must_use]
    pub fn with_patience(mut self, retry_within: Duration) -> Self {
        self.retry_within = retry_within;
        self
    }

    /// Has `draw_up` write new versions of these files while they are locked, and puts all of them
    /// in place in that order, or none.
    fn change(
        &self,
        names: &[Name],
        draw_up: impl Fn(&OwnedFd) -> Result<Vec<Staged>, AccountError>,
    ) -> Result<(), AccountError> {
        let etc = open_etc()?;
        let started = Instant::now();
        crash_point::at("direct.lock.before");
        let locks = loop {
            match lock::take(&etc, names) {
                Ok(locks) => break locks,
                Err(LockError::Held(said)) if started.elapsed() < self.retry_within => {
                    tracing::warn!(said, "the account database is locked");
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(busy(error)),
            }
        };
        crash_point::at("direct.lock.after");
        let staged = draw_up(&etc)?;
        crash_point::at("direct.drawn-up");
        for (place, new) in staged.iter().enumerate() {
            if let Err(source) = new.put_in_place(&etc) {
                staged
                    .iter()
                    .skip(place)
                    .for_each(|left| left.discard(&etc));
                return Err(unwritable(new.name())(source));
            }
        }
        // Once for all: what shows that an operation is done is written later, and synced.
        fsync(&etc).map_err(|e| unwritable(Name::PASSWD)(e.into()))?;
        crash_point::at("direct.synced");
        drop(locks);
        crash_point::at("direct.unlocked");
        Ok(())
    }

    /// What is missing of group and user, in the order in which shadow-utils writes it: whatever
    /// of it a crash leaves is what it would leave, and [`delete`](AccountDatabase::delete) takes
    /// it back.
    fn draw_up_account(
        &self,
        etc: &OwnedFd,
        new: &NewUser<'_>,
    ) -> Result<Vec<Staged>, AccountError> {
        let (name, id) = (new.username.as_str(), new.uid);
        let [passwd, shadow, group] =
            [Name::PASSWD, Name::SHADOW, Name::GROUP].map(|name| required(etc, name));
        let (passwd, shadow, group) = (passwd?, shadow?, group?);
        let gshadow = read(etc, Name::GSHADOW)?;
        // Asked before as well, but only now can nobody else be first.
        let has_group = is_there("group", &group, name, id)?;
        let has_user = is_there("user", &passwd, name, id)?;
        let today = self.clock.now().div_euclid(SECONDS_A_DAY);
        let ages = Ages::read();
        let NewUser {
            gecos, home, shell, ..
        } = new;
        let Ages { min, max, warn } = &ages;
        let lines = [
            (!has_group).then(|| Edit::add(&group, format!("{name}:x:{id}:"))),
            gshadow
                .as_ref()
                .filter(|gshadow| gshadow.line_of(name).is_none())
                .map(|gshadow| Edit::add(gshadow, format!("{name}:!::"))),
            (!has_user).then(|| {
                let line = format!("{name}:x:{id}:{id}:{gecos}:{home}:{shell}");
                Edit::add(&passwd, line)
            }),
            shadow.line_of(name).is_none().then(|| {
                let line = format!("{name}:!:{today}:{min}:{max}:{warn}::{EXPIRED}:");
                Edit::add(&shadow, line)
            }),
        ];
        stage_all(etc, lines.into_iter().flatten())
    }

    /// Changes fields of one line of shadow(5).
    fn change_shadow(
        &self,
        name: &Username,
        edit: impl Fn(&mut [String; 9]),
    ) -> Result<(), AccountError> {
        tracing::debug!(tool = TOOL, file = files::SHADOW, "writing");
        self.change(&[Name::SHADOW], |etc| {
            let shadow = required(etc, Name::SHADOW)?;
            let Some(place) = shadow.line_of(name.as_str()) else {
                return Err(untrue(TOOL, "the account has no shadow entry"));
            };
            let mut fields = shadow
                .fields(&place)
                .ok_or_else(|| untrue(TOOL, "the shadow entry has not nine fields"))?;
            edit(&mut fields);
            stage_all(etc, [Edit::replace(&shadow, place, fields.join(":"))])
        })
    }
}

fn open_etc() -> Result<OwnedFd, AccountError> {
    dirfd::open_trusted(Path::new(ETC)).map_err(|e| AccountError::Unreadable {
        path: ETC,
        source: std::io::Error::other(e),
    })
}

fn busy(error: LockError) -> AccountError {
    match error {
        LockError::Held(said) => AccountError::Busy { tool: TOOL, said },
        LockError::Io(source) => AccountError::Unwritable {
            path: "/etc/.pwd.lock",
            source,
        },
    }
}

/// A field with a colon or a line break would be another line than the one that was meant.
fn check_fields(new: &NewUser<'_>) -> Result<(), AccountError> {
    let breaks = |text: &str| text.contains([':', '\n', '\r', '\0']);
    if [new.gecos, new.home, new.shell].into_iter().any(breaks) {
        return Err(AccountError::Refused {
            tool: TOOL,
            code: 3,
            said: "a field holds a colon or a line break".into(),
        });
    }
    Ok(())
}

impl AccountDatabase for Direct {
    fn user(&self, name: &str) -> Result<Option<PasswdEntry>, AccountError> {
        self.rest.user(name)
    }

    fn group(&self, name: &str) -> Result<Option<GroupEntry>, AccountError> {
        self.rest.group(name)
    }

    fn shadow(&self, name: &str) -> Result<Option<ShadowEntry>, AccountError> {
        self.rest.shadow(name)
    }

    fn id_in_use(&self, id: u32) -> Result<bool, AccountError> {
        self.rest.id_in_use(id)
    }

    fn name_in_use(&self, name: &Username) -> Result<Option<&'static str>, AccountError> {
        self.rest.name_in_use(name)
    }

    fn groups_of(&self, name: &Username) -> Result<Vec<String>, AccountError> {
        self.rest.groups_of(name)
    }

    /// Makes the user as well: each file is read and written once.
    fn create_group(&self, new: &NewUser<'_>) -> Result<(), AccountError> {
        check_fields(new)?;
        tracing::debug!(tool = TOOL, "writing");
        self.change(&Name::ALL, |etc| self.draw_up_account(etc, new))?;
        super::check_group(TOOL, new.username.as_str(), new.uid)
    }

    fn create_user(&self, new: &NewUser<'_>) -> Result<(), AccountError> {
        if files::user(new.username.as_str())?.is_none() {
            self.create_group(new)?;
        }
        super::check_user(TOOL, new)
    }

    fn set_password(&self, name: &Username, field: PasswordField<'_>) -> Result<(), AccountError> {
        let value = field.value();
        if super::has_password(name, value)? {
            return Ok(());
        }
        let today = self.clock.now().div_euclid(SECONDS_A_DAY).to_string();
        self.change_shadow(name, |[_, password, changed, ..]| {
            value.clone_into(password);
            today.clone_into(changed);
        })?;
        if super::has_password(name, value)? {
            Ok(())
        } else {
            Err(untrue(TOOL, "the password field is another"))
        }
    }

    fn set_full_name(&self, name: &Username, full_name: &str) -> Result<(), AccountError> {
        self.rest.set_full_name(name, full_name)
    }

    fn set_expired(&self, name: &Username, expired: bool) -> Result<(), AccountError> {
        if super::is_expired(TOOL, name)? == Some(expired) {
            return Ok(());
        }
        let day = if expired { EXPIRED } else { "" };
        self.change_shadow(name, |[.., expires, _]| day.clone_into(expires))?;
        if super::is_expired(TOOL, name)? == Some(expired) {
            Ok(())
        } else {
            Err(untrue(TOOL, "the expiry date is another"))
        }
    }

    fn delete(&self, name: &Username, id: u32) -> Result<(), AccountError> {
        self.rest.delete(name, id)
    }

    fn make_group(&self, name: &GroupName, gid: u32) -> Result<(), AccountError> {
        tracing::debug!(tool = TOOL, "writing");
        self.change(&Name::GROUPS, |etc| groups::draw_up(etc, name, gid))?;
        super::check_group(TOOL, name.as_str(), gid)
    }

    fn set_members(
        &self,
        name: &GroupName,
        gid: u32,
        members: &BTreeSet<Username>,
    ) -> Result<(), AccountError> {
        if super::has_members(name, gid, members)? {
            return Ok(());
        }
        tracing::debug!(tool = TOOL, "writing");
        self.change(&Name::GROUPS, |etc| {
            groups::with_members(etc, name, gid, members)
        })?;
        if super::has_members(name, gid, members)? {
            Ok(())
        } else {
            Err(untrue(TOOL, "the members are others"))
        }
    }

    fn leave_group(
        &self,
        name: &GroupName,
        gid: u32,
        member: &Username,
    ) -> Result<(), AccountError> {
        self.rest.leave_group(name, gid, member)
    }

    fn delete_group(&self, name: &GroupName, gid: u32) -> Result<(), AccountError> {
        self.rest.delete_group(name, gid)
    }
}
