use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue};
use zeroize::Zeroizing;

use super::bearer::token_of;
use super::client_address::Client;
use super::live::socket_io;
use super::local::LocalPeer;
use super::pages::session_of;
use super::problem::{Kind, Problem};
use super::state::AppState;
use crate::config::LimitSettings;
use crate::domain::{PageToken, Timestamp, UserId};
use crate::registration::ClientKey;

/// Counts the requests of a client, static files and health aside, in the store. Streams of live
/// events have a window of their own, so that who looks at pages does not pay twice.
///
/// When the store can't count, requests pass. All that costs anything needs the store and answers
/// with a true 503 then; what is left are pages that need nothing.
pub(super) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let local = request.extensions().get::<LocalPeer>();
    let is_uncounted = local.is_some_and(|peer| !peer.is_counted());
    if is_uncounted || path.starts_with("/static/") || is_health(path) {
        return next.run(request).await;
    }
    let client = request.extensions().get::<Client>().cloned();
    let client = client.map_or_else(|| ClientKey("unknown".to_owned()), |c| c.0);
    if socket_io::goes_on(request.uri()) {
        // One that polls asks again and again for a connection that was counted. Who asks for none
        // that there is, is counted after all.
        let response = next.run(request).await;
        if response.status().is_client_error()
            && let Some(Counted { refusal, .. }) = Counted::take(&state, LIVE, &client.0).await
        {
            return refusal.map_or(response, IntoResponse::into_response);
        }
        return response;
    }
    let bucket = if is_live(path) { LIVE } else { REQUESTS };
    let shown = Shown::by(&state, &request);
    let Some(counted) = count_one(&state, bucket, &client, shown).await else {
        return next.run(request).await;
    };
    let mut response = match counted.refusal {
        Some(refusal) => refusal.into_response(),
        None => next.run(request).await,
    };
    for (name, value) in counted.fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// Counts one request of that client, and of all of an IPv6 /48, which is what one customer of a provider
/// may have. Where the client has used its share up, who is signed in goes
/// on with a share of their own: a reviewer works through more pages than a stranger looks at, and a
/// club behind one address is not kept out by one of it.
async fn count_one(
    state: &AppState,
    bucket: Bucket,
    client: &ClientKey,
    shown: Option<Shown>,
) -> Option<Counted> {
    let mut counted = Counted::take(state, bucket, &client.0).await?;
    if counted.refusal.is_none()
        && bucket.name == REQUESTS.name
        && let Some(network) = client.network()
        && let Some(of_network) = Counted::take(state, NETWORK, &network).await
        && of_network.refusal.is_some()
    {
        counted = of_network;
    }
    if counted.refusal.is_some()
        && bucket.name == REQUESTS.name
        && let Some(shown) = shown
        && let Some(member) = shown.member(state).await
        && let Some(of_member) = Counted::take(state, MEMBER, &member.to_string()).await
    {
        return Some(of_member);
    }
    Some(counted)
}

/// What a request shows of a session, unjudged.
enum Shown {
    AccessToken(Zeroizing<String>),
    /// Of a page.
    Cookie(PageToken),
}

impl Shown {
    fn by(state: &AppState, request: &Request) -> Option<Self> {
        match token_of(request.headers()) {
            Some(token) => Some(Self::AccessToken(token)),
            None => session_of(state, request).map(Self::Cookie),
        }
    }

    /// Whose session it is, if it lives. Why not, is told by whoever lets people in.
    async fn member(&self, state: &AppState) -> Option<UserId> {
        let caller = match self {
            Self::AccessToken(token) => state.auth.authenticate(token).await,
            Self::Cookie(token) => state.auth.page_session(token).await,
        };
        caller.ok().map(|caller| caller.user.id)
    }
}

/// How many times the share of one client a /48 has.
const SHARES_OF_48: u32 = 16;

/// Whose requests are counted together, and how many they may be in a window.
#[derive(Clone, Copy)]
struct Bucket {
    name: &'static str,
    most: fn(&LimitSettings) -> u32,
    /// Who has asked too often.
    whose: &'static str,
}

/// Each client's, of any kind.
const REQUESTS: Bucket = Bucket {
    name: "requests",
    most: |limits| limits.requests,
    whose: "Your network has",
};

/// Each client's, for streams of live events.
const LIVE: Bucket = Bucket {
    name: "live",
    ..REQUESTS
};

/// Those of all clients of an IPv6 /48.
const NETWORK: Bucket = Bucket {
    name: "network",
    most: |limits| limits.requests.saturating_mul(SHARES_OF_48),
    ..REQUESTS
};

/// A member's, from wherever, beyond those of the client.
const MEMBER: Bucket = Bucket {
    name: "member",
    most: |limits| limits.member_requests,
    whose: "You have",
};

/// A request that was counted.
struct Counted {
    /// What it is answered with, if it is one too many.
    refusal: Option<Problem>,
    /// What the answer says of the limit (draft-ietf-httpapi-ratelimit-headers-10).
    fields: [(&'static str, String); 2],
}

impl Counted {
    /// Counts one; `None` when that is not possible.
    async fn take(state: &AppState, bucket: Bucket, whose: &str) -> Option<Self> {
        let most = (bucket.most)(&state.limits);
        let name = bucket.name;
        let window = state.limits.requests_window;
        let now = state.now();
        let store = &state.registrar.world().store;
        let key = format!("{name}:{whose}");
        let counted = match store.count(&key, window.signed(), now).await {
            Ok(counted) => counted,
            Err(error) => {
                tracing::warn!(%error, "requests are not counted");
                return None;
            }
        };
        let seconds = seconds_until(counted.resets_at, now);
        let refusal = (counted.count > most).then(|| {
            let who = bucket.whose;
            let words = format!("{who} asked too often; go on in {seconds} s.");
            Problem::with_detail(Kind::TooManyRequests, words).retry_after(seconds)
        });
        let left = most.saturating_sub(counted.count);
        let fields = [
            (
                "ratelimit-policy",
                format!("\"{name}\";q={most};w={}", window.std().as_secs()),
            ),
            ("ratelimit", format!("\"{name}\";r={left};t={seconds}")),
        ];
        Some(Self { refusal, fields })
    }
}

/// Whether that opens a stream of live events.
fn is_live(path: &str) -> bool {
    path == "/api/events" || path == "/account/notifications/events" || path == socket_io::PATH
}

fn is_health(path: &str) -> bool {
    matches!(
        path,
        "/metrics" | "/health" | "/health/ready" | "/api/health" | "/api/auth/health"
    )
}

/// Whole seconds, at least one.
fn seconds_until(end: Timestamp, now: Timestamp) -> u32 {
    let millis = end.as_millisecond().saturating_sub(now.as_millisecond());
    u32::try_from(millis.max(1).saturating_add(999) / 1000).unwrap_or(u32::MAX)
}

/// Counts what each client has open at the moment.
#[derive(Clone, Debug)]
pub struct PerClient {
    most: usize,
    open: Arc<Mutex<HashMap<String, usize>>>,
}

/// One open thing; closes when dropped.
#[derive(Debug)]
pub struct OpenOne {
    of: PerClient,
    key: String,
}

impl PerClient {
    /// At most so many for each.
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most,
            open: Arc::default(),
        }
    }

    /// Opens one; `None` when the client has enough.
    #[must_use]
    pub fn open(&self, key: &str) -> Option<OpenOne> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(key.to_owned()).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(OpenOne {
            of: self.clone(),
            key: key.to_owned(),
        })
    }
}

impl Drop for OpenOne {
    fn drop(&mut self) {
        let mut open = self.of.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_its_share_back_and_leaves_nothing_behind() {
        let all = PerClient::new(2);
        let (a, b) = (all.open("x"), all.open("x"));
        assert!(a.is_some() && b.is_some() && all.open("x").is_none());
        assert!(all.open("y").is_some());
        drop(a);
        assert!(all.open("x").is_some());
        drop(b);
        assert!(all.open.lock().unwrap().is_empty());
    }
}
