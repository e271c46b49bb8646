//! Brings the groups of organisations on the host in step with the directory.
//!
//! A worker leases an organisation that is due, writes down who shall be in its group, and asks the
//! host until it has it so or refuses. Someone who comes or goes makes it due at once
//! (`registration::touch_group`); without that it is looked at every ten minutes, and what someone
//! changed on the host by hand is set right.

use jiff::SignedDuration;
use tokio_util::sync::CancellationToken;

use crate::domain::{
    GroupOnHost, GroupTask, OnHost, Organisation, OrganisationId, RequestId, Subject, User,
    Username, WorkerId,
};
use crate::ports::{
    EntropyExt, LeaseRequest, PageRequest, ProvisionFailure, StoreError, UserFilter,
};
use crate::registration::World;
use crate::worker::{self, Wait, short};

/// How long a worker may be silent before another one takes over; longer than the calls of one look
/// may take, so that an old list never comes after a new one.
const LEASE: SignedDuration = SignedDuration::from_mins(15);
/// The longest pause between two attempts.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How often to look for organisations that are due.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_secs(2);
/// How many calls are made for one organisation in a row: one makes the group, one sets its members,
/// and each of the others leaves out someone whom the host does not take.
const IN_A_ROW: usize = 8;

/// The worker.
#[derive(Clone)]
pub struct HostGroups {
    world: World,
    worker: WorkerId,
}

impl HostGroups {
    /// A worker of that name.
    #[must_use]
    pub fn new(world: World, worker: WorkerId) -> Self {
        Self { world, worker }
    }

    /// Works until told to stop; finishes the call under way.
    pub async fn serve(&self, stop: CancellationToken) {
        let wait = Wait {
            rung: None,
            look_every: LOOK_EVERY,
            what: "groups of organisations",
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

    /// Looks after one due organisation; `false` when none is due.
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
        let Some(leased) = self.world.store.lease_organisation(&wish).await? else {
            return Ok(false);
        };
        let asked = leased.group.asked;
        let mut present = self.prepare(leased).await?;
        for _ in 0..IN_A_ROW {
            let Some(organisation) = present else {
                return Ok(true);
            };
            let Some(task) = organisation.group_task(self.world.now()) else {
                self.rest(organisation, asked).await?;
                return Ok(true);
            };
            present = self.carry_out(organisation, &task).await?;
        }
        if let Some(organisation) = present {
            self.rest(organisation, asked).await?;
        }
        Ok(true)
    }

    /// Writes down who shall be in the group. Where nothing is to be done by that, looks whether the
    /// host still has it so.
    async fn prepare(&self, o: Organisation) -> Result<Option<Organisation>, StoreError> {
        let mut members = self.members(o.id).await?;
        let mut left_out = Vec::new();
        for name in &o.group.left_out {
            if members.contains(name) && !self.host_takes(name).await {
                left_out.push(name.clone());
            }
        }
        members.retain(|name| !left_out.contains(name));
        let is_as_it_was = o.group.host == OnHost::InStep && o.group.members == members;
        let on_host = match is_as_it_was {
            true => self.on_host(&o).await,
            false => None,
        };
        let now = self.world.now();
        self.write(o, |o| {
            o.group.left_out.clone_from(&left_out);
            let is_as_it_was = !o.group.want(members.clone()) && o.group.host == OnHost::InStep;
            if let Some(on_host) = on_host.clone().filter(|_| is_as_it_was) {
                o.group.found(on_host, now);
            }
        })
        .await
    }

    /// What the host has; `None` where it can't be asked.
    async fn on_host(&self, o: &Organisation) -> Option<Option<GroupOnHost>> {
        let request = self.fresh_request();
        match self.world.provisioner.group(request, &o.slug).await {
            Ok(on_host) => Some(on_host),
            Err(error) => {
                tracing::debug!(%error, ORGANISATION = %o.slug, "the host can't be asked about a group");
                None
            }
        }
    }

    /// Who belongs into the group, in the order of names.
    async fn members(&self, id: OrganisationId) -> Result<Vec<Username>, StoreError> {
        let mut members = Vec::new();
        let mut after = None;
        loop {
            let page = PageRequest { limit: 100, after };
            let filter = UserFilter::Of(id);
            let found = self.world.store.list_users(filter, &page).await?;
            let there = found.items.into_iter().filter(User::is_on_host);
            members.extend(there.map(|user| user.username));
            after = found.next;
            if after.is_none() {
                members.sort();
                return Ok(members);
            }
        }
    }

    /// Whether the host would take someone into a group whom it did not take before.
    async fn host_takes(&self, name: &Username) -> bool {
        use provision_api::AccountState::{Active, Suspended};
        let request = self.fresh_request();
        let status = self.world.provisioner.system_status(request, name).await;
        status.is_ok_and(|status| matches!(status.account.state, Active | Suspended))
    }

    /// Does one thing; the organisation as written then, while there may be more for this worker.
    async fn carry_out(
        &self,
        o: Organisation,
        task: &GroupTask,
    ) -> Result<Option<Organisation>, StoreError> {
        let (request, change) = (o.group_request(task), o.group.change);
        let host = &self.world.provisioner;
        let done = match task {
            GroupTask::Create(slug) => host.create_group(request, slug).await.map(Some),
            GroupTask::SetMembers(slug, members) => {
                let set = host.set_group_members(request, slug, members).await;
                set.map(|()| None)
            }
        };
        let (slug, step) = (o.slug.clone(), task.as_str());
        match done {
            Ok(Some(directory)) => {
                tracing::info!(REQUEST_ID = %request, ORGANISATION = %slug, STEP = step, "{slug}: the host has the group, and {directory}");
                self.write(o, |o| o.group.directory = Some(directory.clone()))
                    .await
            }
            Ok(None) => {
                tracing::info!(REQUEST_ID = %request, ORGANISATION = %slug, STEP = step, "{slug}: the group has its members");
                self.write(o, |o| o.group.did(change, OnHost::InStep)).await
            }
            Err(ProvisionFailure::Transient {
                message,
                retry_after_seconds,
            }) => {
                tracing::warn!(REQUEST_ID = %request, ORGANISATION = %slug, STEP = step, error = message, "{slug}: the group is not in step yet: {message}");
                let after = retry_after_seconds.map(|s| SignedDuration::from_secs(s.into()));
                let (now, jitter) = (self.world.now(), self.world.entropy.number());
                self.write(o, |o| {
                    let error = short(&message);
                    o.work.retry(now, error, after, LONGEST_PAUSE, jitter);
                })
                .await?;
                Ok(None)
            }
            Err(ProvisionFailure::NotAMember { username }) => {
                tracing::warn!(REQUEST_ID = %request, ORGANISATION = %slug, USERNAME = username, "{slug}: {username} is left out of the group: the host has no account of theirs that is in use");
                let left_out = Username::parse(&username);
                match left_out.ok().filter(|n| o.group.members.contains(n)) {
                    Some(name) => self.write(o, |o| o.group.leave_out(&name)).await,
                    // Not someone whom it was told of.
                    None => self.refused(o, change, step, &username).await,
                }
            }
            // Removed by an admin of the host, or lost with an older backup.
            Err(ProvisionFailure::NoSuchGroup) if o.group.is_made() => {
                let now = self.world.now();
                self.write(o, |o| o.group.found(None, now)).await
            }
            Err(refusal) => {
                let reason = refusal.to_string();
                self.refused(o, change, step, &reason).await
            }
        }
    }

    async fn refused(
        &self,
        o: Organisation,
        change: u64,
        step: &str,
        reason: &str,
    ) -> Result<Option<Organisation>, StoreError> {
        let (slug, reason, at) = (&o.slug, short(reason), self.world.now());
        tracing::error!(ORGANISATION = %slug, STEP = step, error = reason, "{slug}: the host refuses: {reason}");
        let subject = Subject::organisation(&o);
        let before = o.group.refusal().map(str::to_owned);
        let host = OnHost::Refused {
            at,
            reason: reason.clone(),
        };
        let written = self.write(o, |o| o.group.did(change, host.clone())).await?;
        // Told once, not with each attempt.
        if before.as_deref() != Some(&reason) {
            let event = worker::host_refused(subject, step, reason);
            self.world.audit.record(event).await?;
        }
        Ok(written)
    }

    /// Gives the organisation back until the next look: at once where someone asked for another one
    /// since this one began.
    async fn rest(&self, o: Organisation, asked: u64) -> Result<(), StoreError> {
        let now = self.world.now();
        self.write(o, |o| {
            let due = if o.group.asked == asked {
                o.group_due(now)
            } else {
                now
            };
            o.work.settle(Some(due));
        })
        .await?;
        Ok(())
    }

    async fn write(
        &self,
        o: Organisation,
        change: impl Fn(&mut Organisation) + Send + Sync,
    ) -> Result<Option<Organisation>, StoreError> {
        worker::write(&*self.world.store, &self.worker, o, change).await
    }

    fn fresh_request(&self) -> RequestId {
        RequestId::new(self.world.entropy.uuid_v7(self.world.now()))
    }
}
