use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::audit::Audit;
use crate::config::{Config, MayInvite, PasswordMode};
use crate::domain::{
    DomainLists, Flow, MailDomain, Mode, ProfileField, ProfileRules, SignupRules, VerificationKey,
};
use crate::events::Events;
use crate::hash::HashPool;
use crate::metrics::Metrics;
use crate::ports::{BreachRanges, Clock, Entropy, Provisioner, Store};

/// What the service works with. Tests own every part of it.
#[derive(Clone)]
pub struct World {
    /// Records.
    pub store: Arc<dyn Store>,
    /// The host side.
    pub provisioner: Arc<dyn Provisioner>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Makes tokens and codes.
    pub key: VerificationKey,
    /// Verification mails to one mailbox in a day.
    pub verification_mails: u32,
    /// Who did what.
    pub audit: Audit,
    /// Lists of leaked passwords; `None` where the host does not ask them.
    pub breaches: Option<Arc<dyn BreachRanges>>,
    /// Tells members.
    pub events: Events,
    /// How much, how often, how long.
    pub metrics: Metrics,
    /// Rung when a registration may have become due.
    pub registrations_due: Arc<Notify>,
    /// Rung when something may be to be done on the host for a member.
    pub members_due: Arc<Notify>,
    /// Rung when a mail may have become due.
    pub mails_due: Arc<Notify>,
}

impl World {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

/// The community's rules, from the configuration.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Who may register.
    pub mode: Mode,
    /// In which order things happen.
    pub flow: Flow,
    /// For how many there is room; for any number where there is none.
    pub capacity: Option<NonZeroU32>,
    /// The host's mail domain.
    pub domain: MailDomain,
    /// Whether the sign-up's password is the account's.
    pub password: bool,
    /// Whether applicants must give a reason.
    pub require_reason: bool,
    /// What else people must tell of themselves.
    pub require: Vec<ProfileField>,
    /// Years.
    pub minimum_age: u8,
    /// Who may invite whom.
    pub may_invite: MayInvite,
    /// How many people a plain member may bring in.
    pub members_may_invite: u32,
    /// How many invites of one person below operator are mailed in 24 hours.
    pub invite_mails_per_day: u32,
    /// How long an address may stay unproven.
    pub verification_ttl: SignedDuration,
    /// How long a failed registration can be looked at.
    pub remember_failed: SignedDuration,
    /// How long an invite can be used.
    pub invite_ttl: SignedDuration,
    /// Registrations for each client address in a window; and the window.
    pub registrations: (u32, SignedDuration),
    /// How long a reviewer's claim lasts.
    pub claim_ttl: SignedDuration,
    /// Reasons for a rejection to choose from.
    pub reject_reasons: Vec<String>,
    /// What reviewers are warned of.
    pub domains: DomainLists,
}

impl Policy {
    /// Takes the rules out of the configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            mode: config.registration.mode,
            flow: config.registration.flow,
            capacity: config.community.capacity,
            domain: config.community.domain.clone(),
            password: config.accounts.password == PasswordMode::Account,
            require_reason: config.registration.require_reason,
            require: config.registration.require.clone(),
            minimum_age: config.registration.minimum_age,
            may_invite: config.roles.may_invite.clone(),
            members_may_invite: config.invites.members_may_invite,
            invite_mails_per_day: config.invites.mails_per_day,
            verification_ttl: config.registration.verification_ttl.signed(),
            remember_failed: config.registration.remember_failed.signed(),
            invite_ttl: config.registration.invite_ttl.signed(),
            registrations: (
                config.limits.registrations,
                config.limits.registrations_window.signed(),
            ),
            claim_ttl: config.review.claim_ttl.signed(),
            reject_reasons: config.review.reject_reasons.clone(),
            domains: DomainLists {
                disposable: config.review.disposable_domains.clone(),
                known: config.review.known_domains.clone(),
            },
        }
    }

    /// What a profile is judged by at that time.
    #[must_use]
    pub fn profile_rules(&self, now: Timestamp) -> ProfileRules {
        ProfileRules {
            required: self.require.clone(),
            minimum_age: self.minimum_age,
            today: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
        }
    }

    /// What a form is judged by at that time.
    #[must_use]
    pub fn signup_rules(&self, now: Timestamp) -> SignupRules {
        SignupRules {
            own_domain: Some(self.domain.clone()),
            password: self.password,
            require_reason: self.require_reason && self.mode == Mode::Approval,
            profile: self.profile_rules(now),
        }
    }
}

/// What people and reviewers may ask for.
#[derive(Clone)]
pub struct Registrar {
    pub(super) world: World,
    pub(super) policy: Policy,
    pub(super) hashes: HashPool,
}

impl Registrar {
    /// Puts it together.
    #[must_use]
    pub fn new(world: World, policy: Policy, hashes: HashPool) -> Self {
        Self {
            world,
            policy,
            hashes,
        }
    }

    /// The community's rules.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What hashes passwords.
    #[must_use]
    pub fn hashes(&self) -> &HashPool {
        &self.hashes
    }

    /// What it works with.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }
}
