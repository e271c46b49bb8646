//! Brings the host up to date with what members changed.
//!
//! That the host lacks something is in the member's record, written together with the change. A
//! worker leases such members and asks the host until it has it or refuses.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::domain::{HostPart, HostTask, News, OnHost, Role, Subject, User, WorkerId};
use crate::ports::{EntropyExt, LeaseRequest, ProvisionFailure, StoreError};
use crate::registration::World;
use crate::worker::{self, Wait, short};

/// How long a worker may be silent before another one takes over; longer than a call may take, so
/// that an old change never comes after a new one.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// The longest pause between two attempts.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How often a worker that nobody rings looks for members whose host account lacks something.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// How many tasks of one member are done in a row.
const IN_A_ROW: usize = 8;

/// The worker.
#[derive(Clone)]
pub struct HostSide {
    pub(super) world: World,
    worker: WorkerId,
}

impl HostSide {
    /// A worker of that name.
    #[must_use]
    pub fn new(world: World, worker: WorkerId) -> Self {
        Self { world, worker }
    }

    /// Works until told to stop; finishes the call under way.
    pub async fn serve(&self, stop: CancellationToken) {
        let wait = Wait {
            rung: Some(&self.world.members_due),
            look_every: LOOK_EVERY,
            what: "passwords, keys and welcomes",
        };
        worker::until_stopped(&stop, wait, || self.run_once()).await;
    }

    /// Does all that is due now. For tests: "run the jobs now".
    ///
    /// # Errors
    /// The store can't be used.
    pub async fn run_all(&self) -> Result<usize, StoreError> {
        worker::all_due(|| self.run_once()).await
    }

    /// Brings one due member's account up to date; `false` when none is due.
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
        let mut present = self.world.store.lease_user(&wish).await?;
        let any = present.is_some();
        for _ in 0..IN_A_ROW {
            let Some(user) = present else {
                return Ok(any);
            };
            let now = self.world.now();
            present = match user.host_task(now) {
                Some((part, task)) => self.carry_out(user, part, &task).await?,
                None if user.is_first_login_due(now) => self.prove_first_login(user).await?,
                None => {
                    self.rest(user).await?;
                    return Ok(any);
                }
            };
        }
        if let Some(user) = present {
            self.rest(user).await?;
        }
        Ok(any)
    }

    /// Does one thing; the member as written then, while there may be more for this worker.
    async fn carry_out(
        &self,
        user: User,
        part: HostPart,
        task: &HostTask,
    ) -> Result<Option<User>, StoreError> {
        let (request, change) = (
            user.host_request(part, task),
            user.credentials.of(part).change,
        );
        let (host, name) = (&self.world.provisioner, &user.username);
        let done = match task {
            HostTask::SetPassword(hash) => host.set_password(request, name, hash).await,
            HostTask::SetSshKeys(keys) => host.set_ssh_keys(request, name, keys).await,
            HostTask::SetDisplayName(new) => host.set_display_name(request, name, new).await,
        };
        let (what, now) = (part.as_str(), self.world.now());
        match done {
            Ok(_) => {
                tracing::info!(REQUEST_ID = %request, USERNAME = %name, STEP = what, "{name}: the host has the new {what}");
                self.write(user, |u| u.host_did(part, change, OnHost::InStep))
                    .await
            }
            Err(ProvisionFailure::Transient {
                message,
                retry_after_seconds,
            }) => {
                tracing::warn!(REQUEST_ID = %request, USERNAME = %name, STEP = what, error = message, "{name}: the host does not have the new {what} yet: {message}");
                self.put_off(user, &message, retry_after_seconds).await
            }
            Err(refused) => {
                let reason = short(&refused.to_string());
                tracing::error!(REQUEST_ID = %request, USERNAME = %name, STEP = what, error = reason, "{name}: the host refuses the new {what}: {reason}");
                let before = user.credentials.of(part).host.clone();
                let host = OnHost::Refused {
                    at: now,
                    reason: reason.clone(),
                };
                let written = self
                    .write(user.clone(), |u| u.host_did(part, change, host.clone()))
                    .await?;
                if !matches!(before, OnHost::Refused { .. }) {
                    let subject = Subject::member(&user);
                    let event = worker::host_refused(subject, what, reason);
                    self.world.audit.record(event).await?;
                    let news = News::HostStepFailed {
                        username: user.username.clone(),
                        what: what.to_owned(),
                    };
                    let events = &self.world.events;
                    events.publish_to_staff(Role::SiteAdmin, news).await;
                }
                Ok(written)
            }
        }
    }

    /// What may pass by itself is tried again later, by whoever takes it up then.
    pub(super) async fn put_off(
        &self,
        user: User,
        message: &str,
        retry_after_seconds: Option<u32>,
    ) -> Result<Option<User>, StoreError> {
        let after = retry_after_seconds.map(|s| SignedDuration::from_secs(s.into()));
        let (now, jitter) = (self.world.now(), self.world.entropy.number());
        self.write(user, |u| {
            u.work
                .retry(now, short(message), after, LONGEST_PAUSE, jitter);
        })
        .await?;
        Ok(None)
    }

    /// Gives the member back until something is to be done again.
    async fn rest(&self, user: User) -> Result<(), StoreError> {
        let now = self.world.now();
        self.write(user, |u| u.work.settle(u.host_due(now))).await?;
        Ok(())
    }

    pub(super) async fn write(
        &self,
        user: User,
        change: impl Fn(&mut User) + Send + Sync,
    ) -> Result<Option<User>, StoreError> {
        worker::write(&*self.world.store, &self.worker, user, change).await
    }
}
