//! Numbers about what the service does, for OpenMetrics. Labels are words of this program: no name,
//! address or id of anybody is in them, and no text that a client chose.

mod ports;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::domain::Status;
use crate::hash::HashPool;
use crate::ports::StoreCounts;

pub use ports::{metered_mailer, metered_provisioner};

/// Up to these, in seconds: from a page out of memory to a hash in a long queue.
const ANSWER_TIMES: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0,
];
/// Up to these, in seconds: from a step done at once to a day until someone opens a mail.
const STEP_TIMES: [f64; 12] = [
    0.01, 0.05, 0.25, 1.0, 5.0, 30.0, 120.0, 600.0, 3600.0, 21_600.0, 86_400.0, 604_800.0,
];

/// Counts. Clones count the same.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<Request, Counter>,
    answer_times: Family<Route, Histogram>,
    registrations: Family<Ended, Counter>,
    step_times: Family<Step, Histogram>,
    mails: Family<Ended, Counter>,
    calls: Family<Call, Counter>,
    call_times: Family<Method, Histogram>,
    hash_busy: Gauge,
    hash_queued: Gauge,
    mails_waiting: Gauge,
    registrations_open: Family<Listing, Gauge>,
    members: Gauge,
    live_clients: Family<Transport, Gauge>,
    live_events: Family<Name, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: String,
    method: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Step {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    method: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Method {
    method: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Listing {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Transport {
    transport: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    event: &'static str,
}

/// A client that listens to live events; counts until it is dropped.
#[derive(Debug)]
pub struct LiveClient(Gauge);

impl Drop for LiveClient {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        let answers = || Histogram::new(ANSWER_TIMES);
        let steps = || Histogram::new(STEP_TIMES);
        let mut inner = Inner {
            registry: Registry::with_prefix("registrar"),
            requests: Family::default(),
            answer_times: Family::new_with_constructor(answers),
            registrations: Family::default(),
            step_times: Family::new_with_constructor(steps),
            mails: Family::default(),
            calls: Family::default(),
            call_times: Family::new_with_constructor(answers),
            hash_busy: Gauge::default(),
            hash_queued: Gauge::default(),
            mails_waiting: Gauge::default(),
            registrations_open: Family::default(),
            members: Gauge::default(),
            live_clients: Family::default(),
            live_events: Family::default(),
        };
        inner.register();
        Self(Arc::new(inner))
    }
}

impl Inner {
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register(
            "http_requests",
            "Requests that were answered",
            self.requests.clone(),
        );
        r.register_with_unit(
            "http_request_duration",
            "Time until the head of the answer",
            Unit::Seconds,
            self.answer_times.clone(),
        );
        r.register(
            "registrations",
            "Registrations that ended, by outcome",
            self.registrations.clone(),
        );
        r.register_with_unit(
            "registration_step_duration",
            "Time from the status before to this one",
            Unit::Seconds,
            self.step_times.clone(),
        );
        r.register(
            "mails",
            "Mails handed to the mail system, by outcome",
            self.mails.clone(),
        );
        r.register(
            "provisiond_calls",
            "Calls of provisiond, by outcome",
            self.calls.clone(),
        );
        r.register_with_unit(
            "provisiond_call_duration",
            "Time until provisiond's answer",
            Unit::Seconds,
            self.call_times.clone(),
        );
        r.register(
            "hash_pool_busy",
            "Passwords being hashed or compared",
            self.hash_busy.clone(),
        );
        r.register(
            "hash_pool_queued",
            "Passwords that wait to be hashed or compared",
            self.hash_queued.clone(),
        );
        r.register(
            "outbox_waiting",
            "Mails that wait to be sent",
            self.mails_waiting.clone(),
        );
        r.register(
            "registrations_listed",
            "Registrations in the store, by state",
            self.registrations_open.clone(),
        );
        r.register("members", "Entries of the directory", self.members.clone());
        r.register(
            "live_clients",
            "Clients that listen to live events, by transport",
            self.live_clients.clone(),
        );
        r.register(
            "live_events_sent",
            "Live events sent to clients, by name",
            self.live_events.clone(),
        );
    }
}

impl Metrics {
    /// A request was answered. `route` is a route of the router, not what a client asked for.
    pub fn answered(&self, route: &str, method: &http::Method, status: u16, took: Duration) {
        let method = word_of(method);
        let route = route.to_owned();
        let times = Route {
            route: route.clone(),
            method,
        };
        self.0
            .answer_times
            .get_or_create(&times)
            .observe(took.as_secs_f64());
        let request = Request {
            route,
            method,
            status,
        };
        self.0.requests.get_or_create(&request).inc();
    }

    /// A registration has reached that status, so long after the one before.
    pub fn reached(&self, status: Status, after: jiff::SignedDuration) {
        let step = Step {
            status: status.as_str(),
        };
        let seconds = after.as_secs_f64().max(0.0);
        self.0.step_times.get_or_create(&step).observe(seconds);
    }

    /// A registration has ended: `complete`, or the code of its failure.
    pub fn registration_ended(&self, outcome: &str) {
        let ended = Ended {
            outcome: outcome.to_owned(),
        };
        self.0.registrations.get_or_create(&ended).inc();
    }

    /// A client begins to listen, by `sse` or `socket.io`.
    #[must_use]
    pub fn live_client(&self, transport: &'static str) -> LiveClient {
        let gauge = self.0.live_clients.get_or_create(&Transport { transport });
        gauge.inc();
        LiveClient(gauge.clone())
    }

    /// An event of that name was sent to a client.
    pub fn live_event_sent(&self, event: &'static str) {
        self.0.live_events.get_or_create(&Name { event }).inc();
    }

    fn mailed(&self, outcome: &str) {
        let ended = Ended {
            outcome: outcome.to_owned(),
        };
        self.0.mails.get_or_create(&ended).inc();
    }

    fn called(&self, method: &'static str, outcome: &'static str, took: Duration) {
        self.0
            .call_times
            .get_or_create(&Method { method })
            .observe(took.as_secs_f64());
        self.0.calls.get_or_create(&Call { method, outcome }).inc();
    }

    /// All of it as text (OpenMetrics 1.0); what the store has is left as it was when it is not
    /// given.
    #[must_use]
    pub fn text(&self, counts: Option<StoreCounts>, hashes: &HashPool) -> String {
        let set = |gauge: &Gauge, number: u64| {
            gauge.set(i64::try_from(number).unwrap_or(i64::MAX));
        };
        set(&self.0.hash_busy, hashes.busy());
        set(&self.0.hash_queued, hashes.queued());
        if let Some(counts) = counts {
            set(&self.0.mails_waiting, counts.mails_waiting);
            set(&self.0.members, counts.members);
            for (state, number) in [
                ("running", counts.registrations_running),
                ("in-review", counts.registrations_in_review),
                ("failed", counts.registrations_failed),
                ("complete", counts.registrations_complete),
            ] {
                let gauge = self.0.registrations_open.get_or_create(&Listing { state });
                set(&gauge, number);
            }
        }
        let mut written = String::new();
        // Writing into a String does not fail.
        let _ = text::encode(&mut written, &self.0.registry);
        written
    }
}

/// A method that a client made up is one label, not as many as it likes.
fn word_of(method: &http::Method) -> &'static str {
    match *method {
        http::Method::GET => "GET",
        http::Method::HEAD => "HEAD",
        http::Method::POST => "POST",
        http::Method::PUT => "PUT",
        http::Method::DELETE => "DELETE",
        http::Method::PATCH => "PATCH",
        http::Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
