//! Suspending an account, and opening it again.

use provision_api::{AccountState, Step};

use super::activate::parsed;
use super::refusal::{Failure, Refusal};
use super::spine::Operator;
use super::trail::Trail;
use crate::journal::{Intent, Outcome};
use crate::registry::Record;

impl Operator {
    /// New logins end first, then what runs, once more. The keys stay in the record, for the way back.
    pub(super) fn do_suspend(
        &self,
        record: Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        self.check_identity(&record)?;
        // passwd(1) that its caller stopped in the middle holds the lock of the account database.
        host.end_what_runs(record.uid);
        trail.step(Step::Lock, || host.accounts.set_expired(name, true))?;
        trail.step(Step::SshKeys, || host.install_keys(name, &[]))?;
        trail.step(Step::RefuseMail, || host.suspend_mail(name))?;
        trail.step(Step::EndProcesses, || {
            host.quieten(name, record.registration_id, record.uid)
        })?;
        Ok(Outcome::Record(Record {
            state: AccountState::Suspended,
            ..record
        }))
    }

    pub(super) fn do_resume(
        &self,
        record: Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        let keys = parsed(&record.ssh_keys)?;
        self.check_identity(&record)?;
        trail.step(Step::SshKeys, || host.install_keys(name, &keys))?;
        trail.step(Step::AcceptMail, || host.resume_mail(name))?;
        trail.step(Step::Unlock, || {
            host.accounts.set_expired(name, false)?;
            host.give_jobs_back(&record)
        })?;
        Ok(Outcome::Record(Record {
            state: AccountState::Active,
            ..record
        }))
    }

    /// Puts a half-resumed account back to suspended; its password stays as it was.
    pub(super) fn shut(&self, intent: &Intent) -> Result<(), Failure> {
        let name = &intent.username;
        // Another's user of the name is left alone; the key file is provisiond's in any case.
        if self.is_own_user(intent)? {
            self.host.accounts.set_expired(name, true)?;
            self.host.suspend_mail(name)?;
            let id = intent.registration_id;
            self.host.quieten(name, id, intent.uid)?;
        }
        self.host.install_keys(name, &[])
    }
}
