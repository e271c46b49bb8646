//! Puts the program together: the one place that names the adapters.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, LoadError};
use crate::domain::WorkerId;
use crate::hash::{HashPool, best_hasher};
use crate::http::{self, AdminToken, AppState};
use crate::logging::{self, LoggingError};
use crate::mail::{self, Community, MailSetupError};
use crate::outbox::Outbox;
use crate::ports::{Clock, Entropy, EntropyExt, OsEntropy, StoreError, SystemClock};
use crate::provision::Varlink;
use crate::registration::{Policy, Registrar, Saga, World};
use crate::secrets::{self, SecretError};
use crate::store;

/// How long requests and steps under way may take when the service is told to stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// How often ended mails and limit windows are forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(15 * 60);
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
    Secret(#[from] SecretError),
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("mail: {0}")]
    Mail(#[from] MailSetupError),
    #[error("server.admin_token_file: {0}")]
    AdminToken(strict_config::SecretError),
    #[error(
        "server.admin_token_file: a token has at least 16 characters; make one with: openssl rand -hex 32"
    )]
    WeakAdminToken,
    #[error("server.listen: {address}: {source}")]
    Listen {
        address: std::net::SocketAddr,
        source: std::io::Error,
    },
    #[error("the runtime can't be started: {0}")]
    Runtime(std::io::Error),
}

/// Runs the service until SIGTERM or SIGINT.
///
/// # Errors
/// It can't start.
pub fn run(config: Config) -> Result<(), StartError> {
    logging::start(&config.log)?;
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
        .block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), StartError> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(OsEntropy);
    let key = secrets::verification_key(&config.server.state_directory, entropy.as_ref())?;
    let store = store::open(&config.store).await?;
    let world = World {
        store: store.clone(),
        provisioner: Arc::new(Varlink::new(&config.provision)),
        clock: clock.clone(),
        entropy: entropy.clone(),
        key,
        registrations_due: Arc::new(Notify::new()),
        mails_due: Arc::new(Notify::new()),
    };
    let policy = Policy::of(&config);
    let hashes = HashPool::new(
        best_hasher(),
        entropy.clone(),
        config.accounts.bcrypt_cost,
        config.accounts.hash_threads,
        config.accounts.hash_queue,
    );
    let worker = WorkerId(format!("{}-{:08x}", std::process::id(), entropy.number()));
    let saga = Saga::new(world.clone(), policy.clone(), worker.clone());
    let community = Community::new(&config.community, &config.server.public_url);
    let outbox = Outbox {
        store: store.clone(),
        mailer: mail::mailer(&config.mail, &community, clock.clone())?,
        clock,
        entropy,
        key: world.key.clone(),
        community,
        registrations_due: world.registrations_due.clone(),
        worker,
    };
    let registrar = Registrar::new(world.clone(), policy, hashes);
    let stop = CancellationToken::new();
    let state = AppState::new(registrar, &config, admin_token(&config)?, stop.clone());
    let router = http::router(state);

    let address = config.server.listen;
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| StartError::Listen { address, source })?;

    let tasks = TaskTracker::new();
    tasks.spawn({
        let stop = stop.clone();
        async move { saga.serve(stop).await }
    });
    if let Some(maildir) = config.mail.bounce_maildir.clone() {
        let (outbox, stop) = (outbox.clone(), stop.clone());
        tasks.spawn(async move { outbox.serve_bounces(stop, &maildir).await });
    }
    tasks.spawn({
        let (stop, wake) = (stop.clone(), world.mails_due.clone());
        async move { outbox.serve(stop, wake).await }
    });
    tasks.spawn(tidy(world, stop.clone()));
    tasks.spawn(feed_watchdog(stop.clone()));
    tasks.spawn({
        let stop = stop.clone();
        async move { http::serve(listener, router, stop).await }
    });
    tasks.close();
    tracing::info!(%address, url = config.server.public_url, mode = ?config.registration.mode, "serving");
    notify(&[sd_notify::NotifyState::Ready]);

    wait_for_signal().await;
    tracing::info!("stopping: finishing what is under way");
    notify(&[sd_notify::NotifyState::Stopping]);
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

/// The token that opens the admin routes, where one is configured.
fn admin_token(config: &Config) -> Result<Option<AdminToken>, StartError> {
    let Some(file) = &config.server.admin_token_file else {
        return Ok(None);
    };
    let secret = strict_config::read_secret(file).map_err(StartError::AdminToken)?;
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
        tracing::debug!(?mails, ?limits, "tidied");
    }
}

/// Tells systemd that the service is alive, twice in each watchdog interval (`sd_watchdog_enabled(3)`).
async fn feed_watchdog(stop: CancellationToken) {
    let Some(interval) = sd_notify::watchdog_enabled() else {
        return;
    };
    loop {
        notify(&[sd_notify::NotifyState::Watchdog]);
        tokio::select! {
            () = tokio::time::sleep(interval / 2) => {}
            () = stop.cancelled() => return,
        }
    }
}

fn notify(state: &[sd_notify::NotifyState<'_>]) {
    if let Err(e) = sd_notify::notify(state) {
        tracing::warn!(error = %e, "the service manager can't be told");
    }
}

async fn wait_for_signal() {
    let (Ok(mut term), Ok(mut int)) = (
        signal(SignalKind::terminate()),
        signal(SignalKind::interrupt()),
    ) else {
        tracing::error!("signals can't be received; stop the service with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
}
