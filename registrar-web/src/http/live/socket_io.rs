//! Live events by Socket.IO, protocol 5 (<https://socket.io/docs/v4/socket-io-protocol/>), by
//! websocket and by polling.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use http::{Uri, header};
use serde::Deserialize;
use serde_json::json;
use socketioxide::SocketIo;
use socketioxide::extract::{SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::super::bearer::token_of;
use super::super::client_address::Client;
use super::super::cors;
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::listener::{Heard, Listener, Pass};
use super::sse;
use super::wire::NotificationAnswer;
use crate::text::Language;

/// Where clients look for it.
pub(in crate::http) const PATH: &str = "/socket.io/";
/// The most that a client may send at once; a handshake has a token and an id.
const MOST_BYTES: usize = 64 * 1024;
/// Packets that may wait for a client.
const MOST_PACKETS: usize = 64;
/// How long a client may take to say who it is.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is there; a poll waits so long, which has to be less than
/// a handler may take.
const PING_EVERY: Duration = Duration::from_secs(25);
/// How long its answer may take.
const PONG_WITHIN: Duration = Duration::from_secs(20);
/// How often a disconnect is tried for which a client's buffer has no room.
const DISCONNECT_AGAIN: Duration = Duration::from_secs(1);

/// What a client says of itself when it connects.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Handshake {
    /// An access token; or it stands in `Authorization`.
    token: Option<String>,
    /// The id of the last event that it has.
    last_event_id: Option<String>,
}

/// A listener on its way from the judge of the handshake to the handler.
#[derive(Clone)]
struct LetIn(Arc<Mutex<Option<Listener>>>);

/// The route.
pub(in crate::http) fn routes(state: &AppState) -> Router<AppState> {
    let (service, io) = SocketIo::builder()
        .max_payload(MOST_BYTES as u64)
        .ws_max_message_size(MOST_BYTES)
        .ws_max_frame_size(MOST_BYTES)
        .max_buffer_size(MOST_PACKETS)
        .connect_timeout(CONNECT_WITHIN)
        .ping_interval(PING_EVERY)
        .ping_timeout(PONG_WITHIN)
        .build_svc();
    let judge = {
        let state = state.clone();
        move |socket: SocketRef, TryData(said): TryData<Handshake>| {
            let state = state.clone();
            async move {
                // Whoever says nothing, or nonsense, shows no token either.
                match let_in(&state, &socket, said.unwrap_or_default()).await {
                    Ok(listener) => {
                        let listener = LetIn(Arc::new(Mutex::new(Some(listener))));
                        socket.extensions.insert(listener);
                        Ok(())
                    }
                    Err(problem) => Err(problem.kind.code()),
                }
            }
        }
    };
    io.ns("/", serve.with(judge));
    Router::new()
        .route_service(PATH, service)
        .layer(from_fn_with_state(state.clone(), admit))
}

/// Whether a request goes on with a connection rather than begin one.
pub(in crate::http) fn goes_on(uri: &Uri) -> bool {
    // As the server below reads it.
    let mut pairs = uri.query().unwrap_or_default().split('&');
    uri.path() == PATH && pairs.any(|pair| pair.starts_with("sid="))
}

/// Asks from where a request comes, and has a place taken by each connection that is begun. The
/// place goes with the connection: the server keeps the request that began it.
async fn admit(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    if let Some(origin) = request.headers().get(header::ORIGIN)
        && !cors::may_listen(&state, origin)
    {
        let words = "Scripts of this origin may not listen; see server.cors_origins.";
        return Problem::with_detail(Kind::Forbidden, words).into_response();
    }
    if !goes_on(request.uri()) {
        let client = request.extensions().get::<Client>().cloned();
        let client = client.map_or_else(|| "unknown".to_owned(), |c| c.0.0);
        let Some(place) = state.listening.place(&client) else {
            return Problem::new(Kind::Busy).retry_after(30).into_response();
        };
        request.extensions_mut().insert(Arc::new(place));
    }
    next.run(request).await
}

async fn let_in(
    state: &AppState,
    socket: &SocketRef,
    said: Handshake,
) -> Result<Listener, Problem> {
    let last = said.last_event_id.map(|text| Uuid::parse_str(&text));
    let last = last.transpose().map_err(|_| sse::malformed())?;
    let token = said.token.map(Zeroizing::new);
    let token = token.or_else(|| token_of(&socket.req_parts().headers));
    let token = token.ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    Listener::open(state, Pass::Token(token), last, "socket.io").await
}

/// Tells a client until either has enough.
async fn serve(socket: SocketRef) {
    let let_in = socket.extensions.remove::<LetIn>();
    let listener = let_in.and_then(|l| l.0.lock().unwrap_or_else(PoisonError::into_inner).take());
    let Some(mut listener) = listener else {
        return;
    };
    let gone = CancellationToken::new();
    socket.on_disconnect({
        let gone = gone.clone();
        move || {
            gone.cancel();
            std::future::ready(())
        }
    });
    let told = tell(&socket, &mut listener);
    tokio::select! {
        () = told => {}
        () = gone.cancelled() => return,
    }
    // Its place and share are free again for others.
    drop(listener);
    while socket.connected() && socket.clone().disconnect().is_err() {
        tokio::time::sleep(DISCONNECT_AGAIN).await;
    }
}

/// Until the end, or until a client takes too little of it: it comes again and is given the rest.
async fn tell(socket: &SocketRef, listener: &mut Listener) {
    let Ok(unread) = listener.unread().await else {
        return;
    };
    if socket.emit("ready", &json!({ "unread": unread })).is_err() {
        return;
    }
    loop {
        match listener.next().await {
            Heard::Event(event) => {
                let wire = NotificationAnswer::of(&event, Language::English);
                for name in event.news.names() {
                    if socket.emit(name, &wire).is_err() {
                        return;
                    }
                    listener.sent(name);
                }
            }
            Heard::End(end) => {
                let data = json!({ "code": end.code, "message": end.message });
                // Who does not get it is disconnected all the same.
                let _ = socket.emit("end", &data);
                return;
            }
        }
    }
}
