use std::sync::Arc;
use std::sync::atomic::Ordering;

use provision_api::{
    Account, AccountState, BcryptHash, Method, ProvisionError, RequestId, Step, Username,
};

use super::host::Host;
use super::prove::RecentProofs;
use super::queries::Vitals;
use super::refusal::{Failure, Refusal};
use super::trail::Trail;
use super::turn::Turn;
use crate::clock::Clock;
use crate::config::PasswordPolicy;
use crate::journal::{Answer, Answered, Event, Fingerprint, Intent, JournalError, Outcome, Work};
use crate::live::Live;
use crate::names::NameRules;
use crate::registry::{Record, Store};

/// What this host's admin decided about accounts.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Smallest and largest uid.
    pub uids: std::ops::RangeInclusive<u32>,
    /// Login shell.
    pub shell: String,
    /// Host password or not.
    pub password: PasswordPolicy,
    /// New accounts in any hour.
    pub create_limit_per_hour: u32,
    /// Changes of one account's credentials in any hour.
    pub change_limit_per_hour: u32,
    /// Groups whose members' credentials are root's business.
    pub privileged_groups: Vec<String>,
    /// Groups whose members may use the admin socket.
    pub admin_groups: Vec<String>,
    /// New groups of organisations in any hour.
    pub group_create_limit_per_hour: u32,
    /// Changes of one group's members in any hour.
    pub group_change_limit_per_hour: u32,
}

impl Policy {
    /// Whether membership of a group of that name lends power here, whether there is one or not.
    #[must_use]
    pub fn is_privileged(&self, group: &str) -> bool {
        self.groups_with_power().any(|name| name == group)
    }

    /// The names of all groups whose membership lends power here.
    pub fn groups_with_power(&self) -> impl Iterator<Item = &String> {
        self.privileged_groups.iter().chain(&self.admin_groups)
    }
}

/// What a reload replaces: every call is judged by the one that it finds at its beginning.
#[derive(Clone, Debug)]
pub struct Rulebook {
    /// Which names are free.
    pub rules: Arc<NameRules>,
    /// Caps and ranges.
    pub policy: Arc<Policy>,
}

/// Carries out the calls that change something, one after the other.
pub struct Operator {
    pub(super) store: Store,
    pub(super) host: Arc<Host>,
    rulebook: Arc<Live<Rulebook>>,
    pub(super) rules: Arc<NameRules>,
    pub(super) policy: Arc<Policy>,
    pub(super) clock: Arc<dyn Clock>,
    /// Whose way in was tried when, within the last hour.
    pub(super) recent_proofs: RecentProofs,
}

/// A call on its way, with what makes it repeatable.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) request_id: RequestId,
    pub(super) fingerprint: Fingerprint,
    pub(super) now: i64,
}

impl Operator {
    /// Puts the parts together. Call [`recover`](Self::recover) before the first change.
    #[must_use]
    pub fn new(
        store: Store,
        host: Arc<Host>,
        rulebook: Arc<Live<Rulebook>>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let now = rulebook.get();
        Self {
            store,
            host,
            rules: Arc::clone(&now.rules),
            policy: Arc::clone(&now.policy),
            rulebook,
            clock,
            recent_proofs: RecentProofs::default(),
        }
    }

    /// Carries out one call; `report` hears each step that is done.
    ///
    /// A repeated call gets the answer of the first. A call that failed left nothing behind, so
    /// it is not remembered: repeated, it is tried again.
    ///
    /// # Errors
    /// The errors of the interface.
    pub fn change(
        &mut self,
        method: &Method,
        report: &mut dyn FnMut(Step),
    ) -> Result<Answer, ProvisionError> {
        let rulebook = self.rulebook.get();
        self.rules = Arc::clone(&rulebook.rules);
        self.policy = Arc::clone(&rulebook.policy);
        let request_id = method.request_id();
        let result = self.try_change(method, &mut Trail::new(report));
        result.map_err(|refusal| refusal.into_wire(request_id))
    }

    /// Says how the registry and the journal are, for `Health`.
    pub fn report(&self, vitals: &Vitals) {
        let unsettled = self
            .store
            .read(|r| r.intents().count() + r.groups().intents().count());
        vitals.unsettled.store(unsettled, Ordering::Relaxed);
        let broken = self.store.is_broken();
        vitals.journal_broken.store(broken, Ordering::Relaxed);
    }

    fn try_change(&mut self, method: &Method, trail: &mut Trail<'_>) -> Result<Answer, Refusal> {
        let text = serde_json::to_vec(method).map_err(|e| Refusal::Step {
            step: Step::Record,
            failure: Failure::lasting(e.to_string()),
        })?;
        let asked = Asked {
            request_id: method.request_id(),
            fingerprint: Fingerprint::of(&text),
            now: self.clock.now(),
        };
        if let Some(answer) = self.recall(asked)? {
            return Ok(answer);
        }
        if let Some(name) = method.group_name() {
            return self.change_group(name, method, asked, trail);
        }
        let Some(username) = method.username() else {
            return Err(Refusal::changes_nothing());
        };
        if let Some(intent) = self.store.read(|r| r.intent(username).cloned()) {
            self.settle(&intent, trail)?;
            if let Some(answer) = self.recall(asked)? {
                return Ok(answer);
            }
        }
        if let Method::ProveAccount(call) = method {
            return self.prove_account(call, asked, trail).map(Answer::Proof);
        }
        let account = match method {
            Method::CreateAccount(call) => self.create_account(call, asked, trail),
            Method::ConfigureMail(call) => self.configure_mail(call, asked, trail),
            Method::ActivateAccount(call) => self.activate_account(call, asked, trail),
            Method::DiscardAccount(call) => self.discard_account(call, asked, trail),
            Method::SetPassword(call) => self.set_password(call, asked, trail),
            Method::SetSshKeys(call) => self.set_ssh_keys(call, asked, trail),
            Method::SetDisplayName(call) => self.set_display_name(call, asked, trail),
            Method::SuspendAccount(call) => self.turn(Turn::Suspend, call, asked, trail),
            Method::ResumeAccount(call) => self.turn(Turn::Resume, call, asked, trail),
            Method::ArchiveAccount(call) => self.turn(Turn::Archive, call, asked, trail),
            Method::RestoreAccount(call) => self.turn(Turn::Restore, call, asked, trail),
            Method::RemoveAccount(call) => self.turn(Turn::Remove, call, asked, trail),
            _ => Err(Refusal::changes_nothing()),
        };
        account.map(Answer::Account)
    }

    /// The answer that this very call got before.
    pub(super) fn recall(&self, asked: Asked) -> Result<Option<Answer>, Refusal> {
        self.store.read(|registry| {
            let before = registry.answer(asked.request_id).map_err(unread)?;
            let open = || {
                let accounts = registry.intents().map(|i| (i.request_id, i.fingerprint));
                let groups = registry.groups().intents();
                let groups = groups.map(|i| (i.request_id, i.fingerprint));
                let mut open = accounts.chain(groups);
                open.find(|(id, _)| *id == asked.request_id)
            };
            match (before, open()) {
                (Some(b), _) if b.fingerprint != asked.fingerprint => Err(Refusal::RequestIdReused),
                (None, Some((_, print))) if print != asked.fingerprint => {
                    Err(Refusal::RequestIdReused)
                }
                (before, _) => Ok(before.map(|b| b.answer)),
            }
        })
    }

    /// The account of that name, as far as it is provisiond's.
    pub(super) fn account(&self, username: &Username) -> Result<Record, Refusal> {
        self.store.read(|r| {
            if r.state(username) == Some(AccountState::Removed) {
                return Err(Refusal::WrongState {
                    username: username.clone(),
                    state: AccountState::Removed,
                    message: "it was removed".into(),
                });
            }
            r.account(username)
                .map_err(unread)?
                .ok_or_else(|| Refusal::NoSuchAccount(username.clone()))
        })
    }

    /// Refuses to go on unless the host's user of that name is the one that provisiond made.
    pub(super) fn check_identity(&self, record: &Record) -> Result<(), Refusal> {
        let failed = |failure| Refusal::Step {
            step: Step::User,
            failure,
        };
        let user = self
            .host
            .accounts
            .user(record.username.as_str())
            .map_err(|e| failed(e.into()))?;
        match user {
            Some(user) if user.uid == record.uid && self.policy.uids.contains(&user.uid) => Ok(()),
            Some(_) => Err(failed(Failure::lasting(format!(
                "the host's user {} is not the one that provisiond made: it has another number",
                record.username
            )))),
            None => Err(failed(Failure::lasting(format!(
                "the host's user {} is gone; someone deleted it without provisiond",
                record.username
            )))),
        }
    }

    /// An intent for an account that exists.
    pub(super) fn intent_on(record: &Record, asked: Asked, work: Work) -> Intent {
        Intent {
            request_id: asked.request_id,
            fingerprint: asked.fingerprint,
            at: asked.now,
            username: record.username.clone(),
            registration_id: record.registration_id,
            uid: record.uid,
            work,
        }
    }

    /// Writes the intent down, does the work, records the outcome; or takes back what was done.
    pub(super) fn carry_out(
        &mut self,
        intent: &Intent,
        hash: Option<&BcryptHash>,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        // Reported with the outcome: to the caller, Record is one step, the last.
        self.commit(Event::Begun(intent.clone()))?;
        match self.perform(intent, hash, trail) {
            Ok(outcome) => self.finish(intent, outcome, trail),
            Err(refusal) => Err(self.back_out(intent, refusal)),
        }
    }

    /// The effects of an intent. Each step is true already or becomes so; doing all of it again
    /// after a crash does no harm.
    pub(super) fn perform(
        &self,
        intent: &Intent,
        hash: Option<&BcryptHash>,
        trail: &mut Trail<'_>,
    ) -> Result<Outcome, Refusal> {
        if let Work::Create { display_name, home } = &intent.work {
            return self.do_create(intent, display_name, home, trail);
        }
        let record = self.account(&intent.username)?;
        match &intent.work {
            Work::Create { .. } | Work::ConfigureMail => self.do_configure_mail(record, trail),
            Work::Activate { ssh_keys, password } => {
                self.do_activate(record, intent.at, ssh_keys, *password, hash, trail)
            }
            Work::Discard => self.do_discard(&record, trail),
            Work::SetPassword { .. } => self.do_set_password(record, intent.at, hash, trail),
            Work::SetSshKeys { ssh_keys } => {
                self.do_set_ssh_keys(record, intent.at, ssh_keys, trail)
            }
            Work::SetDisplayName { display_name } => {
                self.do_set_display_name(record, intent.at, display_name, trail)
            }
            Work::Suspend => self.do_suspend(record, trail),
            Work::Resume => self.do_resume(record, trail),
            Work::Archive => self.do_archive(record, intent, trail),
            Work::Restore => self.do_restore(record, trail),
            Work::Remove => self.do_remove(&record, intent.at, trail),
        }
    }

    /// Records the outcome: the commit of the operation.
    pub(super) fn finish(
        &mut self,
        intent: &Intent,
        outcome: Outcome,
        trail: &mut Trail<'_>,
    ) -> Result<Account, Refusal> {
        let account = match &outcome {
            Outcome::Record(record) => record.to_account(),
            Outcome::Dropped(_) | Outcome::Buried(_) => Account {
                state: AccountState::Removed,
                mail_configured: false,
                ssh_key_count: 0,
                has_password: false,
                ..self.account(&intent.username)?.to_account()
            },
        };
        let answered = Answered {
            request_id: intent.request_id,
            fingerprint: intent.fingerprint,
            at: intent.at,
            answer: Answer::Account(account.clone()),
        };
        let store = &mut self.store;
        trail.step(Step::Record, || {
            store.commit(Event::Done { answered, outcome })
        })?;
        Ok(account)
    }

    pub(super) fn commit(&mut self, event: Event) -> Result<(), Refusal> {
        self.store.commit(event).map_err(|e| Refusal::Step {
            step: Step::Record,
            failure: e.into(),
        })
    }
}

/// The registry can't tell now.
pub(super) fn unread(error: JournalError) -> Refusal {
    tracing::error!(%error, "a record can't be read");
    Failure::from(error).at(Step::Record)
}
