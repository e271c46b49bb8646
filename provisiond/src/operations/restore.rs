//! An archived account comes back, suspended.

use provision_api::{AccountState, Step};

use super::refusal::{Failure, Refusal};
use super::spine::Operator;
use super::trail::Trail;
use crate::accounts::{NewUser, PasswordField};
use crate::journal::{Intent, Outcome};
use crate::registry::Record;

impl Operator {
    /// The same name and numbers, which nobody else had meanwhile. The password was not kept; the
    /// keys of the registrar are in the record, and installed when the account is resumed.
    pub(super) fn do_restore(
        &self,
        record: Record,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &record.username;
        trail.step(Step::RefuseMail, || host.suspend_mail(name))?;
        // After a crash the user may be there already, and the archive, which says the shell, gone.
        if !host.user_is_there(&record).map_err(|f| f.at(Step::User))? {
            let gecos = record.display_name.to_gecos();
            let archived = host.archived(&record).map_err(|f| f.at(Step::User))?;
            let user = NewUser {
                username: name,
                uid: record.uid,
                gecos: &gecos,
                home: &record.home,
                shell: &archived.shell,
            };
            trail.step(Step::Group, || host.accounts.create_group(&user))?;
            trail.step(Step::User, || host.accounts.create_user(&user))?;
        }
        trail.step(Step::Password, || {
            host.accounts.set_password(name, PasswordField::Impossible)
        })?;
        trail.step(Step::Restore, || host.unpack_home(&record))?;
        // From here on there is only the way forward.
        trail.step(Step::DeleteFiles, || host.archives.delete(name))?;
        Ok(Outcome::Record(Record {
            state: AccountState::Suspended,
            mail_configured: true,
            ..record
        }))
    }

    /// Whether the archive is still there.
    pub(super) fn can_unrestore(&self, intent: &Intent) -> bool {
        let archive = self.host.archives.manifest(&intent.username);
        archive.is_ok_and(|archive| archive.is_some())
    }

    /// Makes it an archived account again.
    pub(super) fn unrestore(&self, intent: &Intent) -> Result<(), Failure> {
        let host = &self.host;
        let name = &intent.username;
        // What has the name and is another's was there before.
        if host.homes.inspect(name, intent.uid)?.owned {
            host.withdraw_home(name, intent.registration_id, intent.uid)?;
        }
        host.accounts.delete(name, intent.uid)?;
        host.delete_leftovers(intent.registration_id)?;
        host.resume_mail(name)
    }
}
