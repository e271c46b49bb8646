use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use uuid::Uuid;

use super::alert;
use crate::domain::{Invite, Role, User};
use crate::http::extract::{Form, PathText};
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::{Field, invited_into};
use crate::http::pages::layout::{Page, render_with};
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::Visitor;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::people::{Branch, InviteQuery, InviteWish, ListedInvite, PeopleError};
use crate::ports::PageRequest;

const PATH: &str = "/account/invites";

#[derive(Template)]
#[template(path = "pages/account/invites.html")]
struct InvitesPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    /// The link of an invite that was just made; told once.
    made: Option<String>,
    roles: Vec<RoleChoice>,
    fields: Vec<Field>,
    invites: Vec<Line>,
    sponsor: Option<User>,
    tree: Vec<Branch>,
}

/// A role that one may invite to.
struct RoleChoice {
    word: &'static str,
    name: String,
    is_chosen: bool,
}

/// An invite of the list.
struct Line {
    listed: ListedInvite,
    role: String,
    standing: String,
}

impl Line {
    fn invite(&self) -> &Invite {
        &self.listed.invite
    }

    fn can_be_revoked(&self) -> bool {
        use crate::domain::InviteStanding::{Claimed, Open};
        matches!(self.listed.standing, Open | Claimed)
    }

    fn joined(&self) -> Vec<String> {
        let uses = self.invite().uses.iter().filter(|u| u.done);
        uses.map(|u| u.username.to_string()).collect()
    }
}

/// `GET /invites`: where one's own are.
pub(super) async fn elsewhere() -> Redirect {
    Redirect::to(PATH)
}

/// `GET /account/invites`
pub(super) async fn show(
    State(state): State<AppState>,
    who: SignedIn,
) -> Result<Response, Problem> {
    write(&state, &who, |_| String::new(), None, None).await
}

/// `POST /account/invites`: makes one, and shows its link.
pub(super) async fn make(
    State(state): State<AppState>,
    who: SignedIn,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let typed = |name: &str| form.text(name).to_owned();
    let made = match wish(&form) {
        Ok(wish) => state.people.invite(&who.acting(), wish).await,
        Err(problem) => return write(&state, &who, typed, None, Some(&problem)).await,
    };
    match made.map_err(Problem::from) {
        Ok(made) => {
            let link = format!(
                "{}/signup?invite={}",
                state.site.public_url,
                made.token.expose()
            );
            write(&state, &who, |_| String::new(), Some(link), None).await
        }
        Err(problem) => write(&state, &who, typed, None, Some(&problem)).await,
    }
}

fn wish(form: &Form) -> Result<InviteWish, Problem> {
    let uses = form.optional("uses").map(|text| {
        let number = text.trim().parse::<u32>();
        number.map_err(|_| Problem::field("uses", "malformed", "write a number"))
    });
    Ok(InviteWish {
        email: form.optional("email"),
        role: form.optional("role"),
        message: form.optional("message"),
        uses: uses.transpose()?,
        organisation: invited_into(form),
    })
}

/// `POST /account/invites/{id}/revoke`
pub(super) async fn revoke(
    State(state): State<AppState>,
    who: SignedIn,
    PathText(id): PathText,
    OurForm(_): OurForm,
) -> Response {
    let revoked = match Uuid::parse_str(&id) {
        Ok(id) => state.people.revoke_invite(&who.acting(), id).await,
        Err(_) => Err(PeopleError::NoInvite),
    };
    match revoked.map_err(Problem::from) {
        Ok(()) => Flash::new("invites-revoked").on(PATH),
        Err(problem) => problem.into_response(),
    }
}

async fn write(
    state: &AppState,
    who: &SignedIn,
    value_of: impl Fn(&str) -> String,
    made: Option<String>,
    problem: Option<&Problem>,
) -> Result<Response, Problem> {
    let (visitor, user) = (&who.visitor, &who.caller.user);
    let roles = state.people.may_invite_to(user);
    let chosen = Role::parse(&value_of("role")).unwrap_or(Role::ClientUser);
    let role = |role: Role| RoleChoice {
        word: role.as_str(),
        name: role_name(visitor, role),
        is_chosen: role == chosen,
    };
    let mut invites = own(state, who).await?;
    // Newest first.
    invites.reverse();
    let page = InvitesPage {
        page: visitor.page(visitor.t("invites-title")).of("invites"),
        alert: problem.map(|problem| match problem.kind {
            Kind::NotPossibleNow => visitor.t("invites-enough").to_string(),
            _ => alert(visitor, Some(problem)).unwrap_or_default(),
        }),
        made,
        fields: if roles.is_empty() {
            Vec::new()
        } else {
            fields(visitor, user, value_of, problem)
        },
        roles: roles.into_iter().map(role).collect(),
        invites: invites
            .into_iter()
            .map(|listed| Line {
                role: role_name(visitor, listed.invite.terms.role),
                standing: standing(visitor, &listed),
                listed,
            })
            .collect(),
        sponsor: state.people.sponsor(user).await?,
        tree: state.people.brought_in_by(user).await?,
    };
    Ok(render_with(&page, problem))
}

/// One's own invites, as many as a page shows.
async fn own(state: &AppState, who: &SignedIn) -> Result<Vec<ListedInvite>, Problem> {
    let page = PageRequest {
        limit: 100,
        after: None,
    };
    let mine = InviteQuery {
        mine: true,
        standing: None,
    };
    Ok(state
        .people
        .invites(&who.acting(), mine, &page)
        .await?
        .items)
}

/// The fields of the form that makes an invite, but for the role.
pub(super) fn fields(
    visitor: &Visitor,
    user: &User,
    value_of: impl Fn(&str) -> String,
    problem: Option<&Problem>,
) -> Vec<Field> {
    let t = |key| visitor.t(key);
    let mut fields = vec![
        Field::new(
            "email",
            "email",
            t("invites-email"),
            t("invites-email-hint"),
        ),
        Field::new(
            "message",
            "textarea",
            t("invites-message"),
            t("invites-message-hint"),
        )
        .at_most(500),
    ];
    if user.role.is_at_least(Role::Operator) {
        let name = Field::new(
            "organization.name",
            "text",
            t("invites-organization"),
            t("invites-organization-hint"),
        );
        let slug = Field::new(
            "organization.slug",
            "text",
            t("invites-organization-slug"),
            t("invites-organization-slug-hint"),
        );
        fields.extend([name.at_most(64), slug.at_most(32)]);
        let uses = Field::new("uses", "text", t("invites-uses"), t("invites-uses-hint"));
        fields.push(uses.at_most(3));
    }
    let fields = fields.into_iter().map(|f| {
        let value = value_of(f.name);
        let f = f.with(value).judged(visitor, problem);
        match f.name {
            // Where none is named at all.
            "organization.name" if f.error.is_none() => {
                f.judged_as("organization", visitor, problem)
            }
            _ => f,
        }
    });
    fields.collect()
}

fn standing(visitor: &Visitor, listed: &ListedInvite) -> String {
    use crate::domain::InviteStanding as Of;
    let text = match listed.standing {
        Of::Open => visitor.t("invites-open"),
        Of::Claimed => visitor.t("invites-claimed"),
        Of::Used => visitor.t("invites-used"),
        Of::Revoked => visitor.t("invites-taken-back"),
        Of::Expired => visitor.t("invites-expired"),
    };
    text.to_string()
}

/// What a role is called.
pub(super) fn role_name(visitor: &Visitor, role: Role) -> String {
    let text = match role {
        Role::SuperAdmin => visitor.t("role-super-admin"),
        Role::SiteAdmin => visitor.t("role-site-admin"),
        Role::Operator => visitor.t("role-operator"),
        Role::ClientAdmin => visitor.t("role-client-admin"),
        Role::ClientUser => visitor.t("role-client-user"),
    };
    text.to_string()
}
