use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::super::csrf::OurForm;
use super::super::flash::Flash;
use super::super::form::invited_into;
use super::super::layout::{Page, render_with};
use super::super::signed_in::SignedIn;
use super::Operators;
use super::words::link;
use crate::domain::{InviteStanding, MailState, Role, Timestamp};
use crate::http::extract::{Form, PathText, QueryText};
use crate::http::problem::Problem;
use crate::http::state::AppState;
use crate::people::{InviteQuery, InviteWish, ListedInvite, PeopleError};
use crate::ports::PageRequest;

#[derive(Template)]
#[template(path = "pages/admin/invites.html")]
struct InvitesPage<'a> {
    page: Page<'a>,
    place: &'static str,
    rows: Vec<Row>,
    next: Option<String>,
    roles: Vec<&'static str>,
    /// The link of the one that was just made; it is told this once.
    made: Option<String>,
    wrong: Option<&'a Problem>,
    typed: Option<&'a Form>,
}

struct Row {
    id: String,
    /// For whom.
    name: String,
    role: &'static str,
    by: String,
    standing: &'static str,
    is_open: bool,
    uses: String,
    until: Timestamp,
    mail: Option<String>,
}

impl From<ListedInvite> for Row {
    fn from(listed: ListedInvite) -> Self {
        let ListedInvite {
            invite,
            standing,
            mail,
            ..
        } = listed;
        let terms = &invite.terms;
        let done = invite.uses.iter().filter(|u| u.done).count();
        let by = terms.inviter.as_ref().map(|i| i.username.to_string());
        Self {
            id: invite.id.to_string(),
            name: invite.for_whom(),
            role: terms.role.as_str(),
            by: by.unwrap_or_else(|| "the host's admin".into()),
            is_open: standing == InviteStanding::Open,
            standing: standing.as_str(),
            uses: format!("{done} of {}", terms.most_uses),
            until: invite.expires_at,
            mail: mail.map(|m| match m {
                MailState::Queued => "mail waits".to_owned(),
                MailState::Sent { .. } => "mail sent".to_owned(),
                MailState::Failed { reason, .. } => format!("mail failed: {reason}"),
            }),
        }
    }
}

impl InvitesPage<'_> {
    fn error(&self, field: &str) -> Option<String> {
        let mut errors = self.wrong?.errors.iter();
        let error = errors.find(|e| e.field == field)?;
        Some(format!("{}.", error.message))
    }

    fn typed(&self, field: &str) -> &str {
        self.typed.map_or("", |form| form.text(field))
    }
}

async fn write(
    admin: &SignedIn<Operators>,
    state: &AppState,
    after: Option<Uuid>,
    made: Option<String>,
    wrong: Option<(&Problem, &Form)>,
) -> Result<Response, Problem> {
    let page = PageRequest { limit: 50, after };
    let query = InviteQuery::default();
    let found = state.people.invites(&admin.acting(), query, &page).await?;
    let policy = state.registrar.policy();
    let own = admin.caller.user.role;
    let roles = Role::ALL.into_iter().rev();
    let roles = roles.filter(|r| policy.may_invite_to(own, *r));
    let page = InvitesPage {
        page: admin.visitor.page("Invites"),
        place: "invites",
        rows: found.items.into_iter().map(Into::into).collect(),
        next: found
            .next
            .map(|id| link("/admin/invites", &[("cursor", &id.to_string())])),
        roles: roles.map(Role::as_str).collect(),
        made,
        wrong: wrong.map(|(problem, _)| problem),
        typed: wrong.map(|(_, form)| form),
    };
    Ok(render_with(&page, wrong.map(|(problem, _)| problem)))
}

/// `GET /admin/invites`
pub(super) async fn show(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    let after = query.get("cursor").and_then(|id| Uuid::parse_str(id).ok());
    write(&admin, &state, after, None, None).await
}

/// `POST /admin/invites`: makes one, and shows its link this once.
pub(super) async fn create(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let uses = form.optional("uses");
    let wish = InviteWish {
        email: form.optional("email"),
        role: form.optional("role"),
        message: form.optional("message"),
        // What is no number is out of range.
        uses: uses.map(|n| n.trim().parse().unwrap_or(0)),
        organisation: invited_into(&form),
    };
    match state.people.invite(&admin.acting(), wish).await {
        Ok(made) => {
            let (url, token) = (&state.site.public_url, made.token.expose());
            let made = format!("{url}/signup?invite={token}");
            write(&admin, &state, None, Some(made), None).await
        }
        Err(error @ PeopleError::Store(_)) => Err(error.into()),
        Err(error) => {
            let problem = Problem::from(error);
            write(&admin, &state, None, None, Some((&problem, &form))).await
        }
    }
}

/// `POST /admin/invites/{id}/revoke`
pub(super) async fn revoke(
    admin: SignedIn<Operators>,
    State(state): State<AppState>,
    PathText(id): PathText,
    _: OurForm,
) -> Result<Response, Problem> {
    let id = Uuid::parse_str(&id).map_err(|_| PeopleError::NoInvite)?;
    state.people.revoke_invite(&admin.acting(), id).await?;
    Ok(Flash::new("admin-invite-revoked").on("/admin/invites"))
}
