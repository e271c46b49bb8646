//! What stands in for provisiond.

use super::*;

/// A test double of provisiond: keeps the port's promises in memory, makes nothing on the host.
#[derive(Default)]
pub struct HostDouble {
    accounts: Mutex<HashMap<Username, Account>>,
    /// Names that the host itself uses.
    pub in_use: Mutex<Vec<String>>,
    pub down: Mutex<bool>,
    /// Panics when asked for an account.
    pub broken: Mutex<bool>,
    /// What an admin has made of accounts.
    pub states: Mutex<HashMap<String, AccountState>>,
    /// Its mail domain, where that is not the one of registrar.toml.
    pub other_domain: Mutex<Option<String>>,
    /// How it answers a new password or new keys, where it does not take them.
    pub refuses: Mutex<Option<ProvisionFailure>>,
    /// What it was given: the password, the keys, and how often.
    pub passwords: Mutex<HashMap<Username, (BcryptHash, usize)>>,
    pub keys: Mutex<HashMap<Username, (Vec<SshPublicKey>, usize)>>,
    /// The keys that accounts were activated with.
    activated: Mutex<HashMap<Username, Vec<SshPublicKey>>>,
    /// Groups of organisations, and how often their members were set.
    pub groups: Mutex<HashMap<String, (GroupOnHost, usize)>>,
    /// Why it makes no group, where it does not.
    pub refuses_groups: Mutex<Option<ProvisionFailure>>,
    answered: Mutex<HashMap<RequestId, String>>,
    /// Why members are not shown to get in, where they are not.
    pub keeps_out: Mutex<Option<String>>,
}

impl HostDouble {
    /// The key lines that an account was activated with.
    pub fn activated_keys(&self, name: &str) -> Vec<String> {
        let name = Username::parse(name).unwrap();
        let all = self.activated.lock().unwrap();
        let keys = all.get(&name).into_iter().flatten();
        keys.map(|k| k.as_line().to_owned()).collect()
    }

    /// As it is after an account was archived and restored.
    pub fn forget_password(&self, name: &str) {
        let name = Username::parse(name).unwrap();
        let mut accounts = self.accounts.lock().unwrap();
        accounts.get_mut(&name).unwrap().has_password = false;
    }

    fn answer(&self) -> Result<(), ProvisionFailure> {
        if *self.down.lock().unwrap() {
            return Err(ProvisionFailure::Transient {
                message: "provisiond does not answer".into(),
                retry_after_seconds: None,
            });
        }
        Ok(())
    }

    /// Whether a credential is to be changed: not when the call is a repeated one, whose id must
    /// not be used for anything else.
    fn is_new(&self, request: RequestId, what: String) -> Result<bool, ProvisionFailure> {
        self.answer()?;
        if let Some(failure) = self.refuses.lock().unwrap().clone() {
            return Err(failure);
        }
        let mut answered = self.answered.lock().unwrap();
        match answered.insert(request, what.clone()) {
            None => Ok(true),
            Some(before) => {
                assert_eq!(before, what, "a request id was used twice");
                Ok(false)
            }
        }
    }

    fn change(
        &self,
        name: &Username,
        change: impl FnOnce(&mut Account),
    ) -> Result<Account, ProvisionFailure> {
        self.answer()?;
        let mut all = self.accounts.lock().unwrap();
        let account = all.get_mut(name).ok_or(ProvisionFailure::NoSuchAccount)?;
        change(account);
        Ok(account.clone())
    }
}

#[async_trait]
impl Provisioner for HostDouble {
    async fn check_username(
        &self,
        _: RequestId,
        username: &Username,
        _: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        self.answer()?;
        let used = self.in_use.lock().unwrap();
        Ok(if used.iter().any(|n| n == username.as_str()) {
            Availability::Refused {
                reason: "the system uses it".into(),
            }
        } else {
            Availability::Free
        })
    }

    async fn create_account(
        &self,
        _: RequestId,
        registration_id: RegistrationId,
        username: &Username,
        display_name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.answer()?;
        let account = Account {
            username: username.clone(),
            display_name: display_name.clone(),
            registration_id,
            uid: 20001,
            gid: 20001,
            home: format!("/home/{username}"),
            state: AccountState::Locked,
            mail_configured: false,
            ssh_key_count: 0,
            has_password: false,
            // 2025-06-30T12:00:00Z
            created_at: 1_751_284_800,
            activated_at: None,
        };
        let mut all = self.accounts.lock().unwrap();
        Ok(all.entry(username.clone()).or_insert(account).clone())
    }

    async fn configure_mail(
        &self,
        _: RequestId,
        _: RegistrationId,
        username: &Username,
    ) -> Result<Account, ProvisionFailure> {
        self.change(username, |a| a.mail_configured = true)
    }

    async fn activate_account(
        &self,
        _: RequestId,
        activation: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        let keys = activation.ssh_keys.clone();
        let mut activated = self.activated.lock().unwrap();
        activated.entry(activation.username.clone()).or_insert(keys);
        self.change(&activation.username, |a| a.state = AccountState::Active)
    }

    async fn discard_account(
        &self,
        _: RequestId,
        _: RegistrationId,
        username: &Username,
    ) -> Result<(), ProvisionFailure> {
        self.answer()?;
        self.accounts.lock().unwrap().remove(username);
        Ok(())
    }

    async fn set_password(
        &self,
        request: RequestId,
        username: &Username,
        hash: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        if self.is_new(request, hash.expose().to_owned())? {
            let mut all = self.passwords.lock().unwrap();
            let (kept, times) = all.entry(username.clone()).or_insert((hash.clone(), 0));
            *kept = hash.clone();
            *times += 1;
        }
        self.change(username, |a| a.has_password = true)
    }

    async fn set_ssh_keys(
        &self,
        request: RequestId,
        username: &Username,
        keys: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        if self.is_new(request, format!("{keys:?}"))? {
            let mut all = self.keys.lock().unwrap();
            let (kept, times) = all.entry(username.clone()).or_default();
            *kept = keys.to_vec();
            *times += 1;
        }
        self.change(username, |a| a.ssh_key_count = keys.len() as u32)
    }

    async fn set_display_name(
        &self,
        request: RequestId,
        username: &Username,
        name: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        self.is_new(request, name.as_str().to_owned())?;
        self.change(username, |a| a.display_name = name.clone())
    }

    async fn create_group(
        &self,
        request: RequestId,
        name: &Slug,
    ) -> Result<String, ProvisionFailure> {
        self.answer()?;
        if let Some(refusal) = self.refuses_groups.lock().unwrap().clone() {
            return Err(refusal);
        }
        let directory = format!("/home/groups/{name}");
        if self.is_new(request, format!("group {name}"))? {
            let group = GroupOnHost {
                directory: directory.clone(),
                members: Vec::new(),
                is_active: true,
            };
            let mut groups = self.groups.lock().unwrap();
            groups.entry(name.to_string()).or_insert((group, 0));
        }
        Ok(directory)
    }

    async fn set_group_members(
        &self,
        request: RequestId,
        name: &Slug,
        members: &[Username],
    ) -> Result<(), ProvisionFailure> {
        self.answer()?;
        let mut groups = self.groups.lock().unwrap();
        let Some((group, times)) = groups.get_mut(name.as_str()) else {
            return Err(ProvisionFailure::NoSuchGroup);
        };
        let states = self.states.lock().unwrap();
        for member in members {
            let state = match states.get(member.as_str()) {
                Some(state) => Some(*state),
                None => self.accounts.lock().unwrap().get(member).map(|a| a.state),
            };
            if !matches!(state, Some(AccountState::Active | AccountState::Suspended)) {
                return Err(ProvisionFailure::NotAMember {
                    username: member.to_string(),
                });
            }
        }
        if self.is_new(request, format!("members of {name}: {members:?}"))? {
            group.members = members.to_vec();
            *times += 1;
        }
        Ok(())
    }

    async fn group(
        &self,
        _: RequestId,
        name: &Slug,
    ) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        self.answer()?;
        let groups = self.groups.lock().unwrap();
        Ok(groups.get(name.as_str()).map(|(group, _)| group.clone()))
    }

    async fn prove_account(
        &self,
        _: RequestId,
        username: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        self.change(username, |_| {})?;
        let fine = Finding {
            verdict: Verdict::Ok,
            detail: "fine".into(),
        };
        let why = self.keeps_out.lock().unwrap().clone();
        Ok(LoginProof {
            login: why.map_or(fine.clone(), |detail| Finding {
                verdict: Verdict::Failed,
                detail,
            }),
            mailbox: fine.clone(),
            neomutt: fine,
        })
    }

    async fn system_status(
        &self,
        _: RequestId,
        username: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        assert!(!*self.broken.lock().unwrap(), "broken on purpose");
        let mut account = self.change(username, |_| {})?;
        if let Some(state) = self.states.lock().unwrap().get(username.as_str()) {
            account.state = *state;
        }
        let host = HostView {
            exists: true,
            home: account.mail_configured,
            maildir: account.mail_configured,
            ..HostView::default()
        };
        Ok(SystemStatus { account, host })
    }

    async fn health(&self, request_id: RequestId) -> Result<HealthReply, ProvisionFailure> {
        self.answer()?;
        Ok(HealthReply {
            request_id,
            ready: true,
            problems: Vec::new(),
            version: "0.1.0".into(),
            accounts: 0,
            created_this_hour: 0,
            create_limit_per_hour: 100,
            mail_domain: {
                let other = self.other_domain.lock().unwrap().clone();
                other.unwrap_or_else(|| "tilde.example".into())
            },
        })
    }
}
