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
        // A discard that has begun is never given up. One that could not end, because root gave the
        // name to somebody else, would leave the daemon not ready for good.
        let there = self.host.user_is_there(&record);
        there.map_err(|failure| failure.at(Step::User))?;
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
        self.shut_out(record, trail)?;
        // Renamed before its owner's name goes; its files are deleted after.
        trail.step(Step::UnpublishHome, || {
            host.withdraw_home(name, record.registration_id, record.uid)
        })?;
        trail.step(Step::DeleteUser, || host.accounts.delete(name, record.uid))?;
        self.leave_groups(record, trail)?;
        trail.step(Step::DeleteFiles, || {
            host.delete_leftovers(record.registration_id)
        })?;
        // Nobody of that name is left, so Postfix refuses it by itself.
        trail.step(Step::AcceptMail, || host.accept_mail(name))?;
        Ok(Outcome::Dropped(name.clone()))
    }
}
