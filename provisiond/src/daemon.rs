//! The program put together: from a configuration to a daemon that has stopped.

use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{SignalKind, signal};

use crate::accounts::{AccountDatabase, AccountError, Direct, ShadowUtils};
use crate::clock::{Clock, SystemClock};
use crate::config::{Config, ConfigError, Writer};
use crate::crash_point;
use crate::logging::LogLevel;
use crate::operations::{Host, HostError, Operator, Reader, Vitals};
use crate::pulse;
use crate::registry::{Store, StoreError};
use crate::reload::Reload;
use crate::server::{Door, ListenError, Listeners, PeerRules, Service, Worker, WorkerGone};

/// How much time more is asked for, four times as often, while a start is at work.
const MORE_TIME: Duration = Duration::from_secs(120);

/// Why the daemon does not run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state directory.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The account database.
    #[error(transparent)]
    Accounts(#[from] AccountError),
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

impl DaemonError {
    /// How the process ends (sysexits(3)): 78 where an admin has to change something first, so that
    /// the service manager does not try again.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Config(_) | Self::Host(_) | Self::Listen(ListenError::Activation(_)) => 78,
            Self::NotRoot => 77,
            Self::Accounts(_)
            | Self::Store(_)
            | Self::Listen(_)
            | Self::Runtime { .. }
            | Self::WorkerLost => 1,
        }
    }
}

/// Runs until SIGTERM or SIGINT; SIGHUP reads the configuration again.
///
/// # Errors
/// See [`DaemonError`].
pub fn run(config: Config, path: &Path, level: LogLevel) -> Result<(), DaemonError> {
    if !nix::unistd::geteuid().is_root() {
        return Err(DaemonError::NotRoot);
    }
    let mut reload = Reload::new(path, config, level)?;
    let config = reload.config().clone();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    // First: it waits until nothing of an earlier provisiond is at work.
    let store = Store::open(&config.state.directory, clock.now())?;
    let lock = store.lock_handle().map_err(runtime("the lock"))?;
    let accounts = account_database(config.accounts.writer, lock, &clock)?;
    let host = Arc::new(Host::new(&config, accounts)?);
    let vitals = Arc::new(Vitals::default());
    let reader = Arc::new(Reader {
        registry: store.shared(),
        host: Arc::clone(&host),
        rulebook: reload.rulebook(),
        clock: Arc::clone(&clock),
        vitals: Arc::clone(&vitals),
    });
    let mut operator = Operator::new(store, host, reload.rulebook(), clock);
    recover(&mut operator)?;
    crash_point::at("start.recovered");
    operator.report(&vitals);
    let listeners = Listeners::open(&config.sockets)?;
    let told = AtomicUsize::new(reader.active());
    let counting = Arc::clone(&reader);
    let tell_count = move || {
        let active = counting.active();
        if told.swap(active, Ordering::Relaxed) != active {
            notify(&[NotifyState::Status(&status_line(active))]);
        }
    };
    let (worker, gone) = Worker::start(operator, vitals, config.limits.max_queue, tell_count)
        .map_err(runtime("the worker's thread"))?;
    let runtime_of_sockets = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // For reads: NSS may be slow, but two at a time are enough.
        .max_blocking_threads(2)
        .thread_keep_alive(Duration::from_secs(5))
        .build()
        .map_err(runtime("the runtime"))?;
    let peers = PeerRules::of(&config.sockets);
    let service = Service::new(Arc::clone(&reader), worker, peers, config.limits);
    runtime_of_sockets.block_on(serve(service, &reader, listeners, gone, &mut reload))
}

/// Settles what an earlier run left. To pack a large home again takes longer than a start may:
/// while the work goes on, the service manager is asked for more time.
fn recover(operator: &mut Operator) -> Result<(), DaemonError> {
    let (done, is_done) = mpsc::channel::<()>();
    let asking = std::thread::Builder::new()
        .name("start-time".into())
        .stack_size(64 * 1024)
        .spawn(move || {
            loop {
                if pulse::silence() < MORE_TIME {
                    let micros = u32::try_from(MORE_TIME.as_micros()).unwrap_or(u32::MAX);
                    notify(&[NotifyState::ExtendTimeoutUsec(micros)]);
                }
                if is_done.recv_timeout(MORE_TIME / 4) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        })
        .map_err(runtime("a thread"))?;
    pulse::beat();
    operator.recover();
    drop(done);
    asking
        .join()
        .map_err(|_| runtime("a thread")(std::io::Error::other("it panicked")))
}

fn account_database(
    writer: Writer,
    lock: OwnedFd,
    clock: &Arc<dyn Clock>,
) -> Result<Box<dyn AccountDatabase>, AccountError> {
    let tools = ShadowUtils::new(Some(lock));
    Ok(match writer {
        Writer::ShadowUtils => Box::new(tools),
        Writer::Direct => Box::new(Direct::new(tools, Arc::clone(clock))?),
    })
}

async fn serve(
    service: Service,
    reader: &Reader,
    listeners: Listeners,
    mut gone: WorkerGone,
    reload: &mut Reload,
) -> Result<(), DaemonError> {
    let mut terminate = signal(SignalKind::terminate()).map_err(runtime("SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(runtime("SIGINT"))?;
    let mut hangup = signal(SignalKind::hangup()).map_err(runtime("SIGHUP"))?;
    let origin = listeners.origin;
    let (submit, admin) = listeners.into_tokio().map_err(runtime("the sockets"))?;
    let service = Arc::new(service);
    let submit = tokio::spawn(Arc::clone(&service).serve(submit, Door::Submit));
    let admin = tokio::spawn(Arc::clone(&service).serve(admin, Door::Admin));
    let status = status_line(reader.active());
    notify(&[NotifyState::Ready, NotifyState::Status(&status)]);
    tracing::info!(status, ?origin, "ready");

    let lost = loop {
        tokio::select! {
            _ = terminate.recv() => break false,
            _ = interrupt.recv() => break false,
            _ = hangup.recv() => reload_settings(reload, &service),
            () = gone.wait() => break true,
            () = watchdog(&service) => break false,
        }
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

/// Reads the configuration again; a bad one changes nothing, and says so.
fn reload_settings(reload: &mut Reload, service: &Service) {
    let mut states = vec![NotifyState::Reloading];
    states.extend(NotifyState::monotonic_usec_now());
    notify(&states);
    match reload.reload(service) {
        Ok(waiting) => {
            if !waiting.is_empty() {
                let keys = waiting.join(", ");
                tracing::warn!(
                    keys,
                    "these settings changed and wait for a restart: {keys}"
                );
            }
            tracing::info!("the configuration was read again");
        }
        Err(error) => tracing::error!(%error, "the configuration is as it was: {error}"),
    }
    notify(&[NotifyState::Ready]);
}

/// Tells the service manager at half of its interval that the sockets' thread is alive, and the
/// worker too.
async fn watchdog(service: &Service) {
    let Some(interval) = sd_notify::watchdog_enabled() else {
        return std::future::pending().await;
    };
    let mut tick = tokio::time::interval(interval / 2);
    loop {
        tick.tick().await;
        if service.is_stuck() {
            tracing::error!("the worker is stuck in a call; the watchdog is not fed");
        } else {
            notify(&[NotifyState::Watchdog]);
        }
    }
}

/// What `systemctl status` shows.
fn status_line(active: usize) -> String {
    format!("{active} accounts active")
}

fn notify(state: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(state) {
        tracing::warn!(%error, "the service manager can't be told");
    }
}

fn runtime(what: &'static str) -> impl FnOnce(std::io::Error) -> DaemonError {
    move |source| DaemonError::Runtime { what, source }
}
