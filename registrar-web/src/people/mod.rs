//! Members after they have joined: who they are, what they tell of themselves, what becomes of
//! their accounts, and whom they invite.

mod closing;
mod error;
mod export;
mod invite_news;
mod invites;
mod members;
mod organisations;
mod profiles;
mod scan;
mod sponsors;

use std::fmt;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::Mutex;

use crate::audit::By;
use crate::auth::Auth;
use crate::config::{Config, PasswordMode};
use crate::domain::{Authority, User};
use crate::registration::{Policy, Registrar, World};

pub use error::PeopleError;
pub use export::Export;
pub use invites::{InviteQuery, InviteView, InviteWish, Joined, ListedInvite, NewInvite};
pub use members::MemberQuery;
pub use organisations::{OrganisationChange, OrganisationView, OrganisationWish, preference_word};
pub use scan::{SearchError, SearchText};
pub use sponsors::Branch;

/// Who asks for something.
#[derive(Clone, Debug)]
pub struct Acting {
    /// As the audit log tells it.
    pub by: By,
    /// The member; `None` for the host's own admins.
    pub member: Option<User>,
}

impl Acting {
    /// On whose authority that is.
    #[must_use]
    pub fn authority(&self) -> Authority {
        match &self.member {
            Some(user) => user.authority(),
            None => Authority::Host,
        }
    }

    /// The name of who asks.
    #[must_use]
    pub fn name(&self) -> &str {
        self.by.actor.name()
    }
}

/// What people may ask for once they are members, and admins about them.
#[derive(Clone)]
pub struct People {
    world: World,
    policy: Policy,
    auth: Auth,
    /// How long a deleted account can be resumed.
    grace: SignedDuration,
    /// Whether the password of a member is the host's, too.
    host_password: bool,
    /// One decision about members at a time, so that two can't take away the last two super admins.
    deciding: Arc<Mutex<()>>,
}

impl fmt::Debug for People {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("People")
    }
}

impl People {
    /// Puts it together.
    #[must_use]
    pub fn new(registrar: Registrar, auth: Auth, config: &Config) -> Self {
        Self {
            world: registrar.world().clone(),
            policy: registrar.policy().clone(),
            auth,
            grace: config.accounts.delete_grace.signed(),
            host_password: config.accounts.password == PasswordMode::Account,
            deciding: Arc::default(),
        }
    }

    /// How long a deleted account can be resumed.
    #[must_use]
    pub fn grace(&self) -> SignedDuration {
        self.grace
    }
}
