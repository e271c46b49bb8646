//! Sends what the store says is to be sent, until the mail system has taken it.
//!
//! A process that dies between handing a mail over and recording it sends it once more when its
//! lease has ended, with the same token: twice is harmless, never is not.

pub mod bounces;
mod invitations;
mod records;
mod serve;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

use crate::domain::{
    MailJob, MailKind, MailState, Registration, Stage, Verification, VerificationKey, WorkerId,
};
use crate::mail::{Community, clean, compose};
use crate::ports::{
    Clock, Entropy, EntropyExt, LeaseRequest, MailError, Mailer, Message, Store, StoreError,
};
use crate::worker;

/// How long a worker may be silent before another one takes over; longer than [`SEND_TIMEOUT`].
const LEASE: SignedDuration = SignedDuration::from_mins(2);
/// How long handing over one mail may take in all.
const SEND_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest pause between two attempts.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(30);
/// A mail that nobody took for so long is given up (RFC 5321, 4.5.4.1 has four to five days for
/// mail systems, whose recipients do not sit before a page).
const GIVE_UP_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);

/// The outbox's worker.
#[derive(Clone)]
pub struct Outbox {
    /// Where jobs and registrations are.
    pub store: Arc<dyn Store>,
    /// Who takes the mails.
    pub mailer: Arc<dyn Mailer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness of pauses.
    pub entropy: Arc<dyn Entropy>,
    /// Makes tokens and codes.
    pub key: VerificationKey,
    /// In whose name.
    pub community: Community,
    /// Rung when a registration may have become due.
    pub registrations_due: Arc<Notify>,
    /// This worker.
    pub worker: WorkerId,
}

/// What an attempt came to.
enum Outcome {
    Sent,
    /// It will not be sent, and nobody need know: nothing is wrong with the address.
    Dropped(&'static str),
    /// It can't be delivered.
    Undeliverable(String),
    Later(String),
}

impl Outbox {
    /// Sends all that is due now; says how many jobs were worked on. For tests: "run the jobs now".
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn run_all(&self) -> Result<usize, StoreError> {
        worker::all_due(|| self.run_once()).await
    }

    /// Works on one due job; `false` when none is due.
    ///
    /// # Errors
    /// The store can't be used. A job under way is tried again when its lease has ended.
    pub async fn run_once(&self) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let wish = LeaseRequest {
            owner: self.worker.clone(),
            now,
            until: now + LEASE,
        };
        let Some(job) = self.store.lease_mail(&wish).await? else {
            return Ok(false);
        };
        let outcome = self.attempt(&job).await?;
        self.record(job, outcome).await?;
        Ok(true)
    }

    async fn attempt(&self, job: &MailJob) -> Result<Outcome, StoreError> {
        if job.state != MailState::Queued {
            return Ok(Outcome::Dropped("it was dealt with before"));
        }
        if job.kind == MailKind::Invite {
            return Ok(match self.invitation(job).await? {
                Ok(message) => self.hand_over(&message).await,
                Err(outcome) => outcome,
            });
        }
        let Some(registration) = self.store.registration(job.registration).await? else {
            return Ok(Outcome::Dropped("registration is gone"));
        };
        if job.kind == MailKind::VerifyEmail && is_superseded(job, &registration, self.clock.now())
        {
            return Ok(Outcome::Dropped("superseded"));
        }
        if let MailKind::Question { number } = job.kind
            && !is_open_question(&registration, number)
        {
            return Ok(Outcome::Dropped("nobody waits for an answer any more"));
        }
        if let MailKind::ResetPassword { proof, .. } = &job.kind
            && !self.is_wanted(job, proof).await?
        {
            return Ok(Outcome::Dropped("superseded"));
        }
        if matches!(job.kind, MailKind::LoginCode { expires_at, .. } if expires_at <= self.clock.now())
        {
            return Ok(Outcome::Dropped("its code has expired"));
        }
        let message = match compose(job, &registration, &self.key, &self.community) {
            Ok(message) => message,
            Err(e) => return Ok(Outcome::Later(clean(&e.to_string()))),
        };
        Ok(self.hand_over(&message).await)
    }

    async fn hand_over(&self, message: &Message) -> Outcome {
        match tokio::time::timeout(SEND_TIMEOUT, self.mailer.send(message)).await {
            Ok(Ok(())) => Outcome::Sent,
            Ok(Err(MailError::Refused(said))) => Outcome::Undeliverable(clean(&said)),
            Ok(Err(MailError::Transient(said))) => Outcome::Later(clean(&said)),
            Err(_) => Outcome::Later("the mail system did not answer in time".into()),
        }
    }

    /// Whether the mail's link and code still let its member choose a new password.
    async fn is_wanted(&self, job: &MailJob, proof: &Verification) -> Result<bool, StoreError> {
        let user = self.store.user(job.registration).await?;
        let recovery = user.and_then(|u| u.credentials.recovery);
        let now = self.clock.now();
        Ok(recovery.is_some_and(|r| r.token.is(&proof.token) && r.is_open(now)))
    }

    async fn record(&self, mut job: MailJob, outcome: Outcome) -> Result<(), StoreError> {
        let now = self.clock.now();
        let mut trouble = None;
        match outcome {
            // Keeps what a bounce or an earlier worker recorded.
            _ if job.state != MailState::Queued => job.work.settle(None),
            Outcome::Sent => {
                job.state = MailState::Sent { at: now };
                job.work.settle(None);
            }
            Outcome::Dropped(why) => fail(&mut job, why.to_owned(), now),
            Outcome::Undeliverable(said) => {
                trouble = Some(said.clone());
                fail(&mut job, said, now);
            }
            Outcome::Later(said) if now.duration_since(job.created_at) >= GIVE_UP_AFTER => {
                let said = clean(&format!("given up after three days: {said}"));
                trouble = Some(said.clone());
                fail(&mut job, said, now);
            }
            Outcome::Later(said) => {
                job.work
                    .retry(now, said, None, LONGEST_PAUSE, self.entropy.number());
            }
        }
        let (kind, domain) = (job.kind.name(), job.to.domain().as_str());
        // Mail systems like to repeat the address.
        let hide = |said: &str| said.replace(&job.to.to_string(), "the address");
        match (&trouble, &job.work.last_error) {
            (Some(said), _) => {
                tracing::warn!(REGISTRATION_ID = %job.registration, MAIL_ID = %job.id,
                    STEP = kind, "mail {kind} to {domain} can't be delivered: {}", hide(said));
            }
            (None, Some(error)) => {
                tracing::info!(REGISTRATION_ID = %job.registration, MAIL_ID = %job.id,
                    STEP = kind, "mail {kind} to {domain} is tried again later: {}", hide(error));
            }
            (None, None) => tracing::info!(REGISTRATION_ID = %job.registration, MAIL_ID = %job.id,
                STEP = kind, "mail {kind} to {domain}: {}", word(&job.state)),
        }
        // Before the job's own state, so that a crash between the two records it again.
        if let Some(said) = trouble {
            self.set_trouble(&job, said, now).await?;
        }
        match self.store.update_mail(job).await {
            Ok(job) => self.kick(&job, now).await,
            // The lease had ended and another worker is at it: its word holds.
            Err(StoreError::Conflict) => Ok(()),
            Err(e) => Err(e),
        }
    }
}

/// How it stands with a mail, in a word.
fn word(state: &MailState) -> &'static str {
    match state {
        MailState::Queued => "queued",
        MailState::Sent { .. } => "sent",
        MailState::Failed { .. } => "dropped",
    }
}

fn fail(job: &mut MailJob, reason: String, now: Timestamp) {
    job.state = MailState::Failed { at: now, reason };
    job.work.settle(None);
}

/// Whether the applicant still has to answer it.
fn is_open_question(r: &Registration, number: usize) -> bool {
    let question = r.case.questions.get(number);
    r.is_in_review() && question.is_some_and(|q| q.answer.is_none())
}

/// Whether the proof that the mail carries is of no use any more.
fn is_superseded(job: &MailJob, registration: &Registration, now: Timestamp) -> bool {
    registration.stage != Stage::Running
        || !registration
            .verification
            .as_ref()
            .is_some_and(|v| v.is_open(now) && v.mail_key(registration.id) == job.dedupe_key)
}
