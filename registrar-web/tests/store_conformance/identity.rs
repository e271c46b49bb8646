//! The identity service on a store, as one of several instances.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use provision_api::{Account, HealthReply, LoginProof};
use registrar_web::audit::Audit;
use registrar_web::auth::{
    Auth, AuthPolicy, Client, Entered, FactorError, KeyRing, LoginError, TokenError, Tokens,
};
use registrar_web::config::{Config, TokenAlgorithm};
use registrar_web::domain::*;
use registrar_web::events::{Events, Reach};
use registrar_web::hash::HashPool;
use registrar_web::ports::*;
use registrar_web::registration::{ClientKey, World};

use crate::records::{at, user};

/// The password that all have.
pub(crate) const RIGHT: &str = "right";

/// Compares with one password, at no cost.
struct Quick;

impl PasswordHasher for Quick {
    fn hash(&self, _: &Password, _: u32, _: [u8; 16]) -> Result<BcryptHash, HashError> {
        Err(HashError::Failed("not asked for".into()))
    }
    fn verify(&self, typed: &str, _: &BcryptHash) -> Result<bool, HashError> {
        Ok(typed == RIGHT)
    }
}

struct Noon;

impl Clock for Noon {
    fn now(&self) -> Timestamp {
        at(0)
    }
}

/// Nobody asks the host here.
struct NoHost;

fn no_host<T>() -> Result<T, ProvisionFailure> {
    Err(ProvisionFailure::Permanent {
        message: "no host".into(),
    })
}

#[async_trait]
impl Provisioner for NoHost {
    async fn check_username(
        &self,
        _: RequestId,
        _: &Username,
        _: Option<RegistrationId>,
    ) -> Result<Availability, ProvisionFailure> {
        no_host()
    }
    async fn create_account(
        &self,
        _: RequestId,
        _: RegistrationId,
        _: &Username,
        _: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        no_host()
    }
    async fn configure_mail(
        &self,
        _: RequestId,
        _: RegistrationId,
        _: &Username,
    ) -> Result<Account, ProvisionFailure> {
        no_host()
    }
    async fn activate_account(
        &self,
        _: RequestId,
        _: &Activation,
    ) -> Result<Account, ProvisionFailure> {
        no_host()
    }
    async fn discard_account(
        &self,
        _: RequestId,
        _: RegistrationId,
        _: &Username,
    ) -> Result<(), ProvisionFailure> {
        no_host()
    }
    async fn set_password(
        &self,
        _: RequestId,
        _: &Username,
        _: &BcryptHash,
    ) -> Result<Account, ProvisionFailure> {
        no_host()
    }
    async fn set_ssh_keys(
        &self,
        _: RequestId,
        _: &Username,
        _: &[SshPublicKey],
    ) -> Result<Account, ProvisionFailure> {
        no_host()
    }
    async fn set_display_name(
        &self,
        _: RequestId,
        _: &Username,
        _: &DisplayName,
    ) -> Result<Account, ProvisionFailure> {
        no_host()
    }
    async fn create_group(&self, _: RequestId, _: &Slug) -> Result<String, ProvisionFailure> {
        no_host()
    }
    async fn set_group_members(
        &self,
        _: RequestId,
        _: &Slug,
        _: &[Username],
    ) -> Result<(), ProvisionFailure> {
        no_host()
    }
    async fn group(&self, _: RequestId, _: &Slug) -> Result<Option<GroupOnHost>, ProvisionFailure> {
        no_host()
    }
    async fn prove_account(
        &self,
        _: RequestId,
        _: &Username,
    ) -> Result<LoginProof, ProvisionFailure> {
        no_host()
    }
    async fn system_status(
        &self,
        _: RequestId,
        _: &Username,
    ) -> Result<SystemStatus, ProvisionFailure> {
        no_host()
    }
    async fn health(&self, _: RequestId) -> Result<HealthReply, ProvisionFailure> {
        no_host()
    }
}

/// An instance, asked by one client.
#[derive(Clone)]
pub(crate) struct Instance {
    pub(crate) auth: Auth,
}

/// Tells members, as one of several instances does.
pub(crate) fn events(store: &Arc<dyn Store>) -> Events {
    let metrics = registrar_web::metrics::Metrics::default();
    let entropy = Arc::new(OsEntropy);
    Events::new(
        store.clone(),
        Arc::new(Noon),
        entropy,
        metrics,
        Reach::Instances,
    )
}

/// Those that share the directory share their keys.
pub(crate) fn instance(store: Arc<dyn Store>, keys: &Path) -> Instance {
    let mut config = Config::default();
    config.accounts.bcrypt_cost = 10;
    config.auth.algorithm = TokenAlgorithm::EdDsa;
    let policy = AuthPolicy::of(&config);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let ttl = SignedDuration::from_mins(15);
    let ring = KeyRing::open(keys, policy.algorithm, ttl, entropy.as_ref(), at(0)).unwrap();
    let world = World {
        audit: Audit::new(store.clone(), Arc::new(Noon)),
        events: events(&store),
        metrics: registrar_web::metrics::Metrics::default(),
        store,
        provisioner: Arc::new(NoHost),
        breaches: None,
        clock: Arc::new(Noon),
        entropy: entropy.clone(),
        key: VerificationKey::new([7; 32]),
        verification_mails: 5,
        registrations_due: Arc::default(),
        members_due: Arc::default(),
        mails_due: Arc::default(),
    };
    let hashes = HashPool::new(Arc::new(Quick), entropy, 10, 1, 64);
    Instance {
        auth: Auth::new(world, policy, hashes, ring.into()).unwrap(),
    }
}

impl Instance {
    fn client() -> Client {
        Client {
            address: ClientKey("192.0.2.7".into()),
            device: Device::clean("lynx"),
        }
    }

    pub(crate) async fn login(&self, who: &str, password: &str) -> Result<Tokens, LoginError> {
        let password = zeroize::Zeroizing::new(password.to_owned());
        match self.auth.login(who, password, &Self::client()).await? {
            Entered::In(tokens) => Ok(*tokens),
            Entered::Asked(asked) => panic!("{asked:?}"),
        }
    }

    /// Shows the password of someone who is asked for a second factor.
    pub(crate) async fn ask(&self, who: &str) -> ChallengeToken {
        let password = zeroize::Zeroizing::new(RIGHT.to_owned());
        match self
            .auth
            .login::<Tokens>(who, password, &Self::client())
            .await
        {
            Ok(Entered::Asked(asked)) => asked.challenge,
            other => panic!("{other:?}"),
        }
    }

    /// Answers by a code of the mail.
    pub(crate) async fn answer(
        &self,
        token: &ChallengeToken,
        proof: Proof,
    ) -> Result<Tokens, FactorError> {
        let (token, method) = (token.expose(), FactorMethod::Email);
        self.auth
            .finish_login(token, method, proof, &Self::client())
            .await
    }

    pub(crate) async fn refresh(&self, token: &str) -> Result<Tokens, TokenError> {
        self.auth.refresh(token, &Self::client()).await
    }
}

/// A member who may log in.
pub(crate) fn active(n: u32, name: &str) -> User {
    User {
        state: UserState::Active,
        ..user(n, name, &format!("{name}@example.org"), true)
    }
}
