use jiff::{SignedDuration, Timestamp};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::mails;
use super::steps::{self, Outcome};
use super::world::{Policy, World};
use crate::domain::{
    Lease, MailKind, News, Next, Registration, Review, Role, Stage, Status, Undo, Verification,
    WorkerId,
};
use crate::ports::{EntropyExt, LeaseRequest, StoreError};
use crate::worker::{self, Wait};

/// How long a worker may be silent before another one takes over. Effects are idempotent, so a
/// worker that was merely slow does no harm; its write is refused by the version.
const LEASE: SignedDuration = SignedDuration::from_secs(60);
/// The longest pause between two attempts at a step.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How many registrations are carried on at once. A step mostly waits, for the disk or for
/// provisiond, which does one after the other: a few are enough that no core waits with it.
const AT_ONCE: usize = 4;
/// How often a worker that nobody rings looks for due registrations.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(1);

/// Carries registrations from status to status, takes failed ones back, and drops expired ones.
///
/// State is in the store before an effect is tried, every effect is idempotent, and a registration
/// is leased while it is worked on: a process that dies at any point leaves one that another
/// worker finishes.
#[derive(Clone)]
pub struct Saga {
    world: World,
    policy: Policy,
    worker: WorkerId,
}

impl Saga {
    /// A worker of that name.
    #[must_use]
    pub fn new(world: World, policy: Policy, worker: WorkerId) -> Self {
        Self {
            world,
            policy,
            worker,
        }
    }

    /// Works until told to stop, on several registrations at once; finishes the steps under way.
    pub async fn serve(&self, stop: CancellationToken) {
        let mut workers = JoinSet::new();
        for number in 1..=AT_ONCE {
            // A worker of its own name, so that what one has leased is no other's.
            let worker = WorkerId(format!("{}.{number}", self.worker.0));
            let one = Self::new(self.world.clone(), self.policy.clone(), worker);
            let stop = stop.clone();
            workers.spawn(async move { one.work(&stop).await });
        }
        workers.join_all().await;
    }

    async fn work(&self, stop: &CancellationToken) {
        let wait = Wait {
            rung: Some(&self.world.registrations_due),
            look_every: LOOK_EVERY,
            what: "registrations",
        };
        worker::until_stopped(stop, wait, || self.run_once()).await;
    }

    /// Does all that is due now. For tests: "run the jobs now".
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn run_all(&self) -> Result<usize, StoreError> {
        worker::all_due(|| self.run_once()).await
    }

    /// Takes one due registration as far as it goes; `false` when none is due.
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn run_once(&self) -> Result<bool, StoreError> {
        let now = self.world.now();
        let wish = LeaseRequest {
            owner: self.worker.clone(),
            now,
            until: now + LEASE,
        };
        let Some(leased) = self.world.store.lease_registration(&wish).await? else {
            return Ok(false);
        };
        let mut present = Some(leased);
        while let Some(registration) = present {
            present = self.take_further(registration).await?;
        }
        Ok(true)
    }

    /// Does what is next; the registration as it is then, while there is more for this worker.
    async fn take_further(&self, r: Registration) -> Result<Option<Registration>, StoreError> {
        let now = self.world.now();
        match r.next(now) {
            Next::Step(to) => self.step(r, to, now).await,
            Next::AwaitVerification => {
                let until = r.expires_at;
                self.rest(r, Some(until)).await
            }
            Next::AwaitReview | Next::Nothing => {
                let due = (r.stage == Stage::Draft).then_some(r.expires_at);
                self.rest(r, due).await
            }
            Next::Expire => {
                self.end(r, "expired", "The address was not verified in time, so the registration was taken back. You can register again.", now).await
            }
            Next::Undo(list) => self.undo(r, &list, now).await,
            Next::Delete => self.world.store.delete_registration(&r).await.or_else(lost_race).map(|()| None),
        }
    }

    async fn step(
        &self,
        mut r: Registration,
        to: Status,
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        if to == Status::VerificationSent && r.verification.is_none() {
            // The proof is in the store before any mail carries it.
            let expires_at = now + self.policy.verification_ttl;
            r.verification = Some(Verification::issue(
                &self.world.key,
                r.id,
                self.world.entropy.bytes(),
                now,
                expires_at,
            ));
            r.expires_at = expires_at;
            return self.save_and_go_on(r, now).await;
        }
        let outcome = steps::carry_out(&self.world, &r, to).await?;
        match &outcome {
            Outcome::Done => {
                tracing::info!(REGISTRATION_ID = %r.id, USERNAME = %r.username, STEP = %to, "{}: {to}", r.username);
            }
            other => {
                tracing::info!(REGISTRATION_ID = %r.id, USERNAME = %r.username, STEP = %to, outcome = ?other, "{}: {} {to}", r.username, other.gist());
            }
        }
        let now = self.world.now();
        match outcome {
            Outcome::Done => {
                let before = r.history.last().map_or(r.created_at, |passed| passed.at);
                if let Err(e) = r.advance(to, now) {
                    // `next` named the step, so this can't be; leave it for a person to look at.
                    tracing::error!(REGISTRATION_ID = %r.id, error = %e, "impossible transition");
                    return self.rest(r, None).await;
                }
                self.world.metrics.reached(to, now.duration_since(before));
                if r.stage == Stage::Complete {
                    self.world.metrics.registration_ended("complete");
                }
                self.save_and_go_on(r, now).await
            }
            Outcome::Wait(pause) => self.rest(r, Some(now + pause)).await,
            Outcome::Stuck if now >= r.expires_at => {
                self.end(r, "expired", "The verification mail could not be delivered in time, so the registration was taken back. You can register again.", now).await
            }
            Outcome::Stuck => {
                let until = r.expires_at;
                self.rest(r, Some(until)).await
            }
            Outcome::Later { error, after } => self.try_later(r, error, after, now).await,
            // Only taking back can be too late.
            Outcome::TooLate => self.rest(r, None).await,
            Outcome::Fail { code, message } => {
                let failed = (code == steps::HOST_REFUSED).then(|| News::HostStepFailed {
                    username: r.username.clone(),
                    what: to.as_str().to_owned(),
                });
                let ended = self.end(r, code, &message, now).await?;
                if let Some(news) = failed {
                    let events = &self.world.events;
                    events.publish_to_staff(Role::SiteAdmin, news).await;
                }
                Ok(ended)
            }
        }
    }

    async fn undo(
        &self,
        mut r: Registration,
        list: &[Undo],
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        let code = r.failure().map(|f| f.code.clone()).unwrap_or_default();
        for what in list {
            match steps::take_back(&self.world, &r, *what).await? {
                Outcome::Later { error, after } => {
                    tracing::warn!(REGISTRATION_ID = %r.id, USERNAME = %r.username, undo = ?what, %error, "{}: {what:?} not taken back: {error}", r.username);
                    return self.try_later(r, error, after, now).await;
                }
                Outcome::TooLate => return self.complete_after_all(r, now).await,
                _ => {
                    tracing::info!(REGISTRATION_ID = %r.id, USERNAME = %r.username, undo = ?what, "{}: {what:?} taken back", r.username);
                }
            }
        }
        // Only now is it sure that it ends so.
        match (&r.review, code.as_str()) {
            (Review::Rejected { reason, .. }, "rejected") => {
                let kind = MailKind::Rejected {
                    reason: reason.clone(),
                };
                mails::tell(&self.world, &r, kind).await?;
            }
            (_, "address-in-use") => mails::tell(&self.world, &r, MailKind::AlreadyMember).await?,
            _ => {}
        }
        if code == "expired" {
            // Nobody ever used it: nothing of it is kept.
            return self
                .world
                .store
                .delete_registration(&r)
                .await
                .or_else(lost_race)
                .map(|()| None);
        }
        r.conclude(now, now + self.policy.remember_failed);
        self.save(r).await
    }

    /// The account was activated before the registration was ended, by an attempt whose answer came
    /// too late. What its owner uses is not taken away without an admin.
    async fn complete_after_all(
        &self,
        mut r: Registration,
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        let why = r.failure().map(|f| f.code.clone()).unwrap_or_default();
        tracing::error!(REGISTRATION_ID = %r.id, USERNAME = %r.username, why,
            "the registration was ended while its account was activated: the account is in use; suspend it if it must not be");
        steps::enrol(&self.world, &r).await?;
        r.complete_after_all(now);
        self.save(r).await
    }

    async fn end(
        &self,
        mut r: Registration,
        code: &str,
        message: &str,
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        tracing::info!(REGISTRATION_ID = %r.id, USERNAME = %r.username, code, "{}: registration failed: {code}", r.username);
        if let Err(e) = r.fail(code, message, now) {
            tracing::error!(REGISTRATION_ID = %r.id, error = %e, "impossible failure");
            return self.rest(r, None).await;
        }
        self.world.metrics.registration_ended(code);
        self.save_and_go_on(r, now).await
    }

    async fn try_later(
        &self,
        mut r: Registration,
        error: String,
        after: Option<SignedDuration>,
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        r.work.retry(
            now,
            error,
            after,
            LONGEST_PAUSE,
            self.world.entropy.number(),
        );
        self.save(r).await
    }

    /// Gives it back until that time.
    async fn rest(
        &self,
        mut r: Registration,
        until: Option<Timestamp>,
    ) -> Result<Option<Registration>, StoreError> {
        r.work.settle(until);
        self.save(r).await
    }

    /// Writes it and keeps it.
    async fn save_and_go_on(
        &self,
        mut r: Registration,
        now: Timestamp,
    ) -> Result<Option<Registration>, StoreError> {
        if r.work.due_at.is_some() {
            r.work.lease = Some(Lease {
                owner: self.worker.clone(),
                until: now + LEASE,
            });
        }
        self.save(r).await
    }

    /// Writes it; what is returned is for this worker to go on with. When someone else wrote
    /// meanwhile (a proof of address, a reviewer, the outbox), what they left is read again, and
    /// this worker goes on with that while it still has the lease.
    async fn save(&self, r: Registration) -> Result<Option<Registration>, StoreError> {
        let id = r.id;
        let stored = match self.world.store.update_registration(r).await {
            Ok(saved) => Some(saved),
            Err(StoreError::Conflict) => self.world.store.registration(id).await?,
            Err(e) => return Err(e),
        };
        Ok(stored.filter(|r| {
            let lease = r.work.lease.as_ref();
            lease.is_some_and(|lease| lease.owner == self.worker)
        }))
    }
}

fn lost_race(e: StoreError) -> Result<(), StoreError> {
    match e {
        StoreError::Conflict => Ok(()),
        e => Err(e),
    }
}
