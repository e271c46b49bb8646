//! One's own organisation: for its members, and with more to do for those who run it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use uuid::Uuid;

use super::{alert, invites};
use crate::domain::{Act, OnHost, Organisation, User, UserState};
use crate::http::api::users::known;
use crate::http::extract::{Form, PathText, QueryText};
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::Field;
use crate::http::pages::layout::{Page, render_with};
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::Visitor;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::people::{MemberQuery, OrganisationChange, OrganisationView, preference_word};
use crate::ports::PageRequest;

const PATH: &str = "/account/organization";
/// Members on one page.
const AT_ONCE: usize = 50;

#[derive(Template)]
#[template(path = "pages/account/organization.html")]
struct OrganizationPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    /// Missing for who belongs to none.
    own: Option<Own>,
}

/// What its members see.
struct Own {
    view: OrganisationView,
    host: String,
    two_factor: String,
    /// For those who run it.
    run: Option<Run>,
}

/// What those who run it see and do.
struct Run {
    name: Field,
    preferences: Vec<Preference>,
    /// Nothing where they may not invite into it.
    invite: Vec<Field>,
    members: Vec<Line>,
    next: Option<Uuid>,
}

/// What may be asked for at a login.
struct Preference {
    word: &'static str,
    says: String,
    is_chosen: bool,
}

struct Line {
    user: User,
    role: String,
    is_own: bool,
    can_go: bool,
}

impl Line {
    fn is_suspended(&self) -> bool {
        self.user.state == UserState::Suspended
    }
}

impl Own {
    fn it(&self) -> &Organisation {
        &self.view.organisation
    }

    fn run_by(&self) -> String {
        let admins = self.view.admins.iter();
        let names: Vec<_> = admins.map(|a| a.username.to_string()).collect();
        names.join(", ")
    }

    fn left_out(&self) -> String {
        let names = self.it().group.left_out.iter();
        let names: Vec<_> = names.map(ToString::to_string).collect();
        names.join(", ")
    }
}

/// `GET /account/organization`
pub(super) async fn show(
    State(state): State<AppState>,
    who: SignedIn,
    QueryText(query): QueryText,
) -> Result<Response, Problem> {
    // A cursor that is none begins with the first.
    let after = query.get("cursor").and_then(|id| Uuid::parse_str(id).ok());
    write(&state, &who, after, None).await
}

/// `POST /account/organization`: another name, another preference; for those who run it.
pub(super) async fn change(
    State(state): State<AppState>,
    who: SignedIn,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let acting = who.acting();
    let own = state.people.own_organisation(&acting).await?;
    let change = OrganisationChange {
        name: Some(form.text("name").to_owned()),
        slug: None,
        two_factor: form.optional("twoFactor"),
    };
    let changed = state.people.change_organisation(&acting, own.id, change);
    match changed.await.map_err(Problem::from) {
        Ok(_) => Ok(Flash::new("organization-changed").on(PATH)),
        Err(problem) if problem.kind == Kind::InvalidFields => {
            write(&state, &who, None, Some((&problem, &form))).await
        }
        Err(problem) => Err(problem),
    }
}

/// `POST /account/organization/members/{id}/remove`: a plain member, or oneself.
pub(super) async fn take_out(
    State(state): State<AppState>,
    who: SignedIn,
    PathText(id): PathText,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    let (acting, id) = (who.acting(), known(&id)?);
    let own = state.people.own_organisation(&acting).await?;
    state.people.take_out(&acting, own.id, id).await?;
    Ok(if id == who.caller.user.id {
        Flash::new("organization-left").on("/account")
    } else {
        Flash::new("organization-taken-out").on(PATH)
    })
}

async fn write(
    state: &AppState,
    who: &SignedIn,
    after: Option<Uuid>,
    wrong: Option<(&Problem, &Form)>,
) -> Result<Response, Problem> {
    let (visitor, user) = (&who.visitor, &who.caller.user);
    let problem = wrong.map(|(problem, _)| problem);
    let own = match user.organisation {
        None => None,
        Some(id) => {
            let organisation = state.people.organisation(id).await?;
            let run = match user.authority().may_run(id) {
                true => Some(run(state, who, &organisation, after, wrong).await?),
                false => None,
            };
            Some(Own {
                host: on_host(visitor, &organisation, run.is_some()),
                two_factor: preference(visitor, preference_word(&organisation)),
                view: state.people.with_admins(organisation).await?,
                run,
            })
        }
    };
    let title = visitor.t("organization-title");
    let page = OrganizationPage {
        page: visitor.page(title).of("organization"),
        alert: alert(visitor, problem),
        own,
    };
    Ok(render_with(&page, problem))
}

async fn run(
    state: &AppState,
    who: &SignedIn,
    organisation: &Organisation,
    after: Option<Uuid>,
    wrong: Option<(&Problem, &Form)>,
) -> Result<Run, Problem> {
    let (visitor, user) = (&who.visitor, &who.caller.user);
    let typed =
        |field, now: &str| wrong.map_or(now.to_owned(), |(_, form)| form.text(field).into());
    let name = Field::new("name", "text", visitor.t("organization-name"), "")
        .required()
        .at_most(64)
        .with(typed("name", organisation.name.as_str()))
        .judged(visitor, wrong.map(|(problem, _)| problem));
    let chosen = typed("twoFactor", preference_word(organisation));
    let preferences = ["none", "totp", "email"].map(|word| Preference {
        says: preference(visitor, word),
        is_chosen: word == chosen,
        word,
    });
    let page = PageRequest {
        limit: AT_ONCE,
        after,
    };
    let (people, acting, all) = (&state.people, who.acting(), MemberQuery::default());
    let found = people.members_of(&acting, organisation.id, all, &page);
    let found = found.await?;
    let line = |member: User| Line {
        role: invites::role_name(visitor, member.role),
        is_own: member.id == user.id,
        // How many super admins there are, is of no matter here.
        can_go: user.authority().may(Act::TakeOut, &member, 1).is_ok(),
        user: member,
    };
    // Whoever else runs it, such as an operator who belongs to it, invites by its short name.
    let invites_into_it = user.authority().sight() == Ok(Some(organisation.id));
    let may_invite = invites_into_it && !people.may_invite_to(user).is_empty();
    Ok(Run {
        name,
        preferences: preferences.into(),
        invite: if may_invite {
            invites::fields(visitor, user, |_| String::new(), None)
        } else {
            Vec::new()
        },
        members: found.items.into_iter().map(line).collect(),
        next: found.next,
    })
}

/// What a login of its members asks for.
fn preference(visitor: &Visitor, word: &str) -> String {
    let text = match word {
        "totp" => visitor.t("organization-factor-totp"),
        "email" => visitor.t("organization-factor-email"),
        _ => visitor.t("organization-factor-none"),
    };
    text.to_string()
}

/// Whether the host has its group as it should be; why it has not, is told to those who run it.
fn on_host(visitor: &Visitor, organisation: &Organisation, runs: bool) -> String {
    let why = match &organisation.group.host {
        OnHost::InStep => return visitor.t("organization-host-in-step").to_string(),
        OnHost::Due => return visitor.t("organization-host-due").to_string(),
        OnHost::Refused { reason, .. } => reason,
    };
    if runs {
        let text = visitor.t("organization-host-refused-why");
        text.with("reason", why).to_string()
    } else {
        visitor.t("organization-host-refused").to_string()
    }
}
