use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderMap, StatusCode};
use utoipa::IntoResponses;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::bearer::token_of;
use super::super::client_address::Client;
use super::super::extract::{PathText, QueryText};
use super::super::live::wire::{NotificationAnswer, NotificationPage};
use super::super::live::{Pass, sse};
use super::super::openapi::auth::MemberProblems;
use super::super::openapi::{NotFoundProblems, QueryProblems, Responses, merged, of};
use super::super::problem::{Kind, Problem};
use super::super::state::AppState;
use super::paging::{malformed, page_of};
use crate::auth::Caller;
use crate::text::Language;

/// What the API speaks.
const ENGLISH: Language = Language::English;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(listen))
        .routes(routes!(list))
        .routes(routes!(mark_read))
        .routes(routes!(mark_all_read))
}

/// What one who wants to listen may be answered with.
struct ListenProblems;

impl IntoResponses for ListenProblems {
    fn responses() -> Responses {
        let busy = Problem::new(Kind::Busy).retry_after(30);
        merged(MemberProblems::responses(), of([busy, sse::malformed()]))
    }
}

/// Live events
///
/// Server-sent events, until the session ends or the access token runs out. The first one is
/// `ready` with the number of unread notifications; then `notification`, `inviteStatusUpdate`,
/// `inviteAccepted` and `registrationStatus`, with a `Notification` as data each; the last one is
/// `end` with `code` and `message`. Who comes again with `Last-Event-ID` is given what came
/// meanwhile; the same event has the same id. Socket.IO at `/socket.io/` tells the same.
#[utoipa::path(
    get,
    path = "/api/events",
    tag = "live",
    security(("accessToken" = [])),
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that one has")),
    responses(
        (status = 200, description = "Events as they happen.", body = String, content_type = "text/event-stream"),
        ListenProblems,
    )
)]
async fn listen(
    // The table has looked at it; the stream asks again as long as it lasts.
    _: Caller,
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = token_of(&headers).ok_or_else(|| Problem::new(Kind::Unauthorized))?;
    sse::open(&state, Pass::Token(token), &client, &headers, ENGLISH).await
}

/// What one was told
///
/// Notifications of the last 30 days, newest first.
#[utoipa::path(
    get,
    path = "/api/notifications",
    tag = "live",
    security(("accessToken" = [])),
    params(
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
        ("unread" = Option<bool>, Query, description = "`true`: only those that are unread"),
    ),
    responses(
        (status = 200, description = "A page of them.", body = NotificationPage),
        MemberProblems,
        QueryProblems,
    )
)]
async fn list(
    Caller { user, .. }: Caller,
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
) -> Result<axum::Json<NotificationPage>, Problem> {
    let only_unread = match query.remove("unread").as_deref() {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(malformed("unread", "write true or false")),
    };
    let page = page_of(&mut query, &[])?;
    let events = &state.registrar.world().events;
    let found = events.notices(user.id, only_unread, &page).await?;
    let items = found.items.iter();
    Ok(axum::Json(NotificationPage {
        items: items
            .map(|event| NotificationAnswer::of(event, ENGLISH))
            .collect(),
        next_cursor: found.next.map(|id| id.to_string()),
        unread: events.unread(user.id).await?,
    }))
}

/// One has read it
#[utoipa::path(
    post,
    path = "/api/notifications/{id}/read",
    tag = "live",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 204, description = "It is read."),
        MemberProblems,
        NotFoundProblems,
    )
)]
async fn mark_read(
    Caller { user, .. }: Caller,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<StatusCode, Problem> {
    let none = || Problem::with_detail(Kind::NotFound, "You have no such notification.");
    let id = Uuid::parse_str(&id).map_err(|_| none())?;
    if state
        .registrar
        .world()
        .events
        .mark_read(user.id, id)
        .await?
    {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(none())
    }
}

/// One has read all
#[utoipa::path(
    post,
    path = "/api/notifications/read-all",
    tag = "live",
    security(("accessToken" = [])),
    responses((status = 204, description = "All that were there are read."), MemberProblems)
)]
async fn mark_all_read(
    Caller { user, .. }: Caller,
    State(state): State<AppState>,
) -> Result<StatusCode, Problem> {
    state
        .registrar
        .world()
        .events
        .mark_all_read(user.id)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}
