use askama::Template;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::HeaderMap;

use super::csrf;
use super::form::Field;
use super::layout::{Page, render_with};
use super::times::time;
use super::visitor::Visitor;
use crate::domain::{FormField, FormRules, InviteStanding, SignupForm, SshKeysField};
use crate::http::api::wire::invites::hidden;
use crate::http::client_address::Client;
use crate::http::extract::{Form, PathText, QueryText};
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;
use crate::people::PeopleError;
use crate::text::Html;

#[derive(Template)]
#[template(path = "pages/signup.html")]
struct SignupPage<'a> {
    page: Page<'a>,
    mode_words: String,
    /// All places are taken, and there is no invite to try.
    is_full: bool,
    /// Of an invite: by whom, for whom, until when.
    invited: Vec<Html>,
    alert: Option<String>,
    fields: Vec<Field>,
    more: Vec<Field>,
    more_is_open: bool,
}

/// The fields that everybody is asked for, and the others.
fn fields(visitor: &Visitor, with_invite: bool) -> (Vec<Field>, Vec<Field>) {
    let mut all = visitor.site().form_rules().fields();
    if with_invite && !all.iter().any(|f| f.name == "inviteToken") {
        all.push(FormRules::invite());
    }
    let (main, more): (Vec<_>, Vec<_>) = all.into_iter().partition(|f| f.is_main);
    let page = |fields: Vec<FormField>| fields.iter().map(|f| Field::of(visitor, f)).collect();
    (page(main), page(more))
}

fn write(
    visitor: &Visitor,
    value_of: impl Fn(&str) -> String,
    invited: Vec<Html>,
    is_full: bool,
    problem: Option<&Problem>,
) -> Response {
    let fill = |mut field: Field| {
        // A password is never sent back, nor is a private key.
        let private = field.name == "sshKeys" && has_private_key(&value_of("sshKeys"));
        if field.name != "password" && !private {
            field.value = value_of(field.name);
        }
        field.judged(visitor, problem)
    };
    let with_invite = !value_of("inviteToken").is_empty();
    let (main, more) = fields(visitor, with_invite);
    let more: Vec<Field> = more.into_iter().map(fill).collect();
    let page = SignupPage {
        page: visitor.page(visitor.t("signup-title")),
        mode_words: visitor.mode_words(visitor.site().mode),
        is_full,
        invited,
        alert: problem.map(|p| match p.kind {
            Kind::InvalidFields => visitor.t("signup-mend").to_string(),
            Kind::NameNotAvailable => visitor.t("signup-name-taken").to_string(),
            _ => visitor.problem_words(p),
        }),
        fields: main.into_iter().map(fill).collect(),
        more_is_open: more.iter().any(|f| f.error.is_some() || f.required),
        more,
    };
    render_with(&page, problem)
}

/// Whether a paste holds a secret that must not be sent back.
pub(super) fn has_private_key(text: &str) -> bool {
    text.contains("PRIVATE KEY") || text.contains("PuTTY-User-Key-File")
}

/// `GET /signup`, with `?invite=` from an invite's link.
pub(super) async fn show(
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
    visitor: Visitor,
) -> Result<Response, Problem> {
    let invite = query
        .remove("invite")
        .filter(|t| t.len() <= 64)
        .unwrap_or_default();
    let value_of = |name: &str| match name {
        "inviteToken" => invite.clone(),
        _ => String::new(),
    };
    let mut lines = match invite.as_str() {
        "" => Vec::new(),
        token => invited(&state, &visitor, token).await?,
    };
    let full = state.places().await.filter(|places| places.is_full());
    lines.extend(full.map(|places| Html::text(visitor.places_words(places))));
    let is_full = full.is_some() && invite.is_empty();
    Ok(write(&visitor, value_of, lines, is_full, None))
}

/// What an invite says to who opens its link, however often.
async fn invited(state: &AppState, visitor: &Visitor, token: &str) -> Result<Vec<Html>, Problem> {
    let over = || Ok(vec![Html::text(visitor.t("signup-invite-over"))]);
    let view = match state.people.invite_details(token).await {
        Ok(view) => view,
        Err(PeopleError::NoInvite) => return over(),
        Err(error) => return Err(error.into()),
    };
    if view.standing != InviteStanding::Open {
        return over();
    }
    let by = match &view.inviter {
        Some(user) => visitor
            .t("signup-invited-by")
            .with("name", &user.display_name)
            .to_string(),
        None => visitor.t("signup-invited").to_string(),
    };
    let until = visitor
        .t("signup-invited-until")
        .with_html("until", time(view.invite.expires_at));
    let mut lines = vec![Html::text(by + " ").then(&until.html())];
    if let Some(email) = &view.invite.terms.email {
        let address = hidden(&email.to_string());
        let line = visitor.t("signup-invited-address").with("address", address);
        lines.push(Html::text(line));
    }
    lines.extend(
        view.invite
            .terms
            .note
            .as_ref()
            .map(|n| Html::text(format!("“{}”", n.as_str()))),
    );
    Ok(lines)
}

/// `GET /invites/{token}`: the same by another address.
pub(super) async fn by_invite(PathText(token): PathText) -> Redirect {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("invite", &token);
    Redirect::to(&format!("/signup?{}", query.finish()))
}

/// `POST /signup`: the same call as the API's, then the receipt.
pub(super) async fn submit(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    visitor: Visitor,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let value_of = |name: &str| form.text(name).to_owned();
    if let Err(problem) = csrf::check(&visitor, &headers, &form) {
        return write(&visitor, value_of, Vec::new(), false, Some(&problem));
    }
    let signup = SignupForm {
        username: value_of("username"),
        display_name: value_of("displayName"),
        personal_email: value_of("personalEmail"),
        password: value_of("password"),
        ssh_keys: SshKeysField::Paste(value_of("sshKeys")),
        invite_token: form.optional("inviteToken"),
        sim_frequency: form.optional("simFrequency").map(Into::into),
        first_name: form.optional("firstName"),
        last_name: form.optional("lastName"),
        country: form.optional("country"),
        birth_date: form.optional("birthDate"),
        reason: form.optional("reason"),
    };
    match state.registrar.register(signup, &client.0).await {
        Ok(view) => {
            let token = state.registrar.receipt_token(view.id);
            Redirect::to(&format!("/receipt/{}", token.expose())).into_response()
        }
        Err(error) => write(&visitor, value_of, Vec::new(), false, Some(&error.into())),
    }
}
