use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};

use super::live::socket_io;
use super::state::AppState;

/// Lets scripts of the configured origins, compared exactly, call the API. No cookies are shared:
/// the API knows none.
pub(super) async fn apply(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_open = path.starts_with("/api/") || path == socket_io::PATH;
    if state.cors_origins.is_empty() || !is_open {
        return next.run(request).await;
    }
    let origin = request
        .headers()
        .get(header::ORIGIN)
        .filter(|origin| is_allowed(&state, origin))
        .cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && request
            .headers()
            .contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let mut response = if is_preflight && origin.is_some() {
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_METHODS,
            "GET, POST, PUT, DELETE",
        );
        set(
            headers,
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "authorization, content-type, x-request-id",
        );
        set(headers, header::ACCESS_CONTROL_MAX_AGE, "3600");
        response
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        set(
            headers,
            header::ACCESS_CONTROL_EXPOSE_HEADERS,
            "location, ratelimit, ratelimit-policy, retry-after, x-request-id",
        );
    }
    response
}

fn is_allowed(state: &AppState, origin: &HeaderValue) -> bool {
    let mut allowed = state.cors_origins.iter();
    allowed.any(|allowed| allowed.as_bytes() == origin.as_bytes())
}

/// Whether scripts of that origin may open a websocket, which no preflight asks for: those of this
/// site itself, and of the configured origins.
pub(super) fn may_listen(state: &AppState, origin: &HeaderValue) -> bool {
    // The origin of the public URL is what comes before a path.
    let url = &state.site.public_url;
    let host = url.find("://").map_or(0, |at| at + 3);
    let end = url[host..].find('/').map_or(url.len(), |at| host + at);
    url.as_bytes()[..end] == *origin.as_bytes() || is_allowed(state, origin)
}

fn set(headers: &mut HeaderMap, name: header::HeaderName, value: &'static str) {
    headers.insert(name, HeaderValue::from_static(value));
}
