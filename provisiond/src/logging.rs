//! Where messages go: journald with fields, JSON lines, or lines for people.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

use crate::config::{Log, LogFormat};

/// Starts logging. Fields of events and spans become journal fields of the same name in capitals
/// (`REQUEST_ID`, `REGISTRATION_ID`, `USERNAME`, `STEP`).
///
/// # Errors
/// Logging was started before.
pub fn start(config: &Log) -> Result<(), TryInitError> {
    let filter = EnvFilter::try_new(&config.level).unwrap_or_else(|_| EnvFilter::new("info"));
    let registry = tracing_subscriber::registry().with(filter);
    // systemd sets JOURNAL_STREAM when standard error goes to the journal (systemd.exec(5)).
    let under_journald = std::env::var_os("JOURNAL_STREAM").is_some();
    match config.format {
        LogFormat::Auto if under_journald => {
            if let Ok(journal) = tracing_journald::layer() {
                let journal = journal
                    .with_field_prefix(None)
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
