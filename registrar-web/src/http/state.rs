use std::path::PathBuf;
use std::sync::Arc;

use jiff::SignedDuration;
use tokio::sync::{Mutex, Semaphore};
use tokio_util::sync::CancellationToken;

use super::admin_token::AdminToken;
use super::limits::PerClient;
use super::live::ListeningRoom;
use crate::auth::Auth;
use crate::config::{Config, IpNet, LimitSettings};
use crate::domain::{FormRules, Mode, Places, ProfileField, Timestamp};
use crate::people::People;
use crate::registration::{Readiness, Registrar};
use crate::way_in::WayIn;

/// How many status pages may be live at once; the others are told to look again later.
const LIVE_PAGES: usize = 256;
/// How long a number of places is shown.
const PLACES_LAST: SignedDuration = SignedDuration::from_secs(10);
/// How many of them one client may have.
const LIVE_PAGES_OF_ONE: usize = 8;

/// What handlers work with.
#[derive(Clone)]
pub struct AppState(Arc<Inner>);

/// The inside of [`AppState`].
pub struct Inner {
    /// What people may ask for.
    pub registrar: Registrar,
    /// Logins, tokens and sessions.
    pub auth: Auth,
    /// Members, their profiles and invites.
    pub people: People,
    /// What the community calls itself.
    pub site: Site,
    /// Opens the admin routes.
    pub admin_token: Option<AdminToken>,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Who may call from scripts of other sites.
    pub cors_origins: Vec<String>,
    /// How much a client may ask.
    pub limits: LimitSettings,
    /// Live status pages, all of them.
    pub live: Arc<Semaphore>,
    /// Live status pages of single clients.
    pub live_of_client: PerClient,
    /// Room for those who listen to live events.
    pub listening: ListeningRoom,
    /// The latest number of places.
    pub places: Mutex<Option<(Timestamp, Places)>>,
    /// The latest answer about readiness.
    pub readiness: Mutex<Option<(Timestamp, Readiness)>>,
    /// Where the service keeps its own files; its file system is shown to admins.
    pub state_directory: PathBuf,
    /// Ends live pages when the service stops.
    pub stop: CancellationToken,
}

/// What pages say of the community.
#[derive(Clone, Debug)]
pub struct Site {
    /// Its name.
    pub name: String,
    /// What `ssh NAME@` and mail addresses end with.
    pub domain: String,
    /// Its paragraph.
    pub welcome: String,
    /// How people reach the site, without a slash at the end.
    pub public_url: String,
    /// Whether that is over TLS.
    pub https: bool,
    /// Who may register.
    pub mode: Mode,
    /// Whether accounts have a password.
    pub password: bool,
    /// Whether a reason must be given.
    pub require_reason: bool,
    /// What else must be told.
    pub require: Vec<ProfileField>,
    /// How members get in.
    pub way_in: WayIn,
}

impl Site {
    /// What the sign-up form depends on.
    #[must_use]
    pub fn form_rules(&self) -> FormRules<'_> {
        FormRules {
            domain: &self.domain,
            mode: self.mode,
            password: self.password,
            require_reason: self.require_reason,
            require: &self.require,
        }
    }
}

impl AppState {
    /// Puts it together; `stop` ends what would otherwise last.
    #[must_use]
    pub fn new(
        registrar: Registrar,
        auth: Auth,
        config: &Config,
        admin_token: Option<AdminToken>,
        stop: CancellationToken,
    ) -> Self {
        let rules = registrar.policy().signup_rules(registrar.world().now());
        let site = Site {
            name: config.community.name.clone(),
            domain: config.community.domain.as_str().to_owned(),
            welcome: config.community.welcome.clone(),
            public_url: config.server.public_url.clone(),
            https: config.server.public_url.starts_with("https://"),
            mode: registrar.policy().mode,
            password: rules.password,
            require_reason: rules.require_reason,
            require: rules.profile.required,
            way_in: WayIn::of(&config.community),
        };
        let people = People::new(registrar.clone(), auth.clone(), config);
        Self(Arc::new(Inner {
            registrar,
            auth,
            people,
            site,
            admin_token,
            trusted_proxies: config.server.trusted_proxies.clone(),
            cors_origins: config.server.cors_origins.clone(),
            limits: config.limits,
            live: Arc::new(Semaphore::new(LIVE_PAGES)),
            live_of_client: PerClient::new(LIVE_PAGES_OF_ONE),
            listening: ListeningRoom::default(),
            places: Mutex::default(),
            readiness: Mutex::default(),
            state_directory: config.server.state_directory.clone(),
            stop,
        }))
    }

    /// How many places are taken, as it was in the last ten seconds: everyone may look, and looking
    /// counts them once. `None` where there is no end of them, and where they can't be counted.
    pub async fn places(&self) -> Option<Places> {
        self.registrar.policy().capacity?;
        let mut latest = self.places.lock().await;
        let now = self.now();
        if let Some((at, places)) = *latest
            && now.duration_since(at) < PLACES_LAST
        {
            return Some(places);
        }
        match self.registrar.places().await {
            Ok(places) => {
                *latest = places.map(|places| (now, places));
                places
            }
            Err(error) => {
                tracing::warn!(%error, "the places can't be counted");
                None
            }
        }
    }

    /// Whether the service can do its work. Anyone may ask, and asking is not limited, so store and
    /// provisiond are asked at most once a second, by one request at a time.
    pub async fn readiness(&self) -> Readiness {
        let mut latest = self.readiness.lock().await;
        let now = self.now();
        if let Some((at, readiness)) = &*latest
            && now.duration_since(*at) < SignedDuration::from_secs(1)
        {
            return readiness.clone();
        }
        let readiness = self.registrar.readiness().await;
        *latest = Some((now, readiness.clone()));
        readiness
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.registrar.world().now()
    }
}

impl std::ops::Deref for AppState {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}
