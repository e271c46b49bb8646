//! The whole service in one process: real router, real saga, real SQLite, real bcrypt (cost 10).
//! Tests own time and randomness; a double stands in for provisiond.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "shared by test programs; none uses all of it"
)]

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt;
use jiff::{SignedDuration, Timestamp};
use provision_api::{Account, AccountState, Finding, HealthReply, HostView, LoginProof, Verdict};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use registrar_web::audit::Audit;
use registrar_web::auth::{Auth, AuthPolicy, HostSide, KeyRing};
use registrar_web::breaches::HttpRanges;
use registrar_web::config::{Config, StoreKind, TokenAlgorithm};
use registrar_web::domain::*;
use registrar_web::events::{Events, Reach};
use registrar_web::hash::{CrateBcrypt, HashPool};
use registrar_web::host_groups::HostGroups;
use registrar_web::http::{AdminToken, AppState, Peer, router};
use registrar_web::metrics::{Metrics, metered_provisioner};
use registrar_web::ports::*;
use registrar_web::registration::{Policy, Registrar, Saga, World};
use registrar_web::store::SqliteStore;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const ADMIN: &str = "an-admin-token-for-tests";
pub const PASSWORD: &str = "plum gravel sunday kite";

/// Time that stands still until told otherwise.
pub struct TestClock(Mutex<Timestamp>);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

struct TestEntropy(Mutex<ChaCha8Rng>);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

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

pub struct App {
    pub router: Router,
    pub world: World,
    pub saga: Saga,
    pub registrar: Registrar,
    pub host: Arc<HostDouble>,
    pub clock: Arc<TestClock>,
    pub stop: CancellationToken,
    pub auth: Auth,
    pub host_side: HostSide,
    pub host_groups: HostGroups,
    cookies: Mutex<HashMap<String, String>>,
    /// The mails that the part of the outbox was done for.
    sent: Mutex<Vec<MailJob>>,
    pub config: Config,
    pub directory: Arc<tempfile::TempDir>,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |v| v.to_str().unwrap_or("?"))
    }

    /// The code at the end of a problem's type.
    pub fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json");
        let body = self.json();
        let kind = body["type"].as_str().unwrap().to_owned();
        kind.rsplit('/').next().unwrap().to_owned()
    }

    /// `field:code` of each error.
    pub fn errors(&self) -> Vec<String> {
        self.json()["errors"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|e| {
                format!(
                    "{}:{}",
                    e["field"].as_str().unwrap(),
                    e["code"].as_str().unwrap()
                )
            })
            .collect()
    }
}

/// The settings of most tests: limits out of the way.
pub fn config() -> Config {
    let mut config = Config::default();
    config.community.name = "Tilde Town".into();
    config.community.domain = MailDomain::parse("tilde.example").unwrap();
    config.accounts.bcrypt_cost = 10;
    config.limits.requests = 100_000;
    config.limits.registrations = 100_000;
    // Quick to make; other algorithms have tests of their own.
    config.auth.algorithm = TokenAlgorithm::EdDsa;
    config
}

impl App {
    pub fn new() -> Self {
        Self::with(config())
    }

    pub fn with(config: Config) -> Self {
        Self::with_hasher(config, Arc::new(CrateBcrypt))
    }

    pub fn with_hasher(config: Config, hasher: Arc<dyn PasswordHasher>) -> Self {
        Self::assemble(config, hasher, Arc::new(tempfile::tempdir().unwrap()), 7)
    }

    /// Ends the process, as it were, and starts it again on the same files, at the same time.
    pub async fn restart(&self) -> Self {
        self.restart_with(self.config.clone()).await
    }

    pub async fn restart_with(&self, config: Config) -> Self {
        self.world.store.close().await;
        let again = Self::assemble(config, Arc::new(CrateBcrypt), self.directory.clone(), 8);
        *again.clock.0.lock().unwrap() = self.clock.now();
        again
    }

    /// Another instance on the same files, at the same time.
    pub fn beside(&self) -> Self {
        let directory = self.directory.clone();
        let other = Self::assemble(self.config.clone(), Arc::new(CrateBcrypt), directory, 9);
        *other.clock.0.lock().unwrap() = self.clock.now();
        other
    }

    fn assemble(
        config: Config,
        hasher: Arc<dyn PasswordHasher>,
        directory: Arc<tempfile::TempDir>,
        seed: u64,
    ) -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path()).unwrap());
        let clock = Arc::new(TestClock(Mutex::new(
            "2026-01-02T03:04:05Z".parse().unwrap(),
        )));
        let entropy: Arc<dyn Entropy> =
            Arc::new(TestEntropy(Mutex::new(ChaCha8Rng::seed_from_u64(seed))));
        let host = Arc::new(HostDouble::default());
        let metrics = Metrics::default();
        // One that shares its store looks for what others write, whatever keeps the records.
        let reach = match config.store.kind {
            StoreKind::Sqlite => Reach::Process,
            StoreKind::Mongodb => Reach::Instances,
        };
        let world = World {
            audit: Audit::new(store.clone(), clock.clone()),
            events: Events::new(
                store.clone(),
                clock.clone(),
                entropy.clone(),
                metrics.clone(),
                reach,
            ),
            store,
            provisioner: metered_provisioner(host.clone(), metrics.clone()),
            metrics,
            breaches: config.breaches.check.then(|| {
                Arc::new(HttpRanges::new(&config.breaches).unwrap()) as Arc<dyn BreachRanges>
            }),
            clock: clock.clone(),
            entropy: entropy.clone(),
            key: VerificationKey::new([7; 32]),
            verification_mails: config.limits.verification_mails,
            registrations_due: Arc::default(),
            members_due: Arc::default(),
            mails_due: Arc::default(),
        };
        let hashes = HashPool::new(
            hasher,
            entropy,
            config.accounts.bcrypt_cost,
            2,
            config.accounts.hash_queue,
        );
        let auth_policy = AuthPolicy::of(&config);
        let keys = KeyRing::open(
            &directory.path().join("keys"),
            auth_policy.algorithm,
            auth_policy.access_ttl,
            world.entropy.as_ref(),
            world.now(),
        );
        let auth = Auth::new(
            world.clone(),
            auth_policy,
            hashes.clone(),
            keys.unwrap().into(),
        )
        .unwrap();
        let policy = Policy::of(&config);
        let saga = Saga::new(world.clone(), policy.clone(), WorkerId("test".into()));
        let stop = CancellationToken::new();
        let registrar = Registrar::new(world.clone(), policy, hashes);
        let state = AppState::new(
            registrar.clone(),
            auth.clone(),
            &config,
            AdminToken::new(ADMIN),
            stop.clone(),
        );
        Self {
            host_groups: HostGroups::new(world.clone(), WorkerId("test".into())),
            router: router(state),
            world,
            saga,
            registrar,
            host,
            clock,
            stop,
            host_side: auth.host_side(WorkerId("test".into())),
            auth,
            cookies: Mutex::default(),
            sent: Mutex::default(),
            config,
            directory,
        }
    }

    pub async fn send(&self, mut request: Request<Body>) -> Answer {
        if request.extensions().get::<Peer>().is_none() {
            let peer: IpAddr = "192.0.2.7".parse().unwrap();
            request.extensions_mut().insert(Peer(peer));
        }
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        // A stream of events lasts; who wants to read it does so by itself.
        let is_stream = parts
            .headers
            .get(header::CONTENT_TYPE)
            .is_some_and(|t| t == "text/event-stream");
        let bytes = if is_stream {
            bytes::Bytes::new()
        } else {
            body.collect().await.unwrap().to_bytes()
        };
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let mut jar = self.cookies.lock().unwrap();
            if cookie.contains("Max-Age=0") {
                jar.remove(name);
            } else {
                jar.insert(name.to_owned(), value.to_owned());
            }
        }
        Answer {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(bytes.to_vec()).unwrap(),
        }
    }

    pub async fn request(&self, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[]).await
    }

    pub async fn post_bytes(
        &self,
        path: &str,
        body: impl Into<Body>,
        more: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::post(path).header("content-type", "application/json");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.post_bytes(path, body.to_string(), &[]).await
    }

    pub async fn as_admin(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {ADMIN}"))
            .header("content-type", "application/json");
        let body = body.map_or_else(Body::empty, |b| Body::from(b.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    /// Fills a form in as a browser does: opens the page, sends its cookie and hidden token.
    pub async fn submit(&self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get_with_cookies(page).await;
        let token = hidden(&page.text, "csrf");
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.append_pair("csrf", &token);
        body.extend_pairs(fields);
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("cookie", self.cookie_line())
            .header("sec-fetch-site", "same-origin");
        self.send(request.body(Body::from(body.finish())).unwrap())
            .await
    }

    pub async fn get_with_cookies(&self, path: &str) -> Answer {
        self.request(Method::GET, path, &[("cookie", &self.cookie_line())])
            .await
    }

    /// Logs in on the page, as a browser does.
    pub async fn sign_in(&self, name: &str) -> Answer {
        let fields = [("emailOrUsername", name), ("password", PASSWORD)];
        self.submit("/login", "/login", &fields).await
    }

    /// A cookie of the browser's; `None` when it has none of that name.
    pub fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// Gives the browser a cookie, past the service.
    pub fn put_cookie(&self, name: &str, value: &str) {
        let mut jar = self.cookies.lock().unwrap();
        jar.insert(name.to_owned(), value.to_owned());
    }

    /// Another browser: all cookies are gone.
    pub fn forget_cookies(&self) {
        self.cookies.lock().unwrap().clear();
    }

    pub fn cookie_line(&self) -> String {
        let jar = self.cookies.lock().unwrap();
        let pairs: Vec<String> = jar.iter().map(|(n, v)| format!("{n}={v}")).collect();
        pairs.join("; ")
    }

    pub fn wait(&self, seconds: i64) {
        let mut now = self.clock.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    /// Does all that is due, and takes the part of the outbox: every mail counts as sent.
    pub async fn run(&self) {
        for _ in 0..3 {
            self.auth.finish_background().await;
            self.saga.run_all().await.unwrap();
            self.host_side.run_all().await.unwrap();
            self.host_groups.run_all().await.unwrap();
            self.send_mails().await;
            self.wait(31);
        }
        self.saga.run_all().await.unwrap();
    }

    /// Takes the part of the outbox: every mail that is due counts as sent.
    pub async fn send_mails(&self) {
        let now = self.clock.now();
        let wish = LeaseRequest {
            owner: WorkerId("test".into()),
            now,
            until: now,
        };
        while let Some(mut mail) = self.world.store.lease_mail(&wish).await.unwrap() {
            self.sent.lock().unwrap().push(mail.clone());
            mail.state = MailState::Sent { at: now };
            mail.work.settle(None);
            self.world.store.update_mail(mail).await.unwrap();
        }
    }

    /// The mails by which a member was told of changed credentials.
    pub async fn told_of_changes(&self, name: &str) -> Vec<MailJob> {
        self.send_mails().await;
        let id = self.user(name).await.id;
        let sent = self.sent.lock().unwrap();
        sent.iter()
            .filter(|m| m.registration == id)
            .filter(|m| matches!(m.kind, MailKind::CredentialChanged { .. }))
            .cloned()
            .collect()
    }

    /// The words for the mails that went out about a registration, in their order.
    pub async fn sent_about(&self, name: &str) -> Vec<&'static str> {
        self.send_mails().await;
        let name = Username::parse(name).unwrap();
        let found = self.world.store.registration_by_username(&name).await;
        let id = found.unwrap().unwrap().id;
        let sent = self.sent.lock().unwrap();
        let about = sent.iter().filter(|m| m.registration == id);
        about.map(|m| m.kind.name()).collect()
    }

    /// The token of a registration's receipt.
    pub async fn receipt_of(&self, name: &str) -> String {
        let name = Username::parse(name).unwrap();
        let found = self.world.store.registration_by_username(&name).await;
        let id = found.unwrap().unwrap().id;
        self.registrar.receipt_token(id).expose().to_owned()
    }

    /// A registration by the API.
    pub async fn register(&self, name: &str) -> Answer {
        let answer = self.post("/api/auth/register", sign_up(name)).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer
    }

    /// What stands in the mail: token and code.
    pub async fn mail_of(&self, name: &str) -> (String, String) {
        let name = Username::parse(name).unwrap();
        let store = &self.world.store;
        let found = store
            .registration_by_username(&name)
            .await
            .unwrap()
            .unwrap();
        let proof = found.verification.as_ref().expect("no mail was sent");
        (
            proof.token(&self.world.key, found.id).expose().to_owned(),
            proof.code(&self.world.key, found.id).expose().to_owned(),
        )
    }

    pub async fn status_of(&self, name: &str) -> Value {
        self.get(&format!("/api/auth/status/registration/{name}"))
            .await
            .json()
    }
}

pub fn sign_up(name: &str) -> Value {
    json!({
        "username": name,
        "displayName": "Ada Lovelace",
        "personalEmail": format!("{name}@example.org"),
        "password": PASSWORD,
    })
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let mark = format!("name=\"{name}\" value=\"");
    let at = page
        .find(&mark)
        .unwrap_or_else(|| panic!("no {name} in {page}"));
    page[at + mark.len()..]
        .split('"')
        .next()
        .unwrap()
        .to_owned()
}

/// Logging in.
impl App {
    pub async fn user(&self, name: &str) -> User {
        let name = Username::parse(name).unwrap();
        let found = self.world.store.user_by_username(&name).await;
        found.unwrap().unwrap()
    }

    /// Token and code of the latest mail with which a new password can be chosen.
    pub async fn recovery_of(&self, name: &str) -> (String, String) {
        self.auth.finish_background().await;
        let user = self.user(name).await;
        let proof = user.credentials.recovery.expect("no mail was asked for");
        (
            proof.token(&self.world.key, user.id).expose().to_owned(),
            proof.code(&self.world.key, user.id).expose().to_owned(),
        )
    }

    /// A call with a body, as a member.
    pub async fn send_as(&self, method: Method, path: &str, access: &str, body: Value) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {access}"));
        self.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    }

    /// Registers a name and goes all the way; its account is active then.
    pub async fn member(&self, name: &str) -> UserId {
        self.register(name).await;
        self.run().await;
        let (token, _) = self.mail_of(name).await;
        let proof = json!({ "token": token });
        let answer = self.post("/api/auth/verify-email", proof).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        self.run().await;
        let name = Username::parse(name).unwrap();
        let user = self.world.store.user_by_username(&name).await.unwrap();
        let user = user.unwrap();
        assert_eq!(user.state, UserState::Active);
        user.id
    }

    pub async fn try_login(&self, who: &str, password: &str) -> Answer {
        let body = json!({"emailOrUsername": who, "password": password});
        self.post("/api/auth/login", body).await
    }

    /// Logs in with the password that all have.
    pub async fn login(&self, who: &str) -> Held {
        let answer = self.try_login(who, PASSWORD).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        Held::of(&answer)
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        let body = json!({ "refreshToken": token });
        self.post("/api/auth/refresh", body).await
    }

    /// Asks as a member, with a body.
    pub async fn as_member_with(
        &self,
        method: Method,
        path: &str,
        access: &str,
        body: Value,
    ) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {access}"))
            .header("content-type", "application/json");
        let body = Body::from(body.to_string());
        self.send(request.body(body).unwrap()).await
    }

    pub async fn as_member(&self, method: Method, path: &str, access: &str) -> Answer {
        let value = format!("Bearer {access}");
        self.request(method, path, &[("authorization", &value)])
            .await
    }

    /// Whether an access token still opens something: `ok`, or the code of the problem.
    pub async fn opens(&self, access: &str) -> String {
        let path = "/api/auth/sessions";
        let answer = self.as_member(Method::GET, path, access).await;
        if answer.status == 200 {
            "ok".into()
        } else {
            answer.code()
        }
    }

    /// From another client address.
    pub async fn post_from(&self, address: &str, path: &str, body: Value) -> Answer {
        let mut request = Request::post(path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let peer: IpAddr = address.parse().unwrap();
        request.extensions_mut().insert(Peer(peer));
        self.send(request).await
    }
}

/// What a client holds after a login.
#[derive(Clone, Debug)]
pub struct Held {
    pub access: String,
    pub refresh: String,
}

impl Held {
    pub fn of(answer: &Answer) -> Self {
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        Self {
            access: text("accessToken"),
            refresh: text("refreshToken"),
        }
    }

    /// The claims of the access token, unchecked.
    pub fn claims(&self) -> Value {
        part(&self.access, 1)
    }
}

/// A part of a JWT: 0 is the head, 1 the claims.
pub fn part(token: &str, n: usize) -> Value {
    use base64::Engine;
    let part = token.split('.').nth(n).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part);
    serde_json::from_slice(&bytes.unwrap()).unwrap()
}
