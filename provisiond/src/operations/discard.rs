use provision_api::{Account, AccountState, DiscardAccount, Step};

use super::configure::wrong_state;
use super::refusal::Refusal;
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Outcome, Work};
use crate::registry::Record;

impl Operator {
    pub(super) fn discard_account(
        &mut self,
        call: &DiscardAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account_of(&call.username, call.registration_id)?;
        if record.state != AccountState::Locked || record.activated_at.is_some() {
            return Err(wrong_state(
                &record,
                "only an account that was never active is discarded",
            ));
        }
        let intent = Self::intent_on(&record, asked, Work::Discard);
        self.carry_out(&intent, None, trail)
    }

    pub(super) fn do_discard(
        &self,
        record: &Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        self.take_down(record, trail)?;
        trail.step(Step::DeleteFiles, || {
            host.delete_leftovers(record.registration_id)
        })?;
        // Nobody of that name is left, so Postfix refuses it by itself.
        trail.step(Step::AcceptMail, || host.accept_mail(name))?;
        Ok(Outcome::Dropped(name.clone()))
    }

    /// Ends processes, takes the home away, deletes user and group. The home is renamed before
    /// its owner's name goes, and its files are deleted after.
    pub(super) fn take_down(&self, record: &Record, trail: &mut Trail<'_>) -> Result<(), Refusal> {
        let host = &self.host;
        let name = &record.username;
        // After a crash the user may be gone already; then nothing can run under the number.
        if host.user_is_there(record).map_err(|f| f.at(Step::User))? {
            self.check_identity(record)?;
            trail.step(Step::Lock, || host.accounts.set_expired(name, true))?;
            trail.step(Step::RefuseMail, || host.refuse_mail(name))?;
            trail.step(Step::EndProcesses, || host.end_processes(record.uid))?;
        }
        trail.step(Step::SshKeys, || host.install_keys(name, &[]))?;
        trail.step(Step::UnpublishHome, || host.withdraw_home(record))?;
        trail.step(Step::DeleteUser, || host.accounts.delete(name, record.uid))
    }
}
