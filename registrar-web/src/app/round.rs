//! What is built from settings that a reload may change; each reload makes another of it.

use std::sync::Arc;

use axum::Router;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::{StartError, admin_token};
use crate::auth::{Auth, AuthPolicy, HostSide, KeyRing};
use crate::config::Config;
use crate::crash_point;
use crate::domain::WorkerId;
use crate::hash::HashPool;
use crate::host_groups::HostGroups;
use crate::http::{self, AppState};
use crate::mail::{self, Community};
use crate::metrics::metered_mailer;
use crate::outbox::Outbox;
use crate::people::People;
use crate::ports::EntropyExt;
use crate::registration::{Policy, Registrar, Saga, World};

/// What lasts as long as the process.
pub(super) struct Lasting {
    pub(super) world: World,
    pub(super) hashes: HashPool,
    pub(super) keys: Arc<KeyRing>,
}

/// The workers and the pages of one set of settings, not yet at work.
pub(super) struct Round {
    saga: Saga,
    registrar: Registrar,
    auth: Auth,
    host_side: HostSide,
    host_groups: HostGroups,
    people: People,
    outbox: Outbox,
    config: Config,
    router: Router,
    stop: CancellationToken,
}

impl Round {
    /// Builds it; `stop` ends it together with the process.
    pub(super) fn build(
        lasting: &Lasting,
        config: Config,
        stop: &CancellationToken,
    ) -> Result<Self, StartError> {
        let world = &lasting.world;
        let policy = Policy::of(&config);
        let number = world.entropy.number();
        let worker = WorkerId(format!("{}-{number:08x}", std::process::id()));
        let community = Community::new(&config.community, &config.server.public_url);
        let outbox = Outbox {
            store: world.store.clone(),
            mailer: metered_mailer(
                crash_point::around_mailer(mail::mailer(
                    &config.mail,
                    &community,
                    world.clock.clone(),
                )?),
                world.metrics.clone(),
            ),
            clock: world.clock.clone(),
            entropy: world.entropy.clone(),
            key: world.key.clone(),
            community,
            registrations_due: world.registrations_due.clone(),
            worker: worker.clone(),
        };
        let stop = stop.child_token();
        let registrar = Registrar::new(world.clone(), policy.clone(), lasting.hashes.clone());
        let auth = Auth::new(
            world.clone(),
            AuthPolicy::of(&config),
            lasting.hashes.clone(),
            lasting.keys.clone(),
        )?;
        let people = People::new(registrar.clone(), auth.clone(), &config);
        let admin = admin_token(&config)?;
        let state = AppState::new(
            registrar.clone(),
            auth.clone(),
            &config,
            admin,
            stop.clone(),
        );
        Ok(Self {
            host_side: auth.host_side(worker.clone()),
            host_groups: HostGroups::new(world.clone(), worker.clone()),
            auth,
            saga: Saga::new(world.clone(), policy, worker),
            registrar,
            people,
            outbox,
            config,
            router: http::router(state),
            stop,
        })
    }

    /// The pages and the API.
    pub(super) fn router(&self) -> Router {
        self.router.clone()
    }

    /// Sets the workers to work. The token ends them, each after the step under way; another round
    /// may be at work by then, as what one works on is leased.
    pub(super) fn start(self, world: &World, tasks: &TaskTracker) -> CancellationToken {
        let (saga, outbox, stop) = (self.saga, self.outbox, self.stop);
        let (registrar, people) = (self.registrar, self.people);
        // Two files that disagree are told of now, not when someone asks.
        tasks.spawn(async move { registrar.readiness().await.warn() });
        tasks.spawn({
            let stop = stop.clone();
            async move { saga.serve(stop).await }
        });
        let host_groups = self.host_groups;
        tasks.spawn({
            let stop = stop.clone();
            async move { host_groups.serve(stop).await }
        });
        let (host_side, auth) = (self.host_side, self.auth);
        tasks.spawn({
            let stop = stop.clone();
            async move {
                host_side.serve(stop).await;
                auth.finish_background().await;
            }
        });
        tasks.spawn({
            let stop = stop.clone();
            async move { people.serve(stop).await }
        });
        if let Some(maildir) = self.config.mail.bounce_maildir {
            let (outbox, stop) = (outbox.clone(), stop.clone());
            tasks.spawn(async move { outbox.serve_bounces(stop, &maildir).await });
        }
        tasks.spawn({
            let (stop, wake) = (stop.clone(), world.mails_due.clone());
            async move { outbox.serve(stop, wake).await }
        });
        stop
    }
}
