use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::HeaderMap;

use super::csrf;
use super::layout::{Page, render_with};
use super::visitor::Visitor;
use crate::domain::{FieldKind, FormField, FormRules, Mode, SignupForm, SshKeysField};
use crate::http::client_address::Client;
use crate::http::extract::{Form, QueryText};
use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::{AppState, Site};

#[derive(Template)]
#[template(path = "pages/signup.html")]
struct SignupPage<'a> {
    page: Page<'a>,
    mode_words: &'static str,
    open: bool,
    alert: Option<String>,
    fields: Vec<Field>,
    more: Vec<Field>,
    more_is_open: bool,
}

/// One field of the form. Names are those of the JSON body.
struct Field {
    name: &'static str,
    label: &'static str,
    /// `text`, `email`, `password`, `date` or `textarea`.
    kind: &'static str,
    hint: String,
    value: String,
    error: Option<String>,
    required: bool,
    autocomplete: &'static str,
    most: u16,
}

impl Field {
    fn new(field: FormField) -> Self {
        let (kind, autocomplete) = match field.kind {
            FieldKind::Email => ("email", "email"),
            FieldKind::Secret => ("password", "new-password"),
            FieldKind::Date => ("date", "bday"),
            FieldKind::Paragraph | FieldKind::Keys => ("textarea", "off"),
            FieldKind::Line => ("text", completed_by(field.name)),
        };
        Self {
            name: field.name,
            label: field.label,
            kind,
            hint: field.hint,
            value: String::new(),
            error: None,
            required: field.required,
            autocomplete,
            most: field.longest,
        }
    }

    fn is_area(&self) -> bool {
        self.kind == "textarea"
    }

    /// What describes it, for readers of the page aloud.
    fn described_by(&self) -> String {
        let name = self.name;
        match self.error {
            Some(_) => format!("{name}-error {name}-hint"),
            None => format!("{name}-hint"),
        }
    }
}

/// What browsers know it by (HTML, «autofill detail tokens»).
fn completed_by(name: &str) -> &'static str {
    match name {
        "username" => "username",
        "displayName" => "nickname",
        "firstName" => "given-name",
        "lastName" => "family-name",
        "country" => "country",
        _ => "off",
    }
}

/// The fields that everybody is asked for, and the others.
fn fields(site: &Site, with_invite: bool) -> (Vec<Field>, Vec<Field>) {
    let mut all = site.form_rules().fields();
    if with_invite && !all.iter().any(|f| f.name == "inviteToken") {
        all.push(FormRules::invite());
    }
    let (main, more): (Vec<_>, Vec<_>) = all.into_iter().partition(|f| f.is_main);
    let page = |fields: Vec<FormField>| fields.into_iter().map(Field::new).collect();
    (page(main), page(more))
}

fn write(
    visitor: &Visitor,
    value_of: impl Fn(&str) -> String,
    problem: Option<&Problem>,
) -> Response {
    let site = visitor.site();
    let errors: BTreeMap<&str, &str> = problem
        .map(|p| p.errors.iter())
        .into_iter()
        .flatten()
        .map(|e| (e.field.as_str(), e.message.as_str()))
        .collect();
    let fill = |mut field: Field| {
        // A password is never sent back, nor is a private key.
        let private = field.name == "sshKeys" && {
            let keys = value_of("sshKeys");
            keys.contains("PRIVATE KEY") || keys.contains("PuTTY-User-Key-File")
        };
        if field.name != "password" && !private {
            field.value = value_of(field.name);
        }
        field.error = errors.get(field.name).map(|e| (*e).to_owned());
        field
    };
    let with_invite = !value_of("inviteToken").is_empty();
    let (main, more) = fields(site, with_invite);
    let more: Vec<Field> = more.into_iter().map(fill).collect();
    let page = SignupPage {
        page: visitor.page("Sign up"),
        mode_words: site.mode.words(),
        open: site.mode != Mode::Closed,
        alert: problem.map(|p| match p.kind {
            Kind::InvalidFields => "Some fields have to be mended; see the words beside them. Type the password again, it is not kept.".to_owned(),
            Kind::NameNotAvailable => format!("{} Type the password again, it is not kept.", p.detail),
            _ => p.detail.clone(),
        }),
        fields: main.into_iter().map(fill).collect(),
        more_is_open: more.iter().any(|f| f.error.is_some() || f.required),
        more,
    };
    render_with(&page, problem)
}

/// `GET /signup`, with `?invite=` from an invite's link.
pub(super) async fn show(QueryText(mut query): QueryText, visitor: Visitor) -> Response {
    let invite = query
        .remove("invite")
        .filter(|t| t.len() <= 64)
        .unwrap_or_default();
    let value_of = |name: &str| match name {
        "inviteToken" => invite.clone(),
        _ => String::new(),
    };
    write(&visitor, value_of, None)
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
        return write(&visitor, value_of, Some(&problem));
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
        Err(error) => write(&visitor, value_of, Some(&error.into())),
    }
}
