//! Puts the program together: the one place that names the adapters.

mod doors;
mod round;

use std::io::ErrorKind::NotFound;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use strict_config::SecretError;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::audit::Audit;
use crate::auth::{AuthPolicy, KeyError, KeyRing};
use crate::breaches::HttpRanges;
use crate::config::{self, Config, LoadError, StoreKind};
use crate::crash_point;
use crate::events::{Events, Reach};
use crate::hash::{HashPool, best_hasher};
use crate::http::{self, AdminToken, CurrentRoutes};
use crate::logging::{self, LogFilter, LoggingError};
use crate::mail::MailSetupError;
use crate::metrics::{Metrics, metered_provisioner};
use crate::ports::{BreachRanges, Clock, Entropy, OsEntropy, StoreError};
use crate::provision::Varlink;
use crate::registration::World;
use crate::secrets;
use crate::store;
use crate::sys;
use round::{Lasting, Round};

/// How long requests and steps under way may take when the service is told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// The admin token of the package: `LoadCredential=registrar:/etc/registrar/credentials` passes each
/// file of that directory as `registrar_FILE` (systemd.exec(5)).
const ADMIN_CREDENTIAL: &str = "registrar_admin-token";
/// How often ended mails and limit windows are forgotten. A test that ends the process while it
/// does can't wait so long.
const TIDY_EVERY: Duration = if cfg!(feature = "crash-points") {
    Duration::from_secs(1)
} else {
    Duration::from_secs(15 * 60)
};
/// How long a mail that was sent or refused is kept to be looked at.
const REMEMBER_MAILS: jiff::SignedDuration = jiff::SignedDuration::from_hours(24 * 30);

/// Why the service does not start. Each says what to mend.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "each variant is its source")]
pub enum StartError {
    #[error(transparent)]
    Config(#[from] LoadError),
    #[error(transparent)]
    Logging(#[from] LoggingError),
    #[error(transparent)]
    Secret(#[from] secrets::SecretError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("accounts.bcrypt_cost: {0}")]
    HashCost(#[from] provision_api::BcryptHashError),
    #[error(
        "breaches.check: no certificate authority is trusted here, install ca-certificates: {0}"
    )]
    Breaches(std::io::Error),
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("mail: {0}")]
    Mail(#[from] MailSetupError),
    #[error("server.admin_token_file: {0}")]
    AdminToken(SecretError),
    #[error(
        "server.admin_token_file: a token has at least 16 characters; make one with: openssl rand -hex 32"
    )]
    WeakAdminToken,
    #[error("{address} can't be listened on: {source}")]
    Listen {
        address: SocketAddr,
        source: std::io::Error,
    },
    #[error("server.internal_token_file: {0}")]
    InternalToken(SecretError),
    #[error(
        "server.internal_token_file: a token has at least 16 characters; make one with: openssl rand -hex 32"
    )]
    WeakInternalToken,
    #[error("{key}: {}: {source}", path.display())]
    Socket {
        key: &'static str,
        path: std::path::PathBuf,
        source: std::io::Error,
    },
    #[error("the sockets that the service manager passed can't be used: {source}")]
    Passed { source: std::io::Error },
    #[error("the runtime can't be started: {0}")]
    Runtime(std::io::Error),
}

impl StartError {
    /// How the process ends (sysexits(3)): 78 where an admin has to change something first, so that
    /// the service manager does not try again.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_)
            | Self::Logging(_)
            | Self::Secret(_)
            | Self::Keys(_)
            | Self::HashCost(_)
            | Self::Breaches(_)
            | Self::Mail(_)
            | Self::AdminToken(_)
            | Self::WeakAdminToken
            | Self::InternalToken(_)
            | Self::WeakInternalToken => 78,
            // A server that is not up yet, an address that is still taken.
            Self::Store(_)
            | Self::Listen { .. }
            | Self::Socket { .. }
            | Self::Passed { .. }
            | Self::Runtime(_) => 1,
        }
    }
}

/// Runs the service until SIGTERM or SIGINT; SIGHUP reads the configuration at `path` again.
///
/// # Errors
/// It can't start.
pub fn run(config: Config, path: &Path) -> Result<(), StartError> {
    let filter = logging::start(&config.log)?;
    tokio::runtime::Builder::new_multi_thread()
        // Requests wait for the store and for hashes, which have threads of their own.
        .worker_threads(
            std::thread::available_parallelism()
                .map_or(2, usize::from)
                .min(4),
        )
        .enable_all()
        .build()
        .map_err(StartError::Runtime)?
        .block_on(serve(config, path, filter))
}

fn breaches(config: &Config) -> Result<Option<Arc<dyn BreachRanges>>, StartError> {
    if !config.breaches.check {
        return Ok(None);
    }
    let ranges = HttpRanges::new(&config.breaches).map_err(StartError::Breaches)?;
    Ok(Some(Arc::new(ranges)))
}

async fn serve(config: Config, path: &Path, filter: LogFilter) -> Result<(), StartError> {
    let clock: Arc<dyn Clock> = crash_point::clock();
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let key = secrets::verification_key(&config.server.state_directory, entropy.as_ref())?;
    let store = crash_point::around_store(store::open(&config.store).await?);
    let metrics = Metrics::default();
    let reach = match config.store.kind {
        StoreKind::Sqlite => Reach::Process,
        StoreKind::Mongodb => Reach::Instances,
    };
    let events = Events::new(
        store.clone(),
        clock.clone(),
        entropy.clone(),
        metrics.clone(),
        reach,
    );
    let host = crash_point::around_provisioner(Arc::new(Varlink::new(&config.provision)));
    let world = World {
        audit: Audit::new(store.clone(), clock.clone()),
        events,
        store: store.clone(),
        provisioner: metered_provisioner(host, metrics.clone()),
        metrics,
        breaches: breaches(&config)?,
        clock: clock.clone(),
        entropy: entropy.clone(),
        key,
        verification_mails: config.limits.verification_mails,
        registrations_due: Arc::new(Notify::new()),
        members_due: Arc::new(Notify::new()),
        mails_due: Arc::new(Notify::new()),
    };
    let hashes = HashPool::new(
        best_hasher(),
        entropy.clone(),
        config.accounts.bcrypt_cost,
        config.accounts.hash_threads,
        config.accounts.hash_queue,
    );
    let auth = AuthPolicy::of(&config);
    let keys = KeyRing::open(
        &config.server.state_directory,
        auth.algorithm,
        auth.access_ttl,
        world.entropy.as_ref(),
        world.now(),
    )?;
    let lasting = Lasting {
        world,
        hashes,
        keys: Arc::new(keys),
    };
    let stop = CancellationToken::new();
    let round = Round::build(&lasting, config.clone(), &stop)?;
    let routes = CurrentRoutes::from(round.router());

    let address = config.server.listen;
    let listener = bind(address).await?;
    let doors = doors::open(&config.server)?;
    let scraped = match config.server.metrics_listen {
        Some(address) => Some(bind(address).await?),
        None => None,
    };

    let tasks = TaskTracker::new();
    let mut at_work = round.start(&lasting.world, &tasks);
    sys::give_memory_back();
    tasks.spawn(tidy(lasting.world.clone(), stop.clone()));
    tasks.spawn(feed_watchdog(stop.clone()));
    tasks.spawn({
        let (events, stop) = (lasting.world.events.clone(), stop.clone());
        async move { events.serve(stop).await }
    });
    tasks.spawn({
        let (routes, stop) = (routes.clone(), stop.clone());
        let trusted = config.server.trusted_proxies.clone();
        async move { http::serve(listener, routes, trusted, stop).await }
    });
    for (socket, door) in doors {
        let (routes, stop) = (routes.clone(), stop.clone());
        tasks.spawn(async move { http::serve_local(socket, door, routes, stop).await });
    }
    if let Some(listener) = scraped {
        let routes = http::metrics_router(&lasting.world, &lasting.hashes);
        let stop = stop.clone();
        tasks.spawn(async move { http::serve(listener, routes, Vec::new(), stop).await });
    }
    tasks.close();
    tracing::info!(%address, url = config.server.public_url, mode = ?config.registration.mode, "serving");
    notify(&[
        NotifyState::Ready,
        NotifyState::Status(&status_line(&config)),
    ]);

    let mut signals = Signals::catch();
    while let Asked::Reload = signals.next().await {
        let mut states = vec![NotifyState::Reloading];
        states.extend(NotifyState::monotonic_usec_now());
        notify(&states);
        match reload(&lasting, &config, path, &filter, &stop) {
            Ok((round, status)) => {
                routes.set(round.router());
                at_work.cancel();
                at_work = round.start(&lasting.world, &tasks);
                sys::give_memory_back();
                notify(&[NotifyState::Status(&status)]);
                tracing::info!("the configuration was read again");
            }
            Err(error) => tracing::error!(%error, "the configuration is as it was: {error}"),
        }
        notify(&[NotifyState::Ready]);
    }
    tracing::info!("stopping: finishing what is under way");
    notify(&[NotifyState::Stopping]);
    stop.cancel();
    if tokio::time::timeout(STOP_WITHIN, tasks.wait())
        .await
        .is_err()
    {
        tracing::warn!("some work did not end in time; it is finished after the next start");
    }
    store.close().await;
    Ok(())
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Listen { address, source })
}

/// What the settings of now make, and the status line for it; nothing of it is at work yet.
fn reload(
    lasting: &Lasting,
    started: &Config,
    path: &Path,
    filter: &LogFilter,
    stop: &CancellationToken,
) -> Result<(Round, String), StartError> {
    let mut config = config::load(path)?;
    let waiting = config.keep_fixed(started);
    if !waiting.is_empty() {
        let keys = waiting.join(", ");
        tracing::warn!(
            keys,
            "these settings changed and wait for a restart: {keys}"
        );
    }
    let log = config.log.clone();
    let status = status_line(&config);
    let round = Round::build(lasting, config, stop)?;
    filter.set(&log.filter)?;
    Ok((round, status))
}

/// What `systemctl status` shows.
fn status_line(config: &Config) -> String {
    let mode = format!("{:?}", config.registration.mode).to_lowercase();
    format!("serving {}, mode {mode}", config.server.public_url)
}

/// The token that opens the admin routes: of the file that is configured, else the one that the
/// unit passes, if there is one.
fn admin_token(config: &Config) -> Result<Option<AdminToken>, StartError> {
    let passed = Path::new(ADMIN_CREDENTIAL);
    let secret = match &config.server.admin_token_file {
        Some(file) => strict_config::read_secret(file),
        None => match strict_config::read_secret(passed) {
            Err(SecretError::NoCredentials { .. }) => return Ok(None),
            Err(SecretError::Unreadable { source, .. }) if source.kind() == NotFound => {
                return Ok(None);
            }
            read => read,
        },
    };
    let secret = secret.map_err(StartError::AdminToken)?;
    AdminToken::new(secret.expose())
        .map(Some)
        .ok_or(StartError::WeakAdminToken)
}

/// Deletes what has ended long ago.
async fn tidy(world: World, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(TIDY_EVERY) => {}
            () = stop.cancelled() => return,
        }
        let now = world.now();
        let mails = world.store.forget_mails(now - REMEMBER_MAILS).await;
        let limits = world.store.forget_limits(now).await;
        let sessions = world.store.forget_sessions(now).await;
        let events = world.store.forget_events(now).await;
        tracing::debug!(?mails, ?limits, ?sessions, ?events, "tidied");
    }
}

/// Tells systemd that the service is alive, twice in each watchdog interval (`sd_watchdog_enabled(3)`).
async fn feed_watchdog(stop: CancellationToken) {
    let Some(interval) = sd_notify::watchdog_enabled() else {
        return;
    };
    loop {
        notify(&[NotifyState::Watchdog]);
        tokio::select! {
            () = tokio::time::sleep(interval / 2) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(state) {
        tracing::warn!(error = %e, "the service manager can't be told");
    }
}

/// What a signal asks for.
enum Asked {
    Reload,
    Stop,
}

/// SIGTERM, SIGINT, SIGHUP; `None` where they can't be received.
struct Signals(Option<[Signal; 3]>);

impl Signals {
    fn catch() -> Self {
        let caught = (
            signal(SignalKind::terminate()),
            signal(SignalKind::interrupt()),
            signal(SignalKind::hangup()),
        );
        if let (Ok(term), Ok(int), Ok(hup)) = caught {
            return Self(Some([term, int, hup]));
        }
        tracing::error!("signals can't be received; stop the service with SIGKILL");
        Self(None)
    }

    async fn next(&mut self) -> Asked {
        let Some([term, int, hup]) = &mut self.0 else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = term.recv() => Asked::Stop,
            _ = int.recv() => Asked::Stop,
            _ = hup.recv() => Asked::Reload,
        }
    }
}
