use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;

use provision_api::{Method, ProvisionError, RegistrationId, Step};
use tokio::sync::{mpsc as async_mpsc, oneshot};

use super::quiet::Quiet;
use crate::crash_point;
use crate::journal::Answer;
use crate::operations::{Operator, Vitals, step_name};
use crate::pulse;

/// A call for the worker.
struct Job {
    method: Method,
    progress: async_mpsc::UnboundedSender<Progress>,
}

/// What the worker tells while it works.
pub(super) enum Progress {
    /// A step is done.
    Step(Step),
    /// The call has ended.
    Ended(Box<Result<Answer, ProvisionError>>),
}

/// The one thread that changes accounts: one call after the other.
#[derive(Debug)]
pub struct Worker {
    jobs: SyncSender<Job>,
    stopping: Arc<AtomicBool>,
    busy: Arc<AtomicBool>,
}

/// Resolves when the worker thread has ended, for whatever reason.
#[derive(Debug)]
pub struct WorkerGone {
    gone: oneshot::Receiver<()>,
    thread: JoinHandle<()>,
}

impl WorkerGone {
    /// Waits until the thread has ended.
    pub async fn wait(&mut self) {
        // An error means that the sender is gone, and with it the thread.
        let _ = (&mut self.gone).await;
    }

    /// Waits for the thread's last instruction; blocks.
    pub fn join(self) {
        if self.thread.join().is_err() {
            tracing::error!("the worker ended by a panic");
        }
    }
}

impl Worker {
    /// Starts the thread, which calls `after_each` after each call.
    ///
    /// # Errors
    /// No thread can be made.
    pub fn start(
        operator: Operator,
        vitals: Arc<Vitals>,
        max_queue: usize,
        after_each: impl Fn() + Send + 'static,
    ) -> std::io::Result<(Self, WorkerGone)> {
        let (jobs, queue) = mpsc::sync_channel(max_queue);
        let (sender, gone) = oneshot::channel::<()>();
        let stopping = Arc::new(AtomicBool::new(false));
        let busy = Arc::new(AtomicBool::new(false));
        let (flag, at_work) = (Arc::clone(&stopping), Arc::clone(&busy));
        let thread = std::thread::Builder::new()
            .name("accounts".into())
            .spawn(move || {
                let _told_when_dropped = sender;
                work(operator, &queue, &flag, &at_work, &vitals, &after_each);
            })?;
        let worker = Self {
            jobs,
            stopping,
            busy,
        };
        Ok((worker, WorkerGone { gone, thread }))
    }

    /// From now on queued and new calls are refused; the one under way is finished.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether a call is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }

    /// Whether a call is under way that has shown no sign of life for too long.
    pub(super) fn is_stuck(&self, after: Duration) -> bool {
        self.is_busy() && pulse::silence() > after
    }

    /// Hands in a call; its progress comes out of the receiver.
    pub(super) fn submit(
        &self,
        method: Method,
    ) -> Result<async_mpsc::UnboundedReceiver<Progress>, ProvisionError> {
        let (progress, receiver) = async_mpsc::unbounded_channel();
        let request_id = method.request_id();
        match self.jobs.try_send(Job { method, progress }) {
            Ok(()) => Ok(receiver),
            Err(mpsc::TrySendError::Full(_)) => Err(ProvisionError::TemporaryFailure {
                request_id: request_id.to_string(),
                step: "queue".into(),
                message: "too many calls wait already".into(),
                retry_after_seconds: 5,
            }),
            Err(mpsc::TrySendError::Disconnected(_)) => Err(stopped(&request_id.to_string())),
        }
    }
}

fn stopped(request_id: &str) -> ProvisionError {
    ProvisionError::TemporaryFailure {
        request_id: request_id.to_owned(),
        step: "queue".into(),
        message: "provisiond is stopping".into(),
        retry_after_seconds: 5,
    }
}

fn work(
    mut operator: Operator,
    queue: &Receiver<Job>,
    stopping: &AtomicBool,
    busy: &AtomicBool,
    vitals: &Vitals,
    after_each: &dyn Fn(),
) {
    let refusals = Quiet::new();
    while let Ok(Job { method, progress }) = queue.recv() {
        // Before it counts as busy: the silence of an idle worker means nothing.
        pulse::beat();
        busy.store(true, Ordering::Release);
        let request_id = method.request_id().to_string();
        let result = if stopping.load(Ordering::Relaxed) {
            Err(stopped(&request_id))
        } else {
            let span = tracing::info_span!(
                "call",
                method = method.name(),
                request_id,
                username = method.username().map(tracing::field::display),
                group = method.group_name().map(tracing::field::display),
                registration_id = registration_of(&method).map(tracing::field::display),
            );
            let _entered = span.enter();
            // Fields are for searching; the message alone tells what was done to whom.
            let label = match (method.username(), method.group_name()) {
                (Some(name), _) => format!("{} {name}", method.name()),
                (None, Some(name)) => format!("{} {name}", method.name()),
                (None, None) => method.name().to_owned(),
            };
            let mut acted = false;
            let result = operator.change(&method, &mut |step| {
                acted = true;
                // Within the step's span, for its field.
                tracing::info!("{label}: {} done", step_name(step));
                // The caller may have gone; the call goes on.
                let _ = progress.send(Progress::Step(step));
            });
            match &result {
                Ok(answer) if acted => {
                    let said = told(answer);
                    tracing::info!("{label}: answered, {said}");
                }
                // A call that is repeated a thousand times must not crowd out the others' lines.
                Ok(_) => tracing::debug!("{label}: answered as before"),
                Err(error) if refusals.may_say("call") => {
                    tracing::warn!(%error, "{label}: refused: {error}");
                }
                Err(_) => {}
            }
            operator.report(vitals);
            after_each();
            crash_point::at("answer.before");
            result
        };
        let _ = progress.send(Progress::Ended(Box::new(result)));
        busy.store(false, Ordering::Relaxed);
    }
}

/// An answer in a few words.
fn told(answer: &Answer) -> String {
    match answer {
        // States as the interface spells them.
        Answer::Account(account) => format!("{:?}", account.state).to_lowercase(),
        Answer::Group(group) => format!("{:?}", group.state).to_lowercase(),
        Answer::Proof(proof) => {
            let findings = proof.findings();
            let parts = findings.map(|(name, found)| {
                let verdict = found.verdict.as_str();
                format!("{name} {verdict} ({})", found.detail)
            });
            parts.join(", ")
        }
        Answer::GroupMade { gid, .. } => format!("gid {gid}"),
        Answer::GroupMembers { added, removed } => {
            format!("{} members more, {} fewer", added.len(), removed.len())
        }
    }
}

fn registration_of(method: &Method) -> Option<RegistrationId> {
    match method {
        Method::CreateAccount(p) => Some(p.registration_id),
        Method::ConfigureMail(p) => Some(p.registration_id),
        Method::ActivateAccount(p) => Some(p.registration_id),
        Method::DiscardAccount(p) => Some(p.registration_id),
        _ => None,
    }
}
