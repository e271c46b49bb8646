//! Where messages go: journald with fields, JSON lines, or lines for people.

use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{EnvFilter, Registry, reload};

use crate::config::{Log, LogFormat};

/// What the journal calls our levels. Its "notice" is for what an admin should look at, and no event
/// of ours that is not a warning is.
const PRIORITIES: PriorityMappings = PriorityMappings {
    error: Priority::Error,
    warn: Priority::Warning,
    info: Priority::Informational,
    debug: Priority::Debug,
    trace: Priority::Debug,
};

/// Changes how much is logged while the daemon runs.
#[derive(Debug)]
pub struct LogLevel(reload::Handle<EnvFilter, Registry>);

/// A level that is none.
#[derive(Debug, thiserror::Error)]
#[error("log.level: {0}")]
pub struct LevelError(String);

impl LogLevel {
    /// From now on as much as this.
    ///
    /// # Errors
    /// It is no level.
    pub fn set(&self, level: &str) -> Result<(), LevelError> {
        let filter = EnvFilter::try_new(level).map_err(|e| LevelError(e.to_string()))?;
        self.0.reload(filter).map_err(|e| LevelError(e.to_string()))
    }
}

/// Whether the settings can be used.
///
/// # Errors
/// The level is none.
pub fn judge(config: &Log) -> Result<(), LevelError> {
    EnvFilter::try_new(&config.level)
        .map(drop)
        .map_err(|e| LevelError(e.to_string()))
}

/// Starts logging. Fields of events and spans become journal fields of the same name in capitals
/// (`REQUEST_ID`, `REGISTRATION_ID`, `USERNAME`, `STEP`).
///
/// # Errors
/// Logging was started before.
pub fn start(config: &Log) -> Result<LogLevel, TryInitError> {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let (filter, handle) = reload::Layer::new(filter);
    let registry = tracing_subscriber::registry().with(filter);
    init(config, registry)?;
    Ok(LogLevel(handle))
}

fn init<S>(config: &Log, registry: S) -> Result<(), TryInitError>
where
    S: tracing::Subscriber + Send + Sync + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    // systemd sets JOURNAL_STREAM when standard error goes to the journal (systemd.exec(5)).
    let under_journald = std::env::var_os("JOURNAL_STREAM").is_some();
    match config.format {
        LogFormat::Auto if under_journald => {
            if let Ok(journal) = tracing_journald::layer() {
                let journal = journal
                    .with_field_prefix(None)
                    .with_priority_mappings(PRIORITIES)
                    .with_syslog_identifier("provisiond".into());
                return registry.with(journal).try_init();
            }
            registry.with(human()).try_init()
        }
        LogFormat::Auto | LogFormat::Human => registry.with(human()).try_init(),
        LogFormat::Json => {
            let json = tracing_subscriber::fmt::layer()
                .json()
                .with_writer(std::io::stderr);
            registry.with(json).try_init()
        }
    }
}

fn human<S>() -> impl tracing_subscriber::Layer<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    use std::io::IsTerminal;
    tracing_subscriber::fmt::layer()
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .with_writer(std::io::stderr)
}
