//! A service in this process whose time, randomness, host and mail system the test owns. The store
//! is the real embedded one, the hasher the real one at the lowest cost.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::missing_panics_doc,
    reason = "each test uses a part of it"
)]

pub mod host;
pub mod log;
pub mod mailbox;

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};
use registrar_web::audit::{Audit, By};
use registrar_web::auth::HostSide;
use registrar_web::config::Config;
use registrar_web::domain::{
    Actor, Registration, SignupForm, SshKeysField, Status, Timestamp, Username, VerificationKey,
    WorkerId,
};
use registrar_web::events::{Events, Reach};
use registrar_web::hash::{HashPool, best_hasher};
use registrar_web::mail::Community;
use registrar_web::metrics::Metrics;
use registrar_web::outbox::Outbox;
use registrar_web::ports::{Clock, Entropy, Store};
use registrar_web::registration::{ClientKey, Policy, Registrar, RegistrationView, Saga, World};
use registrar_web::store::SqliteStore;
use tokio::sync::Notify;

use self::host::HostDouble;
use self::mailbox::Mailbox;

/// An admin of that name.
pub fn by(name: &str) -> By {
    By {
        actor: Actor::Admin { name: name.into() },
        address: None,
        request_id: None,
    }
}

pub const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ada@example";
pub const PASSWORD: &str = "correct horse battery staple 7";

/// Seconds that the test moves on by hand.
#[derive(Debug)]
pub struct HandClock(AtomicI64);

impl HandClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.0.load(Ordering::SeqCst)).unwrap()
    }
}

/// The same bytes in every run.
pub struct Seeded(Mutex<ChaCha20Rng>);

impl Seeded {
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(ChaCha20Rng::seed_from_u64(seed)))
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap().fill_bytes(bytes);
    }
}

/// The service and everything around it.
pub struct TestService {
    pub directory: tempfile::TempDir,
    pub config: Config,
    pub clock: Arc<HandClock>,
    pub host: Arc<HostDouble>,
    pub mailbox: Arc<Mailbox>,
    pub store: Arc<dyn Store>,
    pub world: World,
    pub registrar: Registrar,
    pub saga: Saga,
    pub host_side: HostSide,
    pub outbox: Outbox,
}

impl TestService {
    pub fn new() -> Self {
        Self::with(|_| ())
    }

    pub fn with(change: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::default();
        config.accounts.bcrypt_cost = 10;
        config.community.domain =
            registrar_web::domain::MailDomain::parse("tilde.example").unwrap();
        config.limits.registrations = 1000;
        change(&mut config);
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path()).unwrap());
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
        let host = Arc::new(HostDouble::default());
        let mailbox = Arc::new(Mailbox::default());
        let entropy: Arc<dyn Entropy> = Arc::new(Seeded::new(7));
        let world = World {
            audit: Audit::new(store.clone(), clock.clone()),
            events: Events::new(
                store.clone(),
                clock.clone(),
                entropy.clone(),
                Metrics::default(),
                Reach::Process,
            ),
            metrics: Metrics::default(),
            store: store.clone(),
            provisioner: host.clone(),
            breaches: None,
            clock: clock.clone(),
            entropy: entropy.clone(),
            key: VerificationKey::new([42; 32]),
            verification_mails: config.limits.verification_mails,
            registrations_due: Arc::new(Notify::new()),
            members_due: Arc::new(Notify::new()),
            mails_due: Arc::new(Notify::new()),
        };
        let policy = Policy::of(&config);
        let hashes = HashPool::new(best_hasher(), entropy.clone(), 10, 2, 64);
        let worker = WorkerId("test".into());
        Self {
            registrar: Registrar::new(world.clone(), policy.clone(), hashes),
            saga: Saga::new(world.clone(), policy, worker.clone()),
            host_side: HostSide::new(world.clone(), worker.clone()),
            outbox: Outbox {
                store: store.clone(),
                mailer: mailbox.clone(),
                clock: clock.clone(),
                entropy,
                key: world.key.clone(),
                community: Community::new(&config.community, &config.server.public_url),
                registrations_due: world.registrations_due.clone(),
                worker,
            },
            directory,
            config,
            clock,
            host,
            mailbox,
            store,
            world,
        }
    }

    /// Does all that is due now, mails and steps in turn, until nothing is.
    pub async fn run_the_jobs(&self) {
        for _ in 0..50 {
            let mut steps = self.saga.run_all().await.unwrap();
            steps += self.host_side.run_all().await.unwrap();
            let mut mails = 0;
            while self.outbox.run_once().await.unwrap() {
                mails += 1;
            }
            if steps + mails == 0 {
                return;
            }
        }
        panic!("the jobs do not come to an end");
    }

    /// Lets time pass and does what becomes due.
    pub async fn pass(&self, seconds: i64) {
        self.clock.advance(seconds);
        self.run_the_jobs().await;
    }

    pub async fn register(&self, name: &str) -> RegistrationView {
        self.registrar
            .register(form(name), &client())
            .await
            .unwrap()
    }

    /// The registration as the store has it.
    pub async fn stored(&self, name: &str) -> Option<Registration> {
        self.store
            .registration_by_username(&username(name))
            .await
            .unwrap()
    }

    pub async fn status(&self, name: &str) -> Status {
        self.stored(name).await.expect("a registration").status()
    }
}

pub fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub fn client() -> ClientKey {
    ClientKey("192.0.2.1".into())
}

pub fn form(name: &str) -> SignupForm {
    SignupForm {
        username: name.into(),
        display_name: "Ada Lovelace".into(),
        personal_email: format!("{name}@example.org"),
        password: PASSWORD.into(),
        ssh_keys: SshKeysField::Paste(KEY.into()),
        ..SignupForm::default()
    }
}
