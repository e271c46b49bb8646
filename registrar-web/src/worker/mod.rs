//! What workers have in common: going on with what is due, and writing into a record on a lease.

mod leased;

use std::future::Future;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub(crate) use leased::write;

use crate::domain::{Action, Actor, AuditEvent, Subject};
use crate::ports::StoreError;

/// The most characters that are kept of what another program said.
const LONGEST_REASON: usize = 300;

/// What a worker that is at leisure waits for, and what waits when it can't work.
pub(crate) struct Wait<'a> {
    /// Rung when something may be due; others may make it due without ringing.
    pub(crate) rung: Option<&'a Notify>,
    /// How often it looks without being rung.
    pub(crate) look_every: Duration,
    /// What waits while the store can't be used, for the log.
    pub(crate) what: &'a str,
}

impl Wait<'_> {
    async fn over(&self, stop: &CancellationToken) {
        let rung = async {
            match self.rung {
                Some(bell) => bell.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rung => {}
            () = tokio::time::sleep(self.look_every) => {}
            () = stop.cancelled() => {}
        }
    }

    /// The store is given time: no bell counts.
    async fn over_trouble(&self, stop: &CancellationToken) {
        tokio::select! {
            () = tokio::time::sleep(self.look_every * 2) => {}
            () = stop.cancelled() => {}
        }
    }
}

/// Does one thing that is due after the other until told to stop; finishes the one under way.
/// `one` says whether there was any.
pub(crate) async fn until_stopped<F>(
    stop: &CancellationToken,
    wait: Wait<'_>,
    one: impl Fn() -> F + Send + Sync,
) where
    F: Future<Output = Result<bool, StoreError>> + Send,
{
    while !stop.is_cancelled() {
        match one().await {
            Ok(true) => {}
            Ok(false) => wait.over(stop).await,
            Err(error) => {
                let what = wait.what;
                tracing::warn!(%error, "the store can't be used; {what} wait");
                wait.over_trouble(stop).await;
            }
        }
    }
}

/// Does all that is due now; how many there were.
pub(crate) async fn all_due<F>(one: impl Fn() -> F + Send + Sync) -> Result<usize, StoreError>
where
    F: Future<Output = Result<bool, StoreError>> + Send,
{
    let mut worked = 0;
    while one().await? {
        worked += 1;
    }
    Ok(worked)
}

/// The beginning of what another program said, as it is kept.
pub(crate) fn short(text: &str) -> String {
    text.chars().take(LONGEST_REASON).collect()
}

/// For the audit log: the host refused what a worker asked of it, for good.
pub(crate) fn host_refused(subject: Subject, what: &str, reason: String) -> AuditEvent {
    AuditEvent {
        action: Action::HostChangeRefused,
        actor: Actor::Service,
        subject: Some(subject),
        address: None,
        request_id: None,
        details: vec![("what", what.to_owned()), ("reason", reason)],
    }
}
