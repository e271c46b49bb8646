//! Suspending an account, and opening it again.

use provision_api::{Account, AccountState, OnAccount, Step};

use super::activate::parsed;
use super::configure::wrong_state;
use super::refusal::{Failure, Refusal};
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Intent, Outcome, Work};
use crate::registry::Record;

impl Operator {
    pub(super) fn suspend_account(
        &mut self,
        call: &OnAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        match record.state {
            AccountState::Active => {}
            AccountState::Suspended => return Ok(record.to_account()),
            _ => return Err(wrong_state(&record, "only an active account is suspended")),
        }
        self.check_identity(&record)?;
        let intent = Self::intent_on(&record, asked, Work::Suspend);
        self.carry_out(&intent, None, trail)
    }

    /// New logins end first, then what runs. The keys stay in the record, for the way back.
    pub(super) fn do_suspend(
        &self,
        record: Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        self.check_identity(&record)?;
        trail.step(Step::Lock, || host.accounts.set_expired(name, true))?;
        trail.step(Step::SshKeys, || host.install_keys(name, &[]))?;
        trail.step(Step::RefuseMail, || host.refuse_mail(name))?;
        trail.step(Step::EndProcesses, || host.end_processes(record.uid))?;
        Ok(Outcome::Record(Record {
            state: AccountState::Suspended,
            ..record
        }))
    }

    pub(super) fn resume_account(
        &mut self,
        call: &OnAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        match record.state {
            AccountState::Suspended => {}
            AccountState::Active => return Ok(record.to_account()),
            _ => return Err(wrong_state(&record, "only a suspended account is resumed")),
        }
        self.check_identity(&record)?;
        let intent = Self::intent_on(&record, asked, Work::Resume);
        self.carry_out(&intent, None, trail)
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
        trail.step(Step::AcceptMail, || host.accept_mail(name))?;
        trail.step(Step::Unlock, || host.accounts.set_expired(name, false))?;
        Ok(Outcome::Record(Record {
            state: AccountState::Active,
            ..record
        }))
    }

    /// Puts a half-resumed account back to suspended; its password stays as it was.
    pub(super) fn shut(&self, intent: &Intent) -> Result<(), Failure> {
        let name = &intent.username;
        self.host.accounts.set_expired(name, true)?;
        self.host.refuse_mail(name)?;
        self.host.install_keys(name, &[])
    }
}
