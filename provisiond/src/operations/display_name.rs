//! The full name of an active account.

use provision_api::{Account, AccountState, DisplayName, SetDisplayName, Step};

use super::configure::wrong_state;
use super::credentials::within_hour;
use super::refusal::Refusal;
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Outcome, Work};
use crate::registry::Record;

impl Operator {
    pub(super) fn set_display_name(
        &mut self,
        call: &SetDisplayName,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account(&call.username)?;
        if record.state != AccountState::Active {
            return Err(wrong_state(&record, "only an active account is changed"));
        }
        self.check_identity(&record)?;
        self.check_unprivileged(&record)?;
        self.check_hour(&record.recent_names, asked.now, "the full name was")?;
        let display_name = call.display_name.clone();
        let intent = Self::intent_on(&record, asked, Work::SetDisplayName { display_name });
        self.carry_out(&intent, None, trail)
    }

    pub(super) fn do_set_display_name(
        &self,
        record: Record,
        at: i64,
        display_name: &DisplayName,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let accounts = &self.host.accounts;
        trail.step(Step::User, || {
            accounts.set_full_name(&record.username, &display_name.to_gecos())
        })?;
        let mut recent_names = within_hour(&record.recent_names, at);
        recent_names.push(at);
        Ok(Outcome::Record(Record {
            display_name: display_name.clone(),
            recent_names,
            ..record
        }))
    }
}
