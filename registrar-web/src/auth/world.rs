use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio_util::task::TaskTracker;
use zeroize::Zeroizing;

use super::access::{AccessToken, Issuer};
use super::error::TokenError;
use super::gate::Gate;
use super::host_side::HostSide;
use super::keys::{KeyError, KeyRing};
use crate::audit::By;
use crate::config::{Config, PasswordMode, TokenAlgorithm};
use crate::domain::{
    Action, BcryptHash, Device, FactorNotice, FactorPolicy, MailDomain, Origin, RefreshKey,
    RefreshToken, Session, Subject, User, WorkerId,
};
use crate::hash::HashPool;
use crate::ports::{EntropyExt, StoreError};
use crate::registration::{ClientKey, World};

/// How people log in, from the configuration.
#[derive(Clone, Debug)]
pub struct AuthPolicy {
    /// How access tokens are signed.
    pub algorithm: TokenAlgorithm,
    /// In whose name.
    pub issuer: String,
    /// For whom.
    pub audience: String,
    /// How long they are good.
    pub access_ttl: SignedDuration,
    /// How long a session lives without being used.
    pub refresh_ttl: SignedDuration,
    /// Failed logins of one address, and for one account, in a window; and the window.
    pub failed_logins: (u32, SignedDuration),
    /// The host's mail domain: who logs in as NAME@domain means the account NAME.
    pub domain: MailDomain,
    /// What a comparison costs.
    pub bcrypt_cost: u32,
    /// Whether a member's password is the one of the host account, too.
    pub host_password: bool,
    /// Who is asked for a second factor.
    pub second_factor: FactorPolicy,
    /// What the community calls itself, for authenticators.
    pub community: String,
}

impl AuthPolicy {
    /// Takes the rules out of the configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        let issuer = config.server.public_url.clone();
        Self {
            algorithm: config.auth.algorithm,
            audience: config.auth.audience.clone().unwrap_or(issuer.clone()),
            issuer,
            access_ttl: config.auth.access_ttl.signed(),
            refresh_ttl: config.auth.refresh_ttl.signed(),
            failed_logins: (
                config.auth.failed_logins,
                config.auth.failed_logins_window.signed(),
            ),
            domain: config.community.domain.clone(),
            bcrypt_cost: config.accounts.bcrypt_cost,
            host_password: config.accounts.password == PasswordMode::Account,
            second_factor: FactorPolicy {
                required: config.auth.require_two_factor.clone(),
            },
            community: config.community.name.clone(),
        }
    }
}

/// Why no other key signs, or it was not written down that one does.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is its source")]
pub enum RotateError {
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Who asks: where from, with what.
#[derive(Clone, Debug)]
pub struct Client {
    /// The address that limits count.
    pub address: ClientKey,
    /// What the program calls itself.
    pub device: Device,
}

impl Client {
    pub(super) fn origin(&self, at: Timestamp) -> Origin {
        Origin {
            at,
            address: self.address.0.clone(),
            device: self.device.clone(),
        }
    }
}

/// What a session brings: tokens, and whose they are.
#[derive(Debug)]
pub struct Tokens {
    /// Opens routes, for a while.
    pub access: AccessToken,
    /// How long the access token is good.
    pub access_ttl: SignedDuration,
    /// Brings the next tokens, once.
    pub refresh: RefreshToken,
    /// When the refresh token lapses.
    pub refresh_until: Timestamp,
    /// Whose.
    pub user: User,
    /// The session.
    pub session: Session,
    /// What is new since the last login.
    pub notice: Option<FactorNotice>,
}

/// Logins, tokens and sessions.
#[derive(Clone)]
pub struct Auth {
    pub(super) world: World,
    pub(super) policy: Arc<AuthPolicy>,
    pub(super) hashes: HashPool,
    pub(super) keys: Arc<KeyRing>,
    pub(super) issuer: Arc<Issuer>,
    pub(super) refresh_key: RefreshKey,
    pub(super) gate: Gate,
    /// Nobody's; compared with where there is no account, so that it takes as long.
    pub(super) nobodys_hash: BcryptHash,
    /// What goes on after the answer.
    pub(super) background: TaskTracker,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Auth")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Auth {
    /// Puts it together.
    ///
    /// # Errors
    /// The cost of hashes is not one of bcrypt.
    pub fn new(
        world: World,
        policy: AuthPolicy,
        hashes: HashPool,
        keys: Arc<KeyRing>,
    ) -> Result<Self, provision_api::BcryptHashError> {
        // A hash of another cost, so no password gives it.
        let text = format!(
            "$2b${:02}$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW",
            policy.bcrypt_cost
        );
        Ok(Self {
            refresh_key: RefreshKey::new(world.key.clone()),
            issuer: Arc::new(Issuer {
                issuer: policy.issuer.clone(),
                audience: policy.audience.clone(),
                ttl: policy.access_ttl,
            }),
            nobodys_hash: BcryptHash::parse(&text)?,
            world,
            policy: Arc::new(policy),
            hashes,
            keys,
            gate: Gate::default(),
            background: TaskTracker::new(),
        })
    }

    /// The worker that brings the host up to date with what members change here.
    #[must_use]
    pub fn host_side(&self, worker: WorkerId) -> HostSide {
        HostSide::new(self.world.clone(), worker)
    }

    /// The keys of access tokens.
    #[must_use]
    pub fn keys(&self) -> &KeyRing {
        &self.keys
    }

    /// Signs access tokens with a new key; nobody is logged out. Returns the key's name.
    ///
    /// # Errors
    /// See [`RotateError`].
    pub async fn rotate_keys(&self, by: &By) -> Result<String, RotateError> {
        let this = self.clone();
        let work = move || {
            let policy = &this.policy;
            let entropy = this.world.entropy.as_ref();
            let now = this.world.now();
            this.keys
                .rotate(policy.algorithm, policy.access_ttl, entropy, now)
        };
        // RSA keys take a while to make.
        let kid = tokio::task::spawn_blocking(work)
            .await
            .unwrap_or(Err(KeyError::Generate))?;
        let event = by.event(
            Action::KeysRotated,
            Subject::new("keys", &kid, "token keys"),
        );
        self.world.audit.record(event).await?;
        Ok(kid)
    }

    /// The tokens of a session.
    pub(super) fn tokens(
        &self,
        user: User,
        session: Session,
        refresh: RefreshToken,
        now: Timestamp,
    ) -> Result<Tokens, TokenError> {
        let jti = self.world.entropy.uuid_v7(now);
        let access = self.issuer.sign(&self.keys, &user, session.id, jti, now)?;
        Ok(Tokens {
            access,
            access_ttl: self.policy.access_ttl,
            refresh,
            refresh_until: session.expires_at,
            user,
            session,
            notice: None,
        })
    }
}

/// A password as it was typed, wiped when dropped.
pub type Typed = Zeroizing<String>;
