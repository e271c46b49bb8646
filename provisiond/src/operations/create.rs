use provision_api::{Account, CreateAccount, DisplayName, RegistrationId, Step};

use super::refusal::{Failure, Refusal};
use super::spine::{Asked, Operator, unread};
use super::trail::Trail;
use crate::accounts::NewUser;
use crate::journal::{Intent, Outcome, Work};
use crate::registry::Record;

/// How many numbers in a row may be in use by others before the search is given up.
const MAX_SKIPPED: u32 = 1_000;

impl Operator {
    pub(super) fn create_account(
        &mut self,
        call: &CreateAccount,
        asked: Asked,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        if let Some(account) = self.made_before(call)? {
            return Ok(account);
        }
        let refusal = self.store.read(|registry| {
            let accounts = self.host.accounts.as_ref();
            let registration = Some(call.registration_id);
            self.rules
                .refusal(&call.username, registration, registry, accounts)
        });
        if let Some(reason) = refusal.map_err(|e| at(Step::User, e))? {
            return Err(Refusal::NameUnavailable {
                username: call.username.clone(),
                reason,
            });
        }
        let (made, wait) = self.store.read(|r| r.creations(asked.now));
        if made >= self.policy.create_limit_per_hour {
            return Err(Refusal::RateLimited {
                message: format!("{made} accounts were made within an hour, which is the cap"),
                retry_after: wait,
            });
        }
        let home = self.host.homes.path_of(&call.username);
        let intent = Intent {
            request_id: asked.request_id,
            fingerprint: asked.fingerprint,
            at: asked.now,
            username: call.username.clone(),
            registration_id: call.registration_id,
            uid: self.choose_id()?,
            work: Work::Create {
                display_name: call.display_name.clone(),
                home: home.display().to_string(),
            },
        };
        self.carry_out(&intent, None, trail)
    }

    /// The account, if it was made for this very registration already.
    fn made_before(&self, call: &CreateAccount) -> Result<Option<Account>, Refusal> {
        self.store.read(|registry| {
            match registry.name_of(call.registration_id).map_err(unread)? {
                Some(name) if name == call.username => {}
                Some(_) => return Err(has_another(call.registration_id)),
                None => return Ok(None),
            }
            match registry.account(&call.username).map_err(unread)? {
                Some(record) if record.display_name == call.display_name => {
                    Ok(Some(record.to_account()))
                }
                Some(record) => Err(Refusal::WrongState {
                    username: call.username.clone(),
                    state: record.state,
                    message: "it was made with another display name".into(),
                }),
                None => Ok(None),
            }
        })
    }

    /// The next number that neither provisiond nor anyone else on the host ever used, be it for a
    /// user and its own group or for the group of an organisation.
    pub(super) fn choose_id(&self) -> Result<u32, Refusal> {
        let first = self.store.read(|r| r.next_uid(*self.policy.uids.start()));
        for uid in first..first.saturating_add(MAX_SKIPPED) {
            if !self.policy.uids.contains(&uid) {
                break;
            }
            let in_use = self.host.accounts.id_in_use(uid);
            if !in_use.map_err(|e| at(Step::Group, e))? {
                return Ok(uid);
            }
        }
        Err(at(
            Step::Group,
            Failure::lasting("no uid is left between accounts.uid_min and accounts.uid_max"),
        ))
    }

    pub(super) fn do_create(
        &self,
        intent: &Intent,
        display_name: &DisplayName,
        home: &str,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        let host = &self.host;
        let name = &intent.username;
        // First, so that there is no moment in which mail for the new user is taken.
        trail.step(Step::RefuseMail, || host.refuse_mail(name))?;
        let user = NewUser {
            username: name,
            uid: intent.uid,
            gecos: &display_name.to_gecos(),
            home,
            shell: &self.policy.shell,
        };
        trail.step(Step::Group, || host.accounts.create_group(&user))?;
        trail.step(Step::User, || host.accounts.create_user(&user))?;
        trail.step(Step::StageHome, || {
            host.stage_home(intent.registration_id, intent.uid)
        })?;
        Ok(Outcome::Record(Record {
            username: name.clone(),
            display_name: display_name.clone(),
            registration_id: intent.registration_id,
            uid: intent.uid,
            home: home.to_owned(),
            state: provision_api::AccountState::Locked,
            mail_configured: false,
            ssh_keys: Vec::new(),
            has_password: false,
            created_at: intent.at,
            activated_at: None,
            recent_changes: Vec::new(),
            recent_names: Vec::new(),
            greeted_at: None,
        }))
    }

    /// In reverse: home, user and group, refusal. What belongs to others is left alone.
    pub(super) fn undo_create(&self, intent: &Intent) -> Result<(), Failure> {
        self.host.delete_leftovers(intent.registration_id)?;
        self.host.accounts.delete(&intent.username, intent.uid)?;
        self.host.accept_mail(&intent.username)
    }
}

fn has_another(registration: RegistrationId) -> Refusal {
    Refusal::InvalidArgument {
        field: "registrationId",
        message: format!("the registration {registration} has an account of another name"),
    }
}

fn at(step: Step, failure: impl Into<Failure>) -> Refusal {
    Refusal::Step {
        step,
        failure: failure.into(),
    }
}
