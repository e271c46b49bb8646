//! The end of an account that was used: archive and removal.
//!
//! Both can be undone until the Linux user is deleted: by then the home is out of its place, and
//! whole. After that there is only the way forward.

use provision_api::{AccountState, Step};

use super::refusal::{Failure, Refusal};
use super::spine::Operator;
use super::trail::Trail;
use crate::archive::Packed;
use crate::journal::{Intent, Outcome, Work};
use crate::registry::{Record, Tombstone};

impl Operator {
    pub(super) fn do_archive(
        &self,
        record: Record,
        intent: &Intent,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        self.shut_out(&record, trail)?;
        // Out of its place before its owner's name goes.
        trail.step(Step::Archive, || {
            let user = host.accounts.user(name.as_str())?;
            let shell = user.map_or_else(|| self.policy.shell.clone(), |user| user.shell);
            host.pack_home(Packed {
                request_id: intent.request_id,
                at: intent.at,
                username: name.clone(),
                registration_id: record.registration_id,
                uid: record.uid,
                display_name: record.display_name.clone(),
                shell,
                home: record.home.clone(),
            })
        })?;
        trail.step(Step::DeleteUser, || host.accounts.delete(name, record.uid))?;
        self.leave_groups(&record, trail)?;
        trail.step(Step::DeleteFiles, || {
            host.homes.delete_held(record.registration_id)
        })?;
        trail.step(Step::AcceptMail, || host.resume_mail(name))?;
        Ok(Outcome::Record(Record {
            state: AccountState::Archived,
            mail_configured: false,
            has_password: false,
            ..record
        }))
    }

    pub(super) fn do_remove(
        &self,
        record: &Record,
        at: i64,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        if record.state != AccountState::Archived {
            self.shut_out(record, trail)?;
            trail.step(Step::UnpublishHome, || host.hold_home(record))?;
            trail.step(Step::DeleteUser, || host.accounts.delete(name, record.uid))?;
        }
        self.leave_groups(record, trail)?;
        trail.step(Step::DeleteFiles, || host.delete_all_of(record))?;
        trail.step(Step::AcceptMail, || host.resume_mail(name))?;
        Ok(Outcome::Buried(Tombstone {
            username: name.clone(),
            uid: record.uid,
            removed_at: at,
        }))
    }

    /// Makes sure that nobody is at work as the user. A suspended account is like that; but root
    /// may have started something since.
    pub(super) fn shut_out(&self, record: &Record, trail: &mut Trail<'_>) -> Result<(), Refusal> {
        let host = &self.host;
        let name = &record.username;
        // After a crash the user may be gone already; then nothing can run under the number.
        if host.user_is_there(record).map_err(|f| f.at(Step::User))? {
            self.check_identity(record)?;
            trail.step(Step::Lock, || host.accounts.set_expired(name, true))?;
            trail.step(Step::RefuseMail, || host.refuse_mail(name))?;
            trail.step(Step::EndProcesses, || {
                host.quieten(name, record.registration_id, record.uid)
            })?;
        }
        trail.step(Step::SshKeys, || host.install_keys(name, &[]))
    }

    /// Whether the user is still there, and so the home is, in its place or held.
    pub(super) fn can_keep(&self, intent: &Intent) -> bool {
        self.is_own_user(intent).unwrap_or(false)
    }

    /// Makes it a suspended account again.
    pub(super) fn keep(&self, intent: &Intent) -> Result<(), Failure> {
        let host = &self.host;
        // In this order: a home that is back may change, and then the archive is not it any more.
        if intent.work == Work::Archive {
            host.archives.delete(&intent.username)?;
        }
        Ok(host
            .homes
            .put_back(intent.registration_id, &intent.username)?)
    }
}
