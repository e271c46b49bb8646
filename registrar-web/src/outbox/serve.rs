//! The outbox in the background.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::Outbox;
use crate::worker::{self, Wait};

/// How often a worker that nobody rings looks for due mails.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often returned mails are looked for.
const BOUNCES_EVERY: Duration = Duration::from_secs(15);

impl Outbox {
    /// Works until told to stop; finishes the mail under way.
    pub async fn serve(&self, stop: CancellationToken, wake: Arc<Notify>) {
        let wait = Wait {
            rung: Some(&wake),
            look_every: LOOK_EVERY,
            what: "mails",
        };
        worker::until_stopped(&stop, wait, || self.run_once()).await;
    }

    /// Reads bounces out of that Maildir until told to stop.
    pub async fn serve_bounces(&self, stop: CancellationToken, maildir: &Path) {
        while !stop.is_cancelled() {
            if let Err(e) = self.read_bounces(maildir).await {
                tracing::warn!(error = %e, "bounces can't be read; they wait");
            }
            tokio::select! {
                () = tokio::time::sleep(BOUNCES_EVERY) => {}
                () = stop.cancelled() => {}
            }
        }
    }
}
