//! The end of an account that was used: archive and removal.

use provision_api::{Account, AccountState, OnAccount, Step};

use super::configure::wrong_state;
use super::refusal::Refusal;
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Outcome, Work};
use crate::registry::{Record, Tombstone};

impl Operator {
    pub(super) fn archive_account(
        &mut self,
        call: &OnAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        match record.state {
            AccountState::Suspended => {}
            AccountState::Archived => return Ok(record.to_account()),
            _ => return Err(wrong_state(&record, "suspend it first")),
        }
        self.check_identity(&record)?;
        let intent = Self::intent_on(&record, asked, Work::Archive);
        self.carry_out(&intent, None, trail)
    }

    pub(super) fn do_archive(
        &self,
        record: Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        if host.user_is_there(&record).map_err(|f| f.at(Step::User))? {
            self.check_identity(&record)?;
            trail.step(Step::EndProcesses, || host.end_processes(record.uid))?;
        }
        // Out of the home's place first, so that nobody works in what is being packed.
        trail.step(Step::Archive, || host.archive_home(&record))?;
        self.take_down(&record, trail)?;
        trail.step(Step::DeleteFiles, || {
            host.delete_leftovers(record.registration_id)
        })?;
        trail.step(Step::AcceptMail, || host.accept_mail(name))?;
        Ok(Outcome::Record(Record {
            state: AccountState::Archived,
            mail_configured: false,
            has_password: false,
            ..record
        }))
    }

    pub(super) fn remove_account(
        &mut self,
        call: &OnAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        match record.state {
            AccountState::Suspended => self.check_identity(&record)?,
            AccountState::Archived => {}
            _ => {
                let message = "only a suspended or archived account is removed";
                return Err(wrong_state(&record, message));
            }
        }
        let intent = Self::intent_on(&record, asked, Work::Remove);
        self.carry_out(&intent, None, trail)
    }

    pub(super) fn do_remove(
        &self,
        record: &Record,
        at: i64,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        if record.state != AccountState::Archived {
            self.take_down(record, trail)?;
        }
        trail.step(Step::DeleteFiles, || {
            host.delete_archive(record)?;
            host.delete_leftovers(record.registration_id)
        })?;
        trail.step(Step::AcceptMail, || host.accept_mail(&record.username))?;
        Ok(Outcome::Buried(Tombstone {
            username: record.username.clone(),
            uid: record.uid,
            removed_at: at,
        }))
    }
}
