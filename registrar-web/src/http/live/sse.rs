//! Live events as server-sent events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream, StreamExt};
use http::HeaderMap;
use serde_json::json;
use uuid::Uuid;

use super::super::client_address::Client;
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::Place;
use super::listener::{End, Heard, Listener, Pass};
use super::wire::NotificationAnswer;
use crate::domain::EventId;
use crate::text::Language;

/// What a browser sends that comes again.
const LAST: &str = "last-event-id";
/// A comment keeps the connection from being taken for dead.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// How long a browser waits before it comes again.
const RETRY: Duration = Duration::from_secs(3);

/// Opens the stream, which tells in that language.
pub(in crate::http) async fn open(
    state: &AppState,
    pass: Pass,
    client: &Client,
    headers: &HeaderMap,
    language: Language,
) -> Result<Response, Problem> {
    let last = last_event(headers)?;
    let place = state.listening.place(&client.0.0);
    let place = place.ok_or_else(|| Problem::new(Kind::Busy).retry_after(30))?;
    let listener = Listener::open(state, pass, last, "sse").await?;
    let unread = listener.unread().await?;
    let first = Event::default()
        .event("ready")
        .retry(RETRY)
        .data(json!({ "unread": unread }).to_string());
    let all = stream::iter([first]).chain(told(listener, place, language));
    let keep = KeepAlive::new().interval(KEEP_ALIVE);
    // nginx would otherwise gather events until they fill a buffer.
    let fields = [("x-accel-buffering", "no"), ("cache-control", "no-store")];
    let answer = Sse::new(all.map(Ok::<_, Infallible>)).keep_alive(keep);
    Ok((fields, answer).into_response())
}

fn last_event(headers: &HeaderMap) -> Result<Option<EventId>, Problem> {
    let Some(sent) = headers.get(LAST) else {
        return Ok(None);
    };
    let id = sent.to_str().ok().and_then(|t| Uuid::parse_str(t).ok());
    id.map(Some).ok_or_else(malformed)
}

/// What a `Last-Event-ID` that is none is answered with.
pub(in crate::http) fn malformed() -> Problem {
    let words = "send the id of the last event that you have, or leave it out";
    Problem::field("Last-Event-ID", "malformed", words)
}

/// All events until the end, and the end.
fn told(listener: Listener, place: Place, language: Language) -> impl Stream<Item = Event> + Send {
    let open = Some((listener, place));
    stream::unfold(open, move |open| async move {
        let (mut listener, place) = open?;
        Some(match listener.next().await {
            Heard::Event(event) => {
                let wire = NotificationAnswer::of(&event, language);
                let data = serde_json::to_string(&wire).unwrap_or_default();
                let frames = event.news.names().iter().map(|name| {
                    listener.sent(name);
                    let frame = Event::default().event(name).id(event.id.to_string());
                    frame.data(&data)
                });
                let frames: Vec<Event> = frames.collect();
                (stream::iter(frames), Some((listener, place)))
            }
            Heard::End(end) => (stream::iter(vec![last_frame(&end)]), None),
        })
    })
    .flatten()
}

fn last_frame(end: &End) -> Event {
    let data = json!({ "code": end.code, "message": end.message });
    Event::default().event("end").data(data.to_string())
}
