//! Password and keys of an active account.

use provision_api::{Account, AccountState, BcryptHash, SetPassword, SetSshKeys, Step};

use super::activate::{lines, parsed};
use super::configure::wrong_state;
use super::refusal::{Failure, Refusal};
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::accounts::PasswordField;
use crate::config::PasswordPolicy;
use crate::crash_point;
use crate::journal::{Fingerprint, Outcome, Work};
use crate::notify::Notice;
use crate::registry::{CREATION_WINDOW, Record};

impl Operator {
    pub(super) fn set_password(
        &mut self,
        call: &SetPassword,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        self.check_change(&record, asked.now)?;
        if self.policy.password == PasswordPolicy::None {
            return Err(Refusal::InvalidArgument {
                field: "passwordHash",
                message: "accounts of this host have no password; login is by key".into(),
            });
        }
        let digest = Fingerprint::of(call.password_hash.expose().as_bytes());
        let intent = Self::intent_on(&record, asked, Work::SetPassword { digest });
        self.carry_out(&intent, Some(&call.password_hash), trail)
    }

    /// Without a hash, after a crash: the password is known to be set.
    pub(super) fn do_set_password(
        &self,
        record: Record,
        at: i64,
        hash: Option<&BcryptHash>,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let accounts = &self.host.accounts;
        if let Some(hash) = hash {
            trail.step(Step::Password, || {
                accounts.set_password(&record.username, PasswordField::Hash(hash))
            })?;
        }
        self.tell_owner(&record, Notice::PasswordChanged, trail)?;
        Ok(Outcome::Record(Record {
            has_password: true,
            ..changed(record, at)
        }))
    }

    pub(super) fn set_ssh_keys(
        &mut self,
        call: &SetSshKeys,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        self.check_change(&record, asked.now)?;
        let ssh_keys = lines(&call.ssh_keys)?;
        let intent = Self::intent_on(&record, asked, Work::SetSshKeys { ssh_keys });
        self.carry_out(&intent, None, trail)
    }

    pub(super) fn do_set_ssh_keys(
        &self,
        record: Record,
        at: i64,
        ssh_keys: &[String],
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let keys = parsed(ssh_keys)?;
        let host = &self.host;
        trail.step(Step::SshKeys, || host.install_keys(&record.username, &keys))?;
        let count = keys.len();
        self.tell_owner(&record, Notice::SshKeysChanged { count }, trail)?;
        Ok(Outcome::Record(Record {
            ssh_keys: ssh_keys.to_vec(),
            ..changed(record, at)
        }))
    }

    /// Whether credentials of this account may be changed by this way, now.
    fn check_change(&self, record: &Record, now: i64) -> Result<(), Refusal> {
        if record.state != AccountState::Active {
            return Err(wrong_state(record, "only an active account is changed"));
        }
        self.check_identity(record)?;
        self.check_unprivileged(record)?;
        self.check_hour(&record.recent_changes, now, "password and keys were")
    }

    /// Refuses one more change than an hour may have.
    pub(super) fn check_hour(&self, changes: &[i64], now: i64, what: &str) -> Result<(), Refusal> {
        let recent = within_hour(changes, now);
        let made = u32::try_from(recent.len()).unwrap_or(u32::MAX);
        if made >= self.policy.change_limit_per_hour {
            let first = recent.iter().min().copied().unwrap_or(now);
            let wait = (first + CREATION_WINDOW - now).clamp(1, CREATION_WINDOW);
            return Err(Refusal::RateLimited {
                message: format!("{what} changed {made} times within an hour"),
                retry_after: u32::try_from(wait).unwrap_or(1),
            });
        }
        Ok(())
    }

    /// Refuses members of privileged groups, as the host lists them at this moment.
    pub(super) fn check_unprivileged(&self, record: &Record) -> Result<(), Refusal> {
        let groups = self.host.accounts.groups_of(&record.username);
        let groups = groups.map_err(|e| Refusal::Step {
            step: Step::Group,
            failure: e.into(),
        })?;
        match groups.into_iter().find(|g| self.policy.is_privileged(g)) {
            Some(group) => Err(Refusal::Privileged {
                username: record.username.clone(),
                group,
            }),
            None => Ok(()),
        }
    }

    /// Tells the owner by mail on the host. The change stands even if that fails: a full disk
    /// must not keep anyone from replacing a stolen password.
    fn tell_owner(
        &self,
        record: &Record,
        notice: Notice,
        trail: &mut Trail<'_>,
    ) -> Result<(), Refusal> {
        let now = self.clock.now();
        trail.step(Step::Notify, || {
            crash_point::at("notice.before");
            if let Err(error) = self.host.notify(record, notice, now) {
                tracing::error!(%error, "the owner can't be told of a change");
            }
            crash_point::at("notice.after");
            Ok::<(), Failure>(())
        })
    }
}

/// Those of the times that lie within the last hour.
pub(super) fn within_hour(times: &[i64], now: i64) -> Vec<i64> {
    let recent = times.iter().copied();
    // Those of a clock that was ahead would count until that time comes.
    recent
        .filter(|at| *at > now - CREATION_WINDOW && *at <= now)
        .collect()
}

fn changed(record: Record, at: i64) -> Record {
    let mut recent_changes = within_hour(&record.recent_changes, at);
    recent_changes.push(at);
    Record {
        recent_changes,
        ..record
    }
}
