use askama::Template;
use axum::response::Response;

use super::super::csrf::OurForm;
use super::super::flash::Flash;
use super::super::layout::{Page, render_with};
use super::super::signed_in::{SignedIn, SiteAdmins};
use super::super::times::time;
use super::desk::Desk;
use super::words::{Fact, facts, said, since, text};
use crate::domain::{Act, Decision, FirstLogin, Organisation, Role, Stage, User, UserState};
use crate::http::api::users::{judge_reason, known};
use crate::http::problem::{Kind, Problem, capitalised};
use crate::ports::SystemStatus;
use crate::registration::AdminError;
use crate::text::Html;

#[derive(Template)]
#[template(path = "pages/admin/member.html")]
struct MemberPage<'a> {
    page: Page<'a>,
    place: &'static str,
    user: &'a User,
    facts: Vec<Fact>,
    host: Host,
    organisation: Option<Organisation>,
    /// The registration is there to be looked at.
    has_registration: bool,
    may_suspend: bool,
    may_resume: bool,
    /// Why nobody can let the member in again.
    no_way_back: Option<String>,
    /// Those that can be given.
    roles: Vec<&'static str>,
    error: Option<String>,
    typed: &'a str,
    alert: Option<&'a str>,
}

/// What the host says of the account.
enum Host {
    /// This is for site admins.
    NotAsked,
    /// It can't be asked.
    Silent(String),
    /// There is no such account.
    Nothing,
    /// What is the case.
    Facts(Vec<Fact>),
}

fn decided(decision: Option<&Decision>) -> Option<Html> {
    let Decision { at, by, reason } = decision?;
    let why = reason.as_ref().map_or(String::new(), |r| format!(": {r}"));
    let by = Html::text(format!("by {by}, "));
    Some(by.then(&time(*at)).then(&Html::text(why)))
}

/// Whether it was shown that the member gets in.
fn first_login(proof: &FirstLogin) -> Option<Html> {
    let why = proof.reason().map_or(String::new(), |r| format!(" ({r})"));
    match proof {
        FirstLogin::NotAsked => None,
        FirstLogin::Due { tries: 0, .. } => said("to be tried"),
        FirstLogin::Due { .. } => said(format!("not shown to work yet{why}")),
        FirstLogin::Proven { at } => Some(Html::text("shown to work, ").then(&time(*at))),
        FirstLogin::Unproven { .. } => said(format!("not shown to work, given up{why}")),
    }
}

fn host_of(status: &Result<Option<SystemStatus>, AdminError>) -> Host {
    let status = match status {
        Ok(Some(status)) => status,
        Ok(None) => return Host::Nothing,
        Err(error) => return Host::Silent(error.to_string()),
    };
    let yes = |is: bool| said(if is { "yes" } else { "no" });
    let (account, host) = (&status.account, &status.host);
    Host::Facts(facts([
        (
            "State in provisiond",
            said(format!("{:?}", account.state).to_lowercase()),
        ),
        ("uid", said(account.uid)),
        ("Home", said(&account.home)),
        ("Linux user is there", yes(host.exists)),
        ("Home is there", yes(host.home)),
        ("Maildir is there", yes(host.maildir)),
        ("neomutt is set up", yes(host.neomuttrc)),
        ("Key file is there", yes(host.ssh_keys)),
        ("Login is expired", yes(host.expired)),
        ("Password is locked", yes(host.password_locked)),
        ("Mail is taken", yes(host.mail_accepted)),
    ]))
}

async fn write(desk: &Desk, wrong: Option<(&Problem, &str)>) -> Result<Response, Problem> {
    let (admin, state) = (&desk.admin, &desk.state);
    let user = state.people.member(known(&desk.named)?).await?;
    let sponsor = state.people.sponsor(&user).await?;
    let organisation = match user.organisation {
        Some(id) => state.registrar.world().store.organisation(id).await?,
        None => None,
    };
    let now = state.now();
    let registration = state.registrar.world().store.registration(user.id).await?;
    let own = admin.caller.user.role;
    let status = state.registrar.system_status(&user.username, desk.request);
    let status = status.await;
    let host = match own.is_at_least(Role::SiteAdmin) {
        true => host_of(&status),
        false => Host::NotAsked,
    };
    let is_closed = matches!(user.state, UserState::Suspended | UserState::Deleted);
    let account = status.ok().map(|s| s.map(|s| s.account.state));
    let no_way_back = account.filter(|_| is_closed).and_then(|account| {
        let error = user.clone().resume(account).err()?;
        Some(capitalised(&format!("{error}.")))
    });
    let standing = &user.standing;
    let proven = if user.email_proven {
        "verified"
    } else {
        "not verified"
    };
    let authority = desk.acting.authority();
    // That the last super admin stays is told when someone tries.
    let may = |act| authority.may(act, &user, 1).is_ok();
    let may_set = own.is_at_least(Role::SiteAdmin);
    let roles = Role::ALL.into_iter();
    let roles = roles.filter(|r| may_set && *r != user.role && may(Act::SetRole(*r)));
    let problem = wrong.map(|(problem, _)| problem);
    let page = MemberPage {
        page: admin.visitor.page(format!("Member {}", user.username)),
        place: "people",
        facts: facts([
            ("Name to show", said(&user.display_name)),
            ("Role", said(user.role.as_str())),
            ("State", said(user.state.as_str())),
            ("Address", said(format!("{} ({proven})", user.email))),
            ("Joined", Some(since(user.created_at, now))),
            (
                "Last login",
                user.access.last_login_at.map(|at| since(at, now)),
            ),
            ("Brought in by", text(sponsor.as_ref().map(|s| &s.username))),
            ("Suspended", decided(standing.suspended.as_ref())),
            ("Deleted", decided(standing.deleted.as_ref())),
            (
                "To be done on the host",
                text(
                    standing
                        .host_follow_up
                        .map(|h| format!("registrarctl users {} {}", h.as_str(), user.username)),
                ),
            ),
            ("SSH keys", said(user.ssh_keys.len())),
            ("First login", first_login(&user.credentials.first_login)),
        ]),
        host,
        organisation,
        has_registration: registration.is_some_and(|r| r.stage != Stage::Draft),
        may_suspend: may(Act::Suspend) && user.state == UserState::Active,
        may_resume: may(Act::Resume) && is_closed && no_way_back.is_none(),
        no_way_back,
        roles: roles.map(Role::as_str).collect(),
        error: problem
            .and_then(|p| p.errors.first())
            .map(|e| format!("{}.", e.message)),
        typed: wrong.map_or("", |(_, typed)| typed),
        alert: problem.map(|p| p.detail.as_str()),
        user: &user,
    };
    Ok(render_with(&page, problem))
}

/// `GET /admin/people/{id}`
pub(super) async fn show(desk: Desk) -> Result<Response, Problem> {
    write(&desk, None).await
}

/// Back to the page with a word of what was done; or the page with why it was not.
async fn after<E>(
    desk: &Desk,
    typed: &str,
    words: &'static str,
    done: Result<User, E>,
) -> Result<Response, Problem>
where
    Problem: From<E>,
{
    match done.map_err(Problem::from) {
        Ok(user) => Ok(Flash::new(words).on(&format!("/admin/people/{}", user.id))),
        Err(problem) if problem.kind == Kind::NotFound => Err(problem),
        Err(problem) => write(desk, Some((&problem, typed))).await,
    }
}

/// `POST /admin/people/{id}/suspend`
pub(super) async fn suspend(desk: Desk, OurForm(form): OurForm) -> Result<Response, Problem> {
    let (id, typed) = (known(&desk.named)?, form.text("reason"));
    let done = match judge_reason(typed) {
        Ok(reason) => {
            let suspended = desk.state.people.suspend(&desk.acting, id, reason).await;
            suspended.map_err(Problem::from)
        }
        Err(problem) => Err(problem),
    };
    after(&desk, typed, "admin-suspended", done).await
}

/// `POST /admin/people/{id}/resume`
pub(super) async fn resume(desk: Desk, _: OurForm) -> Result<Response, Problem> {
    let (id, people) = (known(&desk.named)?, &desk.state.people);
    let done = people.resume(&desk.acting, id).await;
    after(&desk, "", "admin-resumed", done).await
}

/// `POST /admin/people/{id}/role`; for site admins, as in the API.
pub(super) async fn role(
    _: SignedIn<SiteAdmins>,
    desk: Desk,
    OurForm(form): OurForm,
) -> Result<Response, Problem> {
    let (id, people) = (known(&desk.named)?, &desk.state.people);
    let done = match Role::parse(form.text("role")) {
        Some(role) => {
            let set = people.set_role(&desk.acting, id, role).await;
            set.map_err(Problem::from)
        }
        None => Err(Problem::field("role", "unknown", "choose a role")),
    };
    after(&desk, "", "admin-role-set", done).await
}
