use axum::Json;
use axum::extract::{Extension, State};
use http::StatusCode;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::bearer::From;
use super::super::extract::{PathText, QueryText};
use super::super::openapi::NotFoundProblems;
use super::super::openapi::auth::MemberProblems;
use super::super::problem::{Kind, Problem};
use super::super::request_id::CurrentRequest;
use super::super::state::AppState;
use super::wire::auth::{SessionAnswer, SessionPage, UserStatus};
use crate::auth::Caller;
use crate::ports::PageRequest;

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_sessions, sign_out_everywhere))
        .routes(routes!(show_session, sign_out))
        .routes(routes!(user_status))
}

/// Where one is logged in
#[utoipa::path(
    get,
    path = "/api/auth/sessions",
    tag = "login",
    security(("accessToken" = [])),
    params(
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses(
        (status = 200, description = "A page of one's sessions, oldest first. It may have fewer than asked for before the last.", body = SessionPage),
        MemberProblems,
        InvalidPage,
    )
)]
async fn list_sessions(
    caller: Caller,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Json<SessionPage>, Problem> {
    let mut page = PageRequest {
        limit: 50,
        after: None,
    };
    for (name, value) in &query {
        let wrong = |code, message| Problem::field(name.as_str(), code, message);
        match name.as_str() {
            "limit" => {
                let limit: usize = value
                    .parse()
                    .map_err(|_| wrong("malformed", "write a number"))?;
                page.limit = limit.clamp(1, 100);
            }
            "cursor" => {
                let id = Uuid::parse_str(value);
                page.after =
                    Some(id.map_err(|_| {
                        wrong("malformed", "give the nextCursor of the page before")
                    })?);
            }
            _ => return Err(wrong("unknown-field", "this parameter is not known")),
        }
    }
    let found = state.auth.sessions(&caller.user, &page).await?;
    let items = found.items.iter();
    Ok(Json(SessionPage {
        items: items
            .map(|s| SessionAnswer::of(s, &caller.session))
            .collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// What a wrong page request is answered with.
struct InvalidPage;

impl utoipa::IntoResponses for InvalidPage {
    fn responses() -> super::super::openapi::Responses {
        super::super::openapi::of([Problem::field("limit", "malformed", "write a number")])
    }
}

/// Log out everywhere
///
/// Ends every session of the account, this one too.
#[utoipa::path(
    delete,
    path = "/api/auth/sessions",
    tag = "login",
    security(("accessToken" = [])),
    responses((status = 204, description = "No session is left."), MemberProblems)
)]
async fn sign_out_everywhere(
    caller: Caller,
    State(state): State<AppState>,
    From(client): From,
) -> Result<StatusCode, Problem> {
    state
        .auth
        .sign_out_everywhere(&caller.user, &client)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// One of one's sessions
#[utoipa::path(
    get,
    path = "/api/auth/sessions/{id}",
    tag = "login",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 200, description = "The session.", body = SessionAnswer),
        MemberProblems,
        NotFoundProblems,
    )
)]
async fn show_session(
    caller: Caller,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<Json<SessionAnswer>, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| none())?;
    let found = state.auth.session(&caller.user, id).await?;
    let session = found.ok_or_else(none)?;
    Ok(Json(SessionAnswer::of(&session, &caller.session)))
}

/// Log out elsewhere
///
/// Ends one of one's sessions; its tokens open nothing from then on.
#[utoipa::path(
    delete,
    path = "/api/auth/sessions/{id}",
    tag = "login",
    security(("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses(
        (status = 204, description = "The session has ended."),
        MemberProblems,
        NotFoundProblems,
    )
)]
async fn sign_out(
    caller: Caller,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<StatusCode, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| none())?;
    if state.auth.sign_out_elsewhere(&caller, id).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(none())
    }
}

fn none() -> Problem {
    Problem::with_detail(Kind::NotFound, "You have no such session.")
}

/// Everything about one's own registration and account
#[utoipa::path(
    get,
    path = "/api/auth/status/user-status",
    tag = "login",
    security(("accessToken" = [])),
    responses((status = 200, description = "All of it.", body = UserStatus), MemberProblems)
)]
async fn user_status(
    Caller { user, .. }: Caller,
    State(state): State<AppState>,
    Extension(request): Extension<CurrentRequest>,
) -> Result<Json<UserStatus>, Problem> {
    let registration = state.registrar.registration(&user.username).await?;
    let asked = state.registrar.system_status(&user.username, request.id);
    let system = match asked.await {
        Ok(found) => found.map(|status| status.host),
        Err(error) => {
            tracing::warn!(%error, "the host can't be asked about an account");
            None
        }
    };
    Ok(Json(UserStatus {
        user: (&user).into(),
        state: user.state,
        email_verified: user.email_proven,
        created_at: user.created_at,
        last_login_at: user.access.last_login_at,
        credentials: (&user).into(),
        registration: registration.map(Into::into),
        system,
    }))
}
