//! A stand-in for provisiond that keeps its contract (idempotent by request id and registration,
//! locked until activated). The real one is tested in `provisiond/tests` and on the throw-away
//! host; this one is for making it fail at will.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use provision_api::{Account, AccountState, Finding, HealthReply, HostView, LoginProof, Verdict};
use registrar_web::domain::{
    BcryptHash, DisplayName, GroupOnHost, RegistrationId, RequestId, Slug, SshPublicKey, Username,
};
use registrar_web::ports::{Activation, Availability, ProvisionFailure, Provisioner, SystemStatus};

/// A proof in which everything works, or else one finding does not.
pub fn login_proof(wrong: Option<&str>) -> LoginProof {
    let finding = |failed: Option<&str>| Finding {
        verdict: if failed.is_some() {
            Verdict::Failed
        } else {
            Verdict::Ok
        },
        detail: failed.unwrap_or("fine").to_owned(),
    };
    LoginProof {
        login: finding(wrong),
        mailbox: finding(None),
        neomutt: finding(None),
    }
}

#[derive(Default)]
pub struct HostDouble {
    accounts: Mutex<BTreeMap<Username, Account>>,
    activations: Mutex<Vec<Activation>>,
    calls: Mutex<Vec<(String, RequestId)>>,
    failures: Mutex<VecDeque<ProvisionFailure>>,
    answered: Mutex<HashSet<RequestId>>,
    lose_answer: Mutex<bool>,
    down: Mutex<bool>,
    refused_names: Mutex<Vec<String>>,
    pause: Mutex<Duration>,
    /// What becomes of the next proofs; then all is well.
    proofs: Mutex<VecDeque<Result<LoginProof, ProvisionFailure>>>,
    proven: Mutex<Vec<(RequestId, LoginProof)>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

impl HostDouble {
    pub fn account(&self, name: &str) -> Option<Account> {
        self.accounts
            .lock()
            .unwrap()
            .get(&Username::parse(name).unwrap())
            .cloned()
    }

    pub fn accounts(&self) -> Vec<String> {
        self.accounts
            .lock()
            .unwrap()
            .keys()
            .map(ToString::to_string)
            .collect()
    }

    pub fn activations(&self) -> Vec<Activation> {
        self.activations.lock().unwrap().clone()
    }

    /// The changing calls so far, with their request ids.
    pub fn calls(&self) -> Vec<(String, RequestId)> {
        self.calls.lock().unwrap().clone()
    }

    /// From now on an account takes so long to make.
    pub fn take_time(&self, pause: Duration) {
        *self.pause.lock().unwrap() = pause;
    }

    /// How many accounts were being made at the same time, at most.
    pub fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::SeqCst)
    }

    /// The next changing call fails so.
    pub fn fail_next(&self, failure: ProvisionFailure) {
        self.failures.lock().unwrap().push_back(failure);
    }

    /// What becomes of the next proof of a first login, after those that were said before.
    pub fn prove_next(&self, result: Result<LoginProof, ProvisionFailure>) {
        self.proofs.lock().unwrap().push_back(result);
    }

    /// The proofs so far, each once, by request id.
    pub fn proofs(&self) -> Vec<(RequestId, LoginProof)> {
        self.proven.lock().unwrap().clone()
    }

    /// The next activation is done, and its answer does not arrive.
    pub fn lose_next_activation(&self) {
        *self.lose_answer.lock().unwrap() = true;
    }

    /// As provisiond does after some days.
    pub fn forget_answers(&self) {
        self.answered.lock().unwrap().clear();
    }

    pub fn set_down(&self, down: bool) {
        *self.down.lock().unwrap() = down;
    }

    pub fn refuse_name(&self, name: &str) {
        self.refused_names.lock().unwrap().push(name.into());
    }

    fn is_up(&self) -> Result<(), ProvisionFailure> {
        if *self.down.lock().unwrap() {
            return Err(ProvisionFailure::Transient {
                message: "provisiond is not reachable".into(),
                retry_after_seconds: None,
            });
        }
        Ok(())
    }

    fn change(&self, what: &str, request: RequestId) -> Result<(), ProvisionFailure> {
        self.is_up()?;
        if let Some(failure) = self.failures.lock().unwrap().pop_front() {
            return Err(failure);
        }
        self.calls.lock().unwrap().push((what.into(), request));
        Ok(())
    }

    fn edit(
        &self,
        registration: RegistrationId,
        name: &Username,
        edit: impl FnOnce(&mut Account),
    ) -> Result<Account, ProvisionFailure> {
        let mut accounts = self.accounts.lock().unwrap();
        let account = accounts
            .get_mut(name)
            .ok_or(ProvisionFailure::NoSuchAccount)?;
        if account.registration_id != registration {
            return Err(ProvisionFailure::Permanent {
                message: "another registration's".into(),
            });
        }
        edit(account);
        Ok(account.clone())
    }
}

#[async_trait]
impl Provisioner for HostDouble {
    async fn check_username(
        &self,
        _: RequestId,
        name: &Username,
        registration: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        self.is_up()?;
        if self
            .refused_names
            .lock()
            .unwrap()
            .iter()
            .any(|n| n == name.as_str())
        {
            return Ok(Availability::Refused {
                reason: "the host uses it".into(),
            });
        }
        let accounts = self.accounts.lock().unwrap();
        Ok(match accounts.get(name) {
            Some(a) if Some(a.registration_id) != registration => Availability::Refused {
                reason: "the host uses it".into(),
            },
            _ => Availability::Free,
        })
    }

    async fn create_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        name: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.change("create", request)?;
        let pause = *self.pause.lock().unwrap();
        let at_once = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(at_once, Ordering::SeqCst);
        tokio::time::sleep(pause).await;
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        let mut accounts = self.accounts.lock().unwrap();
        let uid = 20_000 + u32::try_from(accounts.len()).unwrap();
        let account = accounts.entry(name.clone()).or_insert_with(|| Account {
            username: name.clone(),
            display_name: display_name.clone(),
            registration_id: registration,
            uid,
            gid: uid,
            home: format!("/home/{name}"),
            state: AccountState::Locked,
            mail_configured: false,
            ssh_key_count: 0,
            has_password: false,
            created_at: 0,
            activated_at: None,
        });
        if account.registration_id != registration {
            return Err(ProvisionFailure::NameUnavailable {
                reason: "the host uses it".into(),
            });
        }
        Ok(account.clone())
    }

    async fn configure_mail(
        &self,
        request: RequestId,
        registration: RegistrationId,
        name: &Username,
    ) -> Result<Account, ProvisionFailure> {
        self.change("configure-mail", request)?;
        self.edit(registration, name, |a| a.mail_configured = true)
    }

    async fn activate_account(
        &self,
        request: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        self.change("activate", request)?;
        let (id, name) = (activation.registration, &activation.username);
        let now = self.edit(id, name, |_| ())?;
        if self.answered.lock().unwrap().contains(&request) {
            return Ok(now);
        }
        if now.state != AccountState::Locked {
            return Err(ProvisionFailure::AlreadyActive { state: now.state });
        }
        let account = self.edit(id, name, |a| {
            a.state = AccountState::Active;
            a.activated_at = Some(1);
        })?;
        self.answered.lock().unwrap().insert(request);
        self.activations.lock().unwrap().push(activation.clone());
        if std::mem::take(&mut *self.lose_answer.lock().unwrap()) {
            return Err(ProvisionFailure::Transient {
                message: "the answer did not come in time".into(),
                retry_after_seconds: None,
            });
        }
        Ok(account)
    }

    async fn discard_account(
        &self,
        request: RequestId,
        registration: RegistrationId,
        name: &Username,
    ) -> Result<(), ProvisionFailure> {
        self.change("discard", request)?;
        let mut accounts = self.accounts.lock().unwrap();
        match accounts.get(name) {
            Some(a) if a.registration_id == registration && a.state == AccountState::Locked => {
                accounts.remove(name);
                Ok(())
            }
            Some(a) if a.registration_id == registration => {
                Err(ProvisionFailure::AlreadyActive { state: a.state })
            }
            Some(_) => Err(ProvisionFailure::Permanent {
                message: "another registration's".into(),
            }),
            None => Ok(()),
        }
    }

    async fn set_password(
        &self,
        request: RequestId,
        name: &Username,
        _: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        self.change("set-password", request)?;
        self.account(name.as_str())
            .ok_or(ProvisionFailure::NoSuchAccount)
    }

    async fn set_ssh_keys(
        &self,
        request: RequestId,
        name: &Username,
        _: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        self.change("set-ssh-keys", request)?;
        self.account(name.as_str())
            .ok_or(ProvisionFailure::NoSuchAccount)
    }

    async fn set_display_name(
        &self,
        request: RequestId,
        name: &Username,
        _: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.change("set-display-name", request)?;
        self.account(name.as_str())
            .ok_or(ProvisionFailure::NoSuchAccount)
    }

    async fn create_group(&self, _: RequestId, name: &Slug) -> Result<String, ProvisionFailure> {
        self.is_up()?;
        Ok(format!("/home/groups/{name}"))
    }

    async fn set_group_members(
        &self,
        _: RequestId,
        _: &Slug,
        _: &[Username],
    ) -> Result<(), ProvisionFailure> {
        self.is_up()
    }

    async fn group(&self, _: RequestId, _: &Slug) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        self.is_up()?;
        Ok(None)
    }

    async fn prove_account(
        &self,
        request: RequestId,
        name: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        self.is_up()?;
        let account = self
            .account(name.as_str())
            .ok_or(ProvisionFailure::NoSuchAccount)?;
        assert_eq!(account.state, AccountState::Active);
        let mut proven = self.proven.lock().unwrap();
        if let Some((_, before)) = proven.iter().find(|(id, _)| *id == request) {
            return Ok(before.clone());
        }
        let next = self.proofs.lock().unwrap().pop_front();
        let proof = next.unwrap_or_else(|| Ok(login_proof(None)))?;
        proven.push((request, proof.clone()));
        Ok(proof)
    }

    async fn system_status(
        &self,
        _: RequestId,
        name: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        self.is_up()?;
        let account = self
            .account(name.as_str())
            .ok_or(ProvisionFailure::NoSuchAccount)?;
        let active = account.state == AccountState::Active;
        let host = HostView {
            exists: true,
            home: account.mail_configured,
            maildir: account.mail_configured,
            neomuttrc: account.mail_configured,
            ssh_keys: active,
            expired: !active,
            password_locked: !active,
            mail_accepted: active,
        };
        Ok(SystemStatus { account, host })
    }

    async fn health(&self, request: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.is_up()?;
        Ok(HealthReply {
            request_id: request,
            ready: true,
            problems: Vec::new(),
            version: "double".into(),
            accounts: 0,
            created_this_hour: 0,
            create_limit_per_hour: 60,
            mail_domain: "tilde.example".into(),
        })
    }
}
