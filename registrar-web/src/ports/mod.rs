//! What the service needs of the world, as traits. Adapters implement them; tests own them.

mod breaches;
mod clock;
mod entropy;
mod hasher;
mod mailer;
mod organisations;
mod provisioner;
mod store;

pub use breaches::{BreachError, BreachRanges};
pub use clock::{Clock, SystemClock};
pub use entropy::{Entropy, EntropyExt, OsEntropy};
pub use hasher::{HashError, PasswordHasher};
pub use mailer::{MailError, Mailer, Message};
pub use organisations::OrganisationStore;
pub use provisioner::{Activation, Availability, ProvisionFailure, Provisioner, SystemStatus};
pub use store::{
    AuditFilter, AuditStore, EventFilter, EventStore, InviteFilter, InviteStore, LeaseRequest,
    LimitStore, LimitWindow, MailStore, Page, PageRequest, RegistrationFilter, RegistrationStore,
    SessionStore, Store, StoreCounts, StoreError, StoreHealth, Unique, UserFilter, UserStore,
};
