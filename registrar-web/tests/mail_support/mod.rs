//! What the tests of mail share: time that they own, a store of their own, and a server that
//! stands for the outside world.

#![allow(dead_code, reason = "each test program uses its part")]

pub(crate) mod authority;
pub(crate) mod smtp_server;

use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use registrar_web::domain::*;
use registrar_web::mail::Community;
use registrar_web::outbox::Outbox;
use registrar_web::ports::{Clock, Entropy, Mailer, Store};
use registrar_web::store::SqliteStore;
use registrar_web::way_in::{HostKey, WayIn};

/// A clock that the test moves.
pub(crate) struct TestClock(Mutex<Timestamp>);

impl TestClock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap())))
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now += by;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Always the same "random" bytes.
pub(crate) struct Fixed;

impl Entropy for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(0x42);
    }
}

pub(crate) fn key() -> VerificationKey {
    VerificationKey::new([7; 32])
}

pub(crate) fn community() -> Community {
    Community {
        name: "Tilde Süd".into(),
        domain: MailDomain::parse("tilde.example").unwrap(),
        public_url: "https://join.tilde.example".into(),
        way_in: WayIn {
            domain: "tilde.example".into(),
            ssh_port: 2222,
            host_keys: vec![HostKey {
                kind: "ssh-ed25519".into(),
                fingerprint: "SHA256:BoOyGEBEjyKSLJ2j0TDvFbTVcfP2RpvDpQqiV8YVFJQ".into(),
            }],
            web_address: "https://tilde.example/~NAME/".into(),
        },
    }
}

pub(crate) fn registration(now: Timestamp, display_name: &str) -> Registration {
    let id = RegistrationId::new(uuid::Uuid::from_u128(
        0x0195_0000_0000_7000_8000_0000_0000_0001,
    ));
    let expires_at = now + SignedDuration::from_hours(24);
    Registration {
        id,
        version: 1,
        username: Username::parse("ada").unwrap(),
        display_name: DisplayName::parse(display_name).unwrap(),
        email: Email::parse("ada@example.org").unwrap(),
        password_hash: None,
        ssh_keys: Vec::new(),
        profile: Profile::default(),
        invite: None,
        flow: Flow::ProvisionFirst,
        reached: Status::MailConfigured,
        history: Vec::new(),
        stage: Stage::Running,
        verification: Some(Verification::issue(&key(), id, [1; 16], now, expires_at)),
        review: Review::NotNeeded,
        case: ReviewCase::default(),
        mail_trouble: None,
        work: Work::due(now + SignedDuration::from_mins(5)),
        created_at: now,
        updated_at: now,
        expires_at,
    }
}

pub(crate) fn job(r: &Registration, kind: MailKind, now: Timestamp) -> MailJob {
    let dedupe_key = match kind {
        MailKind::VerifyEmail => r.verification.as_ref().unwrap().mail_key(r.id),
        _ => format!("{}:{}", kind.name(), r.id),
    };
    MailJob {
        id: uuid::Uuid::from_u128(0x0195_0000_0000_7000_8000_0000_0000_0002),
        version: 1,
        dedupe_key,
        kind,
        to: r.email.clone(),
        registration: r.id,
        state: MailState::Queued,
        work: Work::due(now),
        created_at: now,
    }
}

/// An outbox over a real SQLite store with one registration and one mail in it.
pub(crate) struct Desk {
    pub(crate) clock: Arc<TestClock>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) outbox: Outbox,
    pub(crate) registration: RegistrationId,
    pub(crate) mail: MailId,
    _directory: tempfile::TempDir,
}

impl Desk {
    pub(crate) async fn new(
        kind: MailKind,
        mailer: impl FnOnce(Arc<dyn Clock>) -> Arc<dyn Mailer>,
    ) -> Self {
        let clock = TestClock::new();
        let directory = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SqliteStore::open(directory.path()).unwrap());
        let r = registration(clock.now(), "Ada Lovelace");
        let job = job(&r, kind, clock.now());
        store.insert_registration(&r).await.unwrap();
        store.enqueue_mail(&job).await.unwrap();
        let outbox = Outbox {
            store: Arc::clone(&store),
            mailer: mailer(clock.clone()),
            clock: clock.clone(),
            entropy: Arc::new(Fixed),
            key: key(),
            community: community(),
            registrations_due: Arc::default(),
            worker: WorkerId("test".into()),
        };
        Self {
            clock,
            store,
            outbox,
            registration: r.id,
            mail: job.id,
            _directory: directory,
        }
    }

    pub(crate) async fn job(&self) -> MailJob {
        self.store.mail(self.mail).await.unwrap().unwrap()
    }

    pub(crate) async fn registration(&self) -> Registration {
        self.store
            .registration(self.registration)
            .await
            .unwrap()
            .unwrap()
    }
}
