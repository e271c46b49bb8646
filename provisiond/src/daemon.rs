//! The program put together: from a configuration to a daemon that has stopped.

use std::sync::Arc;
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::accounts::ShadowUtils;
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError};
use crate::names::NameRules;
use crate::operations::{Host, HostError, Operator, Policy, Reader, Vitals};
use crate::registry::{Store, StoreError};
use crate::server::{Door, ListenError, Listeners, PeerRules, Service, Worker, WorkerGone};

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// What provisiond writes on the host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The sockets.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// It is not run by root.
    #[error("provisiond makes accounts, so it must be run by root")]
    NotRoot,
    /// Threads, signals, the runtime.
    #[error("{what}: {source}")]
    Runtime {
        /// What was tried.
        what: &'static str,
        /// Why not.
        source: std::io::Error,
    },
    /// The worker ended although nobody told it to.
    #[error("the worker ended by itself; see the log")]
    WorkerLost,
}

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// See [`DaemonError`].
pub fn run(config: &Config) -> Result<(), DaemonError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(DaemonError::NotRoot);
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // First: it waits until nothing of an earlier provisiond is at work.
    let store = Store::open(&config.state.directory, clock.now())?;
    let lock = store.lock_handle().map_err(runtime("the lock"))?;
    let accounts = ShadowUtils::new(Some(lock));
    let host = Arc::new(Host::new(config, Box::new(accounts))?);
    let rules = Arc::new(NameRules::new(
        config.reserved_names()?,
        config.accounts.home_root.clone(),
    ));
    let policy = Arc::new(policy(config));
    let vitals = Arc::new(Vitals::default());
    let reader = Arc::new(Reader {
        registry: store.shared(),
        host: Arc::clone(&host),
        rules: Arc::clone(&rules),
        policy: Arc::clone(&policy),
        clock: Arc::clone(&clock),
        vitals: Arc::clone(&vitals),
    });
    let mut operator = Operator::new(store, host, rules, policy, clock);
    operator.recover();
    operator.report(&vitals);
    let listeners = Listeners::open(&config.sockets)?;
    let (worker, gone) = Worker::start(operator, vitals, config.limits.max_queue)
        .map_err(runtime("the worker's thread"))?;
    let runtime_of_sockets = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // For reads: NSS may be slow, but two at a time are enough.
        .max_blocking_threads(2)
        .thread_keep_alive(Duration::from_secs(5))
        .build()
        .map_err(runtime("the runtime"))?;
    let peers = PeerRules {
        submit_users: config.sockets.submit_users.clone(),
        admin_groups: config.sockets.admin_groups.clone(),
    };
    let service = Service::new(Arc::clone(&reader), worker, peers, config.limits.clone());
    runtime_of_sockets.block_on(serve(service, &reader, listeners, gone))
}

fn policy(config: &Config) -> Policy {
    let accounts = &config.accounts;
    Policy {
        uids: accounts.uid_min..=accounts.uid_max,
        shell: accounts.shell.display().to_string(),
        password: accounts.password,
        create_limit_per_hour: accounts.create_limit_per_hour,
        change_limit_per_hour: accounts.change_limit_per_hour,
        privileged_groups: accounts.privileged_groups.clone(),
    }
}

async fn serve(
    service: Service,
    reader: &Reader,
    listeners: Listeners,
    mut gone: WorkerGone,
) -> Result<(), DaemonError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(runtime("SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(runtime("SIGINT"))?;
    let origin = listeners.origin;
    let (submit, admin) = listeners.into_tokio().map_err(runtime("the sockets"))?;
    let service = Arc::new(service);
    let submit = tokio::spawn(Arc::clone(&service).serve(submit, Door::Submit));
    let admin = tokio::spawn(Arc::clone(&service).serve(admin, Door::Admin));
    let status = format!("{} accounts active", reader.active());
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
    tracing::info!(status, ?origin, "ready");

    let lost = tokio::select! {
        _ = terminate.recv() => false,
        _ = interrupt.recv() => false,
        () = gone.wait() => true,
        () = watchdog() => false,
    };
    notify(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    if lost {
        return Err(DaemonError::WorkerLost);
    }
    tracing::info!("stopping; the call under way is finished first");
    service.wind_down().await;
    // New connections end, and with them the last handles of the worker's queue.
    submit.abort();
    admin.abort();
    let _ = (submit.await, admin.await);
    drop(service);
    gone.wait().await;
    gone.join();
    tracing::info!("stopped");
    Ok(())
}

/// Tells the service manager at half of its interval that the sockets' thread is alive.
async fn watchdog() {
    let Some(interval) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut tick = tokio::time::interval(interval / 2);
    loop {
        tick.tick().await;
        notify(&[NotifyState::Watchdog]);
    }
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager can't be told");
    }
}

fn runtime(what: &'static str) -> impl FnOnce(std::io::Error) -> DaemonError {
    move |source| DaemonError::Runtime { what, source }
}
