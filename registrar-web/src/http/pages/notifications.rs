//! What a member was told: the list, and for scripts the stream of what is told now.

use askama::Template;
use axum::Router;
use axum::extract::{Extension, State};
use axum::response::Response;
use axum::routing::{get, post};
use http::HeaderMap;
use uuid::Uuid;

use super::cookies::Cookie;
use super::csrf::OurForm;
use super::flash::Flash;
use super::layout::{Page, render};
use super::signed_in::SignedIn;
use crate::domain::{EventId, LiveEvent, PageToken, Timestamp};
use crate::http::client_address::Client;
use crate::http::extract::{PathText, QueryText};
use crate::http::live::{Pass, sse, wire};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::ports::PageRequest;
use crate::text::Language;

const PATH: &str = "/account/notifications";
/// On one page.
const AT_ONCE: usize = 30;

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route(PATH, get(show))
        .route("/account/notifications/events", get(events))
        .route("/account/notifications/read-all", post(read_all))
        .route("/account/notifications/{id}/read", post(read))
}

#[derive(Template)]
#[template(path = "pages/notifications.html")]
struct NotificationsPage<'a> {
    page: Page<'a>,
    items: Vec<Item>,
    unread: u64,
    older: Option<EventId>,
}

struct Item {
    id: EventId,
    message: String,
    at: Timestamp,
    is_unread: bool,
}

impl Item {
    fn of(event: &LiveEvent, language: Language) -> Self {
        Self {
            id: event.id,
            message: wire::message(&event.news, language),
            at: event.created_at,
            is_unread: event.is_unread(),
        }
    }
}

/// `GET /account/notifications`
async fn show(
    who: SignedIn,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    // A cursor that is none begins at the newest.
    let after = query.get("cursor").and_then(|c| Uuid::parse_str(c).ok());
    let limit = AT_ONCE;
    let page = PageRequest { limit, after };
    let (events, user) = (&state.registrar.world().events, who.caller.user.id);
    let found = events.notices(user, false, &page).await?;
    let language = who.visitor.language();
    let items = found.items.iter();
    Ok(render(&NotificationsPage {
        page: who.visitor.page(who.visitor.t("notifications-title")),
        items: items.map(|event| Item::of(event, language)).collect(),
        unread: events.unread(user).await?,
        older: found.next,
    }))
}

/// `POST /account/notifications/{id}/read`
async fn read(
    who: SignedIn,
    State(state): State<AppState>,
    PathText(id): PathText,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| Problem::new(Kind::NotFound))?;
    let events = &state.registrar.world().events;
    if !events.mark_read(who.caller.user.id, id).await? {
        return Err(Problem::new(Kind::NotFound));
    }
    Ok(Flash::new("notifications-done").on(PATH))
}

/// `POST /account/notifications/read-all`
async fn read_all(
    who: SignedIn,
    State(state): State<AppState>,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    let events = &state.registrar.world().events;
    events.mark_all_read(who.caller.user.id).await?;
    Ok(Flash::new("notifications-done").on(PATH))
}

/// `GET /account/notifications/events`: as `GET /api/events`, for the session of a page.
async fn events(
    who: SignedIn,
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = Cookie::Session.of(&state.site, &headers);
    let token = token.and_then(PageToken::parse);
    let token = token.ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    let language = who.visitor.language();
    sse::open(&state, Pass::Page(token), &client, &headers, language).await
}
