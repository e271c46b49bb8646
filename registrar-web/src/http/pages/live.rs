use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Extension, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde_json::json;

use super::status::{Phase, find};
use super::visitor::Visitor;
use crate::domain::{Timestamp, Username};
use crate::http::client_address::Client;
use crate::http::extract::PathText;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::registration::RegistrationView;

/// How often the store is asked.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After so many looks a stream ends; browsers that are still there come again.
const LOOKS: u32 = 15 * 60;

/// `GET /signup/status/{username}/events`: the registration's changes as server-sent events, until
/// it ends.
pub(super) async fn events(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    PathText(name): PathText,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let view = find(&state, &name).await?;
    let full = || Problem::new(Kind::Busy).retry_after(30);
    let room = state.live.clone().try_acquire_owned().map_err(|_| full())?;
    let share = state.live_of_client.open(&client.0.0).ok_or_else(full)?;
    let changes = changes(state, visitor, view, (room, share));
    let keep = KeepAlive::new().interval(Duration::from_secs(15));
    // nginx would otherwise gather events until they fill a buffer.
    let unbuffered = [("x-accel-buffering", "no")];
    Ok((unbuffered, Sse::new(changes).keep_alive(keep)).into_response())
}

/// Where a stream is; `held` gives the client's share back when the stream ends.
struct Follow<H> {
    state: AppState,
    visitor: Visitor,
    name: Username,
    next: Option<RegistrationView>,
    shown: Option<RegistrationView>,
    looks: u32,
    _held: H,
}

fn changes<H: Send + 'static>(
    state: AppState,
    visitor: Visitor,
    first: RegistrationView,
    held: H,
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    let follow = Follow {
        state,
        visitor,
        name: first.username.clone(),
        next: Some(first),
        shown: None,
        looks: LOOKS,
        _held: held,
    };
    stream::unfold(follow, |mut follow| async move {
        if follow.shown.as_ref().is_some_and(is_over) {
            return None;
        }
        loop {
            if let Some(view) = follow.next.take()
                && follow.shown.as_ref() != Some(&view)
            {
                let event = event(&follow.visitor, &view);
                follow.shown = Some(view);
                return Some((Ok(event), follow));
            }
            follow.looks = follow.looks.checked_sub(1)?;
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = follow.state.stop.cancelled() => return None,
            }
            // A store that is away for a moment is asked again; a record that is gone ends it.
            match follow.state.registrar.registration(&follow.name).await {
                Ok(Some(view)) => follow.next = Some(view),
                Ok(None) => return None,
                Err(error) => tracing::debug!(%error, "a live page waits for the store"),
            }
        }
    })
}

fn is_over(view: &RegistrationView) -> bool {
    matches!(Phase::of(view), Phase::Done | Phase::Failed | Phase::Closed)
}

fn event(visitor: &Visitor, view: &RegistrationView) -> Event {
    let history = view.details.history.iter();
    let times: BTreeMap<&str, Timestamp> = history.map(|p| (p.status.as_str(), p.at)).collect();
    let data = json!({
        "status": view.status,
        "progress": view.progress,
        "message": visitor.says(view),
        "phase": Phase::of(view).as_str(),
        "passed": view.details.history.iter().map(|p| p.status).collect::<Vec<_>>(),
        "times": times,
    });
    Event::default()
        .event("registrationStatus")
        .data(data.to_string())
}
