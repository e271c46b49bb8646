//! The whole service in one process: real router, real saga, real SQLite, real bcrypt (cost 10).
//! Tests own time and randomness; a double stands in for provisiond.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "shared by test programs; none uses all of it"
)]

mod answer;
mod browser;
mod host_double;
mod members;
mod registrations;
mod requests;
mod time_and_chance;

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

pub use answer::Answer;
pub use browser::hidden;
pub use host_double::HostDouble;
pub use members::{Held, part};
pub use registrations::sign_up;
pub use time_and_chance::TestClock;
use time_and_chance::TestEntropy;

pub const ADMIN: &str = "an-admin-token-for-tests";
pub const PASSWORD: &str = "plum gravel sunday kite";

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
}
