use std::any::Any;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{self, HeaderMap, HeaderValue};
use http::{Method, StatusCode};
use tracing::Instrument;

use super::client_address::{Client, Peer, client_address, client_key};
use super::headers::secure;
use super::live::socket_io;
use super::local::{LocalPeer, is_open_to_applicants};
use super::pages::{self, Visitor};
use super::problem::{Kind, Problem};
use super::request_id::{self, CurrentRequest};
use super::state::AppState;

/// What someone is told who has no business at the admin socket.
const NO_ADMIN: &str =
    "This socket is for root and the members of the group that server.admin_group names.";
/// What a sibling service is told that does not show its token.
const NO_SIBLING: &str = "Send the token of server.internal_token_file as Authorization: Bearer.";

/// What someone is told who has no business at the socket of `registrar-join`.
const NO_APPLICANT: &str =
    "This socket is for the user that server.join_user names, and for signing up alone.";
/// What `registrar-join` is told that does not say whose request it is.
const FROM_NOWHERE: &str = "Say the address that the person connected from as X-Registrar-Client.";

/// The outermost layer: gives the request its id and client, logs it, turns every error into
/// problem+json or a page, and puts the security headers on.
pub(super) async fn finish(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let world = state.registrar.world();
    let current = CurrentRequest::of(
        request.headers().get(request_id::HEADER),
        world.entropy.as_ref(),
        world.now(),
    );
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |p| p.0);
    let local = request.extensions().get::<LocalPeer>().cloned();
    let client = match &local {
        Some(local) => local.client(),
        None => client_key(client_address(
            peer,
            request.headers(),
            &state.trusted_proxies,
        )),
    };
    // Never the query: links carry their token there.
    let path = without_secrets(request.uri().path());
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        REQUEST_ID = %current.text,
        METHOD = %method,
        PATH = %path,
        CLIENT = %client.0,
    );
    let wants_json = wants_json(&path, request.headers());
    let language = pages::language_of(&state.site, request.uri(), request.headers());
    // What the router has, not what the client wrote.
    let route = request.extensions().get::<MatchedPath>().cloned();
    request.extensions_mut().insert(Client(client));
    request.extensions_mut().insert(current.clone());

    let response = match local {
        Some(LocalPeer::Stranger) => {
            Problem::with_detail(Kind::Forbidden, NO_ADMIN).into_response()
        }
        Some(LocalPeer::SiblingWithoutToken) => {
            Problem::with_detail(Kind::Unauthorized, NO_SIBLING).into_response()
        }
        Some(LocalPeer::Intruder) => {
            Problem::with_detail(Kind::Forbidden, NO_APPLICANT).into_response()
        }
        Some(LocalPeer::ApplicantFromNowhere) => {
            Problem::with_detail(Kind::MalformedQuery, FROM_NOWHERE).into_response()
        }
        Some(LocalPeer::Applicant(_))
            if !is_open_to_applicants(&method, route.as_ref().map(MatchedPath::as_str)) =>
        {
            Problem::with_detail(Kind::Forbidden, NO_APPLICANT).into_response()
        }
        _ => next.run(request).instrument(span.clone()).await,
    };
    let mut response = match problem_of(&response) {
        Some(problem) if wants_json => write_json(&problem, response, &path, &current.text),
        Some(problem) => {
            let visitor = response.extensions().get::<Visitor>().cloned();
            // None came as far as to be looked at.
            let visitor = visitor.unwrap_or_else(|| Visitor::stranger(&state, language));
            write_page(&problem, response, &visitor, &current.text)
        }
        None => response,
    };
    secure(response.headers_mut(), &path, state.site.https);
    if let Ok(id) = HeaderValue::from_str(&current.text) {
        response.headers_mut().insert(request_id::HEADER, id);
    }
    let route = route.as_ref().map_or("none", MatchedPath::as_str);
    let (status, took) = (response.status().as_u16(), began.elapsed());
    world.metrics.answered(route, &method, status, took);
    let _in = span.enter();
    log(&method, &path, response.status(), began.elapsed());
    response
}

/// What stands before a secret in a path: the token of an invite, or of a receipt.
const BEFORE_SECRETS: [&str; 4] = [
    "/api/invites/details/",
    "/api/auth/receipt/",
    "/receipt/",
    "/invites/",
];

/// A path that can be logged.
fn without_secrets(path: &str) -> String {
    let mut known = BEFORE_SECRETS.into_iter();
    match known.find_map(|before| Some((before, path.strip_prefix(before)?))) {
        Some((before, rest)) => {
            let rest = rest.find('/').and_then(|at| rest.get(at..));
            format!("{before}(token){}", rest.unwrap_or_default())
        }
        None => path.to_owned(),
    }
}

/// One line for each request. What monitoring and browsers ask for all day is for debugging.
fn log(method: &Method, path: &str, status: StatusCode, took: Duration) {
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let code = status.as_u16();
    // Escaped and short: a path is anyone's text.
    let gist: String = path.escape_default().take(120).collect();
    let is_routine = path.starts_with("/static/")
        || path == socket_io::PATH
        || path.starts_with("/health")
        || matches!(path, "/api/health" | "/api/auth/health");
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                STATUS = code,
                MILLISECONDS = ms,
                "{method} {gist} {code} in {ms} ms"
            )
        };
    }
    if status.is_server_error() {
        line!(error);
    } else if is_routine {
        line!(debug);
    } else {
        line!(info);
    }
}

/// What a panic becomes.
pub(super) fn after_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    tracing::error!("a handler panicked");
    Problem::new(Kind::Internal).into_response()
}

/// Whether the client reads JSON rather than pages.
pub(super) fn wants_json(path: &str, headers: &HeaderMap) -> bool {
    if path.starts_with("/api/") && path != "/api/docs"
        || path.starts_with("/internal/")
        || path.starts_with("/health")
        || path == socket_io::PATH
    {
        return true;
    }
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|a| a.contains("application/json") && !a.contains("text/html"))
}

/// The problem that an answer carries; one for its status when something below us, such as the
/// router, answered with an error in plain words.
fn problem_of(response: &Response) -> Option<Problem> {
    if let Some(problem) = response.extensions().get::<Problem>() {
        return Some(problem.clone());
    }
    let status = response.status();
    let is_ours = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|t| t.as_bytes().starts_with(b"text/html") || t == "application/json");
    let is_error = status.is_client_error() || status.is_server_error();
    (is_error && !is_ours).then(|| Problem::new(Kind::of_status(status)))
}

fn write_json(problem: &Problem, response: Response, path: &str, request_id: &str) -> Response {
    let body = serde_json::to_vec(&problem.body(path, request_id)).unwrap_or_default();
    write(problem, response, "application/problem+json", body)
}

fn write_page(
    problem: &Problem,
    response: Response,
    visitor: &Visitor,
    request_id: &str,
) -> Response {
    let page = pages::problem_page(visitor, problem, request_id);
    write(problem, response, "text/html; charset=utf-8", page)
}

fn write(
    problem: &Problem,
    response: Response,
    media_type: &'static str,
    body: impl Into<Body>,
) -> Response {
    let (mut parts, _) = response.into_parts();
    parts.status = problem.kind.status();
    parts.headers.remove(header::CONTENT_LENGTH);
    parts
        .headers
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    Response::from_parts(parts, body.into())
}
