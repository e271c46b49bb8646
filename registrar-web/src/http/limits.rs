use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue};

use super::client_address::Client;
use super::local::LocalPeer;
use super::problem::Problem;
use super::problem_kind::Kind;
use super::state::AppState;
use crate::domain::Timestamp;

/// Counts the requests of a client, static files and health aside, in the store.
///
/// When the store can't count, requests pass. All that costs anything needs the store and answers
/// with a true 503 then; what is left are pages that need nothing.
pub(super) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    // Who comes in by a socket of this host is no stranger; siblings say whose request it is, and
    // what they ask for is counted by that.
    let is_local = request.extensions().get::<LocalPeer>().is_some();
    if is_local || path.starts_with("/static/") || is_health(path) {
        return next.run(request).await;
    }
    let client = request.extensions().get::<Client>();
    let key = client.map_or("unknown", |c| c.0.0.as_str());
    let most = state.limits.requests;
    let window = state.limits.requests_window;
    let now = state.now();
    let counted = state
        .registrar
        .world()
        .store
        .count(&format!("requests:{key}"), window.signed(), now)
        .await;
    let counted = match counted {
        Ok(counted) => counted,
        Err(error) => {
            tracing::warn!(%error, "requests are not counted");
            return next.run(request).await;
        }
    };
    let seconds = seconds_until(counted.resets_at, now);
    let mut response = if counted.count > most {
        Problem::with_detail(
            Kind::TooManyRequests,
            format!("Your network has asked too often; go on in {seconds} s."),
        )
        .retry_after(seconds)
        .into_response()
    } else {
        next.run(request).await
    };
    let left = most.saturating_sub(counted.count);
    // draft-ietf-httpapi-ratelimit-headers-10
    let fields = [
        (
            "ratelimit-policy",
            format!("\"requests\";q={most};w={}", window.std().as_secs()),
        ),
        ("ratelimit", format!("\"requests\";r={left};t={seconds}")),
    ];
    for (name, value) in fields {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
    }
    response
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
