use axum::Json;
use axum::extract::{Extension, State};
use axum::response::Response;
use http::{HeaderName, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::super::client_address::Client;
use super::super::extract::{OptionalJson, PathText, QueryText, StrictJson};
use super::super::openapi::RegisterProblems;
use super::super::openapi::people::{ChangeProblems, ListProblems, OneProblems, OpenProblems};
use super::super::problem::Problem;
use super::super::state::AppState;
use super::paging::{malformed, page_of};
use super::register::taken_in;
use super::wire::TakenIn;
use super::wire::invites::{AcceptInvite, InviteBody, InviteDetails, InvitePage, NewInvite};
use crate::domain::{InviteStanding, SignupForm};
use crate::people::{Acting, InviteQuery, PeopleError};

pub(crate) fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(accept))
        .routes(routes!(details))
        .routes(routes!(list))
        .routes(routes!(revoke))
}

/// Make an invite
///
/// The token is told this once; the store keeps its hash. An invite for one address is mailed.
#[utoipa::path(
    post,
    path = "/api/invites/create",
    tag = "invites",
    security(("adminToken" = []), ("accessToken" = [])),
    request_body(content = Option<InviteBody>),
    responses((status = 201, description = "The invite.", body = NewInvite), ChangeProblems)
)]
async fn create(
    acting: Acting,
    State(state): State<AppState>,
    OptionalJson(body): OptionalJson<InviteBody>,
) -> Result<(StatusCode, [(HeaderName, &'static str); 1], Json<NewInvite>), Problem> {
    let wish = body.unwrap_or_default().into();
    let made = state.people.invite(&acting, wish).await?;
    let (invite, token) = (made.invite, made.token.expose());
    Ok((
        StatusCode::CREATED,
        [(header::CACHE_CONTROL, "no-store")],
        Json(NewInvite {
            id: invite.id.to_string(),
            url: format!("{}/signup?invite={token}", state.site.public_url),
            token: token.to_owned(),
            role: invite.terms.role,
            organization: made.joined.as_ref().map(Into::into),
            email: invite.terms.email.map(|e| e.to_string()),
            max_uses: invite.terms.most_uses,
            expires_at: invite.expires_at,
        }),
    ))
}

/// Sign up with an invite
///
/// The same as a sign-up with `inviteToken`. The invite is used up when the registration succeeds; one
/// that fails gives it back.
#[utoipa::path(
    post,
    path = "/api/invites/accept",
    tag = "invites",
    request_body = AcceptInvite,
    responses(
        (status = 201, description = "Taken in. `Location` is the route of its status.", body = TakenIn,
            headers(("Location" = String, description = "The route of its status"))),
        RegisterProblems,
    )
)]
async fn accept(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    StrictJson(form): StrictJson<SignupForm>,
) -> Result<Response, Problem> {
    if form
        .invite_token
        .as_deref()
        .is_none_or(|t| t.trim().is_empty())
    {
        let words = "send the token of the invite's link";
        return Err(Problem::field("token", "required", words));
    }
    let view = state.registrar.register(form, &client.0).await;
    let view = view.map_err(|e| {
        let mut problem = Problem::from(e);
        for error in &mut problem.errors {
            if error.field == "inviteToken" {
                error.field = "token".into();
            }
        }
        problem
    })?;
    Ok(taken_in(&state, &view))
}

/// What an invite is for
///
/// For who holds its link. However often it is opened, it spends nothing.
#[utoipa::path(
    get,
    path = "/api/invites/details/{token}",
    tag = "invites",
    params(("token" = String, Path, description = "The secret of the link")),
    responses((status = 200, description = "Also of one that can't be used any more; `state` says why.", body = InviteDetails), OpenProblems)
)]
async fn details(
    State(state): State<AppState>,
    PathText(token): PathText,
) -> Result<([(HeaderName, &'static str); 1], Json<InviteDetails>), Problem> {
    let view = state.people.invite_details(&token).await?;
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    let details = InviteDetails::of(&view, &state.site.name);
    Ok((no_store, Json(details)))
}

/// List invites
///
/// All of them for operators and higher roles, one's own for others.
#[utoipa::path(
    get,
    path = "/api/invites/list",
    tag = "invites",
    security(("adminToken" = []), ("accessToken" = [])),
    params(
        ("state" = Option<String>, Query, description = "`open`, `claimed`, `used`, `revoked` or `expired`"),
        ("mine" = Option<bool>, Query, description = "`true`: only one's own"),
        ("limit" = Option<usize>, Query, description = "1 to 100, default 50"),
        ("cursor" = Option<String>, Query, description = "`nextCursor` of the page before"),
    ),
    responses((status = 200, description = "A page of them, oldest first.", body = InvitePage), ListProblems)
)]
async fn list(
    acting: Acting,
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
) -> Result<Json<InvitePage>, Problem> {
    let page = page_of(&mut query, &["state", "mine"])?;
    let standing = query.get("state").map(|word| {
        let words = "write open, claimed, used, revoked or expired";
        InviteStanding::parse(word).ok_or_else(|| malformed("state", words))
    });
    let mine = match query.get("mine").map(String::as_str) {
        None | Some("false") => false,
        Some("true") => true,
        Some(_) => return Err(malformed("mine", "write true or false")),
    };
    let wanted = InviteQuery {
        mine,
        standing: standing.transpose()?,
    };
    let found = state.people.invites(&acting, wanted, &page).await?;
    Ok(Json(InvitePage {
        items: found.items.iter().map(Into::into).collect(),
        next_cursor: found.next.map(|id| id.to_string()),
    }))
}

/// Take an invite back
///
/// One's own, or one to a role below one's own. No registration begins with it from then on, and a
/// mail that was not sent yet is not sent; a registration that has begun goes on.
#[utoipa::path(
    delete,
    path = "/api/invites/{id}/revoke",
    tag = "invites",
    security(("adminToken" = []), ("accessToken" = [])),
    params(("id" = String, Path, description = "Which")),
    responses((status = 204, description = "Taken back; also when it was before."), OneProblems)
)]
async fn revoke(
    acting: Acting,
    State(state): State<AppState>,
    PathText(id): PathText,
) -> Result<StatusCode, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| Problem::from(PeopleError::NoInvite))?;
    state.people.revoke_invite(&acting, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
