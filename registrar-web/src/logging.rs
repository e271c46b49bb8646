//! Where log lines go: journald with fields, JSON lines, or text for people.

use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, reload};

use crate::config::{LogFormat, LogSettings};

/// What the journal calls our levels. Its "notice" is for what an admin should look at, and no event
/// of ours that is not a warning is.
const PRIORITIES: PriorityMappings = PriorityMappings {
    error: Priority::Error,
    warn: Priority::Warning,
    info: Priority::Informational,
    debug: Priority::Debug,
    trace: Priority::Debug,
};

/// Logging can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter is no filter.
    #[error("log.filter: {0}; write for example \"info\" or \"info,registrar_web=debug\"")]
    Filter(String),
    /// The journal is not there.
    #[error("log.format: the journal can't be reached: {0}")]
    Journal(std::io::Error),
}

/// Changes how much is logged while the service runs.
#[derive(Clone, Debug)]
pub struct LogFilter(reload::Handle<EnvFilter, Registry>);

impl LogFilter {
    /// From now on as much as this.
    ///
    /// # Errors
    /// It is no filter.
    pub fn set(&self, filter: &str) -> Result<(), LoggingError> {
        self.0
            .reload(parse(filter)?)
            .map_err(|e| LoggingError::Filter(e.to_string()))
    }
}

/// Whether the settings can be used.
///
/// # Errors
/// The filter is no filter.
pub fn judge(settings: &LogSettings) -> Result<(), LoggingError> {
    parse(&settings.filter).map(drop)
}

fn parse(filter: &str) -> Result<EnvFilter, LoggingError> {
    EnvFilter::try_new(filter).map_err(|e| LoggingError::Filter(e.to_string()))
}

/// Sets logging up for the process. Fields such as `REQUEST_ID` keep their names in the journal.
///
/// # Errors
/// See [`LoggingError`].
pub fn start(settings: &LogSettings) -> Result<LogFilter, LoggingError> {
    let (filter, handle) = reload::Layer::new(parse(&settings.filter)?);
    // systemd sets JOURNAL_STREAM for services whose output it keeps (systemd.exec(5)).
    let journal = match settings.format {
        LogFormat::Auto => std::env::var_os("JOURNAL_STREAM").is_some(),
        LogFormat::Journal => true,
        LogFormat::Json | LogFormat::Text => false,
    };
    let registry = tracing_subscriber::registry().with(filter);
    let set = if journal {
        let layer = tracing_journald::layer()
            .map_err(LoggingError::Journal)?
            .with_field_prefix(None)
            .with_priority_mappings(PRIORITIES);
        registry.with(layer).try_init()
    } else if settings.format == LogFormat::Json {
        registry
            .with(fmt::layer().json().with_writer(std::io::stderr))
            .try_init()
    } else {
        let colour = std::io::IsTerminal::is_terminal(&std::io::stderr());
        registry
            .with(
                fmt::layer()
                    .with_ansi(colour)
                    .with_target(false)
                    .with_writer(std::io::stderr),
            )
            .try_init()
    };
    // A second call in one process (tests) keeps the first.
    drop(set);
    Ok(LogFilter(handle))
}
