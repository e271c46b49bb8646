use provision_api::{Account, AccountState, ConfigureMail, RegistrationId, Step, Username};

use super::refusal::Refusal;
use super::spine::{Asked, Operator};
use super::trail::Trail;
use crate::journal::{Outcome, Work};
use crate::registry::Record;

impl Operator {
    pub(super) fn configure_mail(
        &mut self,
        call: &ConfigureMail,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let record = self.account_of(&call.username, call.registration_id)?;
        if record.mail_configured {
            return Ok(record.to_account());
        }
        if record.state != AccountState::Locked {
            return Err(wrong_state(&record, "mail is configured before activation"));
        }
        self.check_identity(&record)?;
        let intent = Self::intent_on(&record, asked, Work::ConfigureMail);
        self.carry_out(&intent, None, trail)
    }

    pub(super) fn do_configure_mail(
        &self,
        record: Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        // After a crash the home may have its name already.
        if !host
            .has_home(&record)
            .map_err(|f| f.at(Step::PublishHome))?
        {
            trail.step(Step::MailFiles, || host.add_mail_files(&record))?;
        }
        trail.step(Step::PublishHome, || host.publish_home(&record))?;
        Ok(Outcome::Record(Record {
            mail_configured: true,
            ..record
        }))
    }

    /// The account of that name, if it was made for that registration.
    pub(super) fn account_of(
        &self,
        username: &Username,
        registration: RegistrationId,
    ) -> Result<Record, Refusal> {
        let record = self.account(username)?;
        if record.registration_id == registration {
            Ok(record)
        } else {
            Err(Refusal::OtherRegistration(username.clone()))
        }
    }
}

pub(super) fn wrong_state(record: &Record, message: &str) -> Refusal {
    Refusal::WrongState {
        username: record.username.clone(),
        state: record.state,
        message: message.to_owned(),
    }
}
