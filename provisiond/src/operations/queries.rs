use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use provision_api::{
    AccountState, CheckUsername, CheckUsernameReply, GetAccountReply, GroupReply, HealthReply,
    HostView, ListAccounts, ListAccountsReply, OnAccount, OnGroup, OnlyRequestId, ProvisionError,
    Step, Username,
};

use super::host::Host;
use super::refusal::{Failure, Refusal};
use super::spine::{Rulebook, unread};
use crate::accounts::ShadowUtils;
use crate::clock::Clock;
use crate::live::Live;
use crate::registry::{Record, Registry};

/// How much room the accounts of one page may take, so that a reply fits into a message.
const PAGE_BYTES: usize = 56 * 1024;

/// The longest page of `ListAccounts`.
const MAX_PAGE: u32 = 500;

/// A warning comes when less than one in so many of the uids is left.
const UID_WARNING: u64 = 10;

/// How the worker is, for `Health`.
#[derive(Debug, Default)]
pub struct Vitals {
    /// The journal takes no more events.
    pub journal_broken: AtomicBool,
    /// Operations that could be neither finished nor undone.
    pub unsettled: AtomicUsize,
}

/// Answers the calls that change nothing, beside the worker and never behind it.
pub struct Reader {
    /// The worker's registry.
    pub registry: Arc<RwLock<Registry>>,
    /// The host.
    pub host: Arc<Host>,
    /// Which names are free; caps and ranges.
    pub rulebook: Arc<Live<Rulebook>>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// How the worker is.
    pub vitals: Arc<Vitals>,
}

impl Reader {
    fn registry(&self) -> RwLockReadGuard<'_, Registry> {
        self.registry.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// `CheckUsername`: any text may be asked about.
    ///
    /// # Errors
    /// The account database can't be read.
    pub fn check_username(&self, p: &CheckUsername) -> Result<CheckUsernameReply, ProvisionError> {
        let reason = match Username::parse(&p.username) {
            Err(rule) => Some(rule.to_string()),
            Ok(name) => self
                .rulebook
                .get()
                .rules
                .refusal(
                    &name,
                    p.registration_id,
                    &self.registry(),
                    self.host.accounts.as_ref(),
                )
                .map_err(|e| failed(Step::User, e.into()).into_wire(p.request_id))?,
        };
        Ok(CheckUsernameReply {
            request_id: p.request_id,
            available: reason.is_none(),
            reason,
        })
    }

    /// `GetAccount`.
    ///
    /// # Errors
    /// There is no such account, or the host can't be read.
    pub fn get_account(&self, p: &OnAccount) -> Result<GetAccountReply, ProvisionError> {
        let record = self.registry().account(&p.username);
        let record = record
            .map_err(unread)
            .and_then(|r| r.ok_or_else(|| Refusal::NoSuchAccount(p.username.clone())));
        let view = record.and_then(|r| Ok((self.host_view(&r)?, r)));
        let (host, record) = view.map_err(|e| e.into_wire(p.request_id))?;
        Ok(GetAccountReply {
            request_id: p.request_id,
            account: record.to_account(),
            host,
        })
    }

    fn host_view(&self, record: &Record) -> Result<HostView, Refusal> {
        let name = &record.username;
        let user = |e: crate::accounts::AccountError| failed(Step::User, e.into());
        let entry = self.host.accounts.user(name.as_str()).map_err(user)?;
        let exists = entry.is_some_and(|u| u.uid == record.uid);
        if !exists {
            return Ok(HostView::default());
        }
        let shadow = self.host.accounts.shadow(name.as_str()).map_err(user)?;
        let home = self.host.inspect_home(record);
        let home = home.map_err(|failure| failed(Step::PublishHome, failure))?;
        let refused = self.host.is_mail_refused(name);
        let refused = refused.map_err(|failure| failed(Step::AcceptMail, failure))?;
        Ok(HostView {
            exists,
            home: home.owned,
            maildir: home.maildir,
            neomuttrc: home.neomuttrc,
            ssh_keys: self.host.has_key_file(name),
            expired: shadow.as_ref().is_none_or(|s| s.expired()),
            password_locked: shadow.as_ref().is_none_or(|s| s.password_locked()),
            mail_accepted: !refused,
        })
    }

    /// `GetGroup`.
    ///
    /// # Errors
    /// There is no such group.
    pub fn get_group(&self, p: &OnGroup) -> Result<GroupReply, ProvisionError> {
        match self.registry().groups().get(&p.name) {
            Some(record) => Ok(GroupReply {
                request_id: p.request_id,
                group: record.to_group(),
            }),
            None => Err(Refusal::NoSuchGroup(p.name.clone()).into_wire(p.request_id)),
        }
    }

    /// `ListAccounts`. A page may be shorter than asked for: a reply fits into one message.
    ///
    /// # Errors
    /// The limit is out of range, or a record can't be read.
    pub fn list_accounts(&self, p: &ListAccounts) -> Result<ListAccountsReply, ProvisionError> {
        if !(1..=MAX_PAGE).contains(&p.limit) {
            let refusal = Refusal::InvalidArgument {
                field: "limit",
                message: format!("must be from 1 to {MAX_PAGE}"),
            };
            return Err(refusal.into_wire(p.request_id));
        }
        let registry = self.registry();
        let mut accounts = Vec::new();
        let mut bytes = 0;
        let mut next = None;
        for record in registry.accounts_after(p.after.as_ref()) {
            let record = record.map_err(|e| unread(e).into_wire(p.request_id))?;
            let account = record.to_account();
            bytes += serde_json::to_vec(&account).map_or(0, |json| json.len() + 1);
            let full = u32::try_from(accounts.len()).unwrap_or(u32::MAX) >= p.limit;
            if full || (bytes > PAGE_BYTES && !accounts.is_empty()) {
                next = accounts
                    .last()
                    .map(|a: &provision_api::Account| a.username.clone());
                break;
            }
            accounts.push(account);
        }
        Ok(ListAccountsReply {
            request_id: p.request_id,
            accounts,
            next,
        })
    }

    /// `Health`.
    #[must_use]
    pub fn health(&self, p: &OnlyRequestId) -> HealthReply {
        let mut problems = self.problems();
        let ready = problems.is_empty();
        problems.extend(self.warnings());
        let registry = self.registry();
        HealthReply {
            request_id: p.request_id,
            ready,
            problems,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            accounts: u32::try_from(registry.len()).unwrap_or(u32::MAX),
            created_this_hour: registry.creations(self.clock.now()).0,
            create_limit_per_hour: self.rulebook.get().policy.create_limit_per_hour,
            mail_domain: self.host.mail_domain().to_owned(),
        }
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.vitals.journal_broken.load(Ordering::Relaxed) {
            problems.push("the journal can't be written; see the log, then restart".to_owned());
        }
        let unsettled = self.vitals.unsettled.load(Ordering::Relaxed);
        if unsettled > 0 {
            problems.push(format!(
                "{unsettled} operations are neither done nor undone"
            ));
        }
        for tool in ShadowUtils::TOOLS {
            if !Path::new(tool).exists() {
                problems.push(format!("{tool} is missing"));
            }
        }
        let policy = &self.rulebook.get().policy;
        if !Path::new(&policy.shell).exists() {
            problems.push(format!("the login shell {} is missing", policy.shell));
        }
        let next = self.registry().next_uid(*policy.uids.start());
        if !policy.uids.contains(&next) {
            problems.push("no uid is left for a new account".to_owned());
        }
        problems
    }

    /// What an admin must see to before it becomes a problem.
    fn warnings(&self) -> Vec<String> {
        let mut warnings: Vec<String> = self.few_ids().into_iter().collect();
        // Only groups need it; sign-up goes on without.
        if self.registry().groups().is_any_live()
            && let Err(error) = self.host.shared_dirs.check()
        {
            warnings.push(error.to_string());
        }
        warnings
    }

    fn few_ids(&self) -> Option<String> {
        let policy = Arc::clone(&self.rulebook.get().policy);
        let uids = &policy.uids;
        let (min, end) = (u64::from(*uids.start()), u64::from(*uids.end()) + 1);
        let next = u64::from(self.registry().next_uid(*uids.start()));
        let (size, left) = (end.saturating_sub(min), end.saturating_sub(next));
        let few = left > 0 && left * UID_WARNING < size;
        few.then(|| {
            format!(
                "{left} of {size} uids are left for new accounts; see accounts.uid_max in \
                 provisiond.toml"
            )
        })
    }

    /// How many accounts are active, for the status line of the service manager.
    #[must_use]
    pub fn active(&self) -> usize {
        self.registry().count(AccountState::Active)
    }
}

fn failed(step: Step, failure: Failure) -> Refusal {
    Refusal::Step { step, failure }
}
