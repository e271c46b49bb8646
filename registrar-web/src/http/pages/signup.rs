use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Extension, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::header::{self, HeaderMap, HeaderValue};

use super::csrf::{self, Csrf};
use super::home::mode_words;
use super::layout::{Page, render};
use crate::domain::{Mode, SignupForm, SshKeysField};
use crate::http::client_address::Client;
use crate::http::extract::{Form, QueryText};
use crate::http::problem::Problem;
use crate::http::problem_kind::Kind;
use crate::http::state::{AppState, Site};

#[derive(Template)]
#[template(path = "pages/signup.html")]
struct SignupPage<'a> {
    page: Page<'a>,
    csrf: &'a str,
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
    fn new(name: &'static str, label: &'static str, kind: &'static str, hint: &str) -> Self {
        Self {
            name,
            label,
            kind,
            hint: hint.to_owned(),
            value: String::new(),
            error: None,
            required: false,
            autocomplete: "off",
            most: 200,
        }
    }

    fn required(self) -> Self {
        Self {
            required: true,
            ..self
        }
    }

    fn completed_by(self, autocomplete: &'static str) -> Self {
        Self {
            autocomplete,
            ..self
        }
    }

    fn at_most(self, most: u16) -> Self {
        Self { most, ..self }
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

fn main_fields(site: &Site, with_invite: bool) -> Vec<Field> {
    let domain = &site.domain;
    let mut fields = vec![
        Field::new(
            "username",
            "Username",
            "text",
            &format!(
                "The name of your account and of your mail address (NAME@{domain}). 2 to 32 characters: small letters a to z, digits, and single hyphens between them; a letter first. It can't be changed later, and everyone can see it."
            ),
        )
        .required()
        .completed_by("username")
        .at_most(32),
        Field::new(
            "displayName",
            "Name to show",
            "text",
            "How others call you; it stands beside your username and in mails that you send. Leave it empty to use the username.",
        )
        .completed_by("nickname")
        .at_most(64),
        Field::new(
            "personalEmail",
            "Your e-mail address",
            "email",
            &format!("An address that you read now, outside {domain}. We send a link and a code there to see that it is yours, and later only mail about your account."),
        )
        .required()
        .completed_by("email")
        .at_most(254),
    ];
    if site.password {
        fields.push(
            Field::new(
                "password",
                "Password",
                "password",
                "A phrase of 16 or more characters, such as four random words; or at least 8 characters with three of: small letters, capitals, digits, others. At most 72. You use it to log in on the host.",
            )
            .required()
            .completed_by("new-password"),
        );
    }
    let keys = Field::new(
        "sshKeys",
        "SSH public keys",
        "textarea",
        "One a line. A public key lets your computer log in without a password; it is the one line in ~/.ssh/id_ed25519.pub. If you have none, make one with: ssh-keygen -t ed25519 — and never paste the file without .pub, that one is secret.",
    )
    .at_most(16384);
    fields.push(if site.password { keys } else { keys.required() });
    if site.mode == Mode::Invite || with_invite {
        let invite = Field::new(
            "inviteToken",
            "Invite",
            "text",
            "Filled in when you open the link of your invite.",
        );
        fields.push(if site.mode == Mode::Invite {
            invite.required()
        } else {
            invite
        });
    }
    if site.mode == Mode::Approval {
        let reason = Field::new(
            "reason",
            "Why would you like to join?",
            "textarea",
            "A sentence or two for the people who decide.",
        )
        .at_most(2000);
        fields.push(if site.require_reason {
            reason.required()
        } else {
            reason
        });
    }
    fields
}

fn more_fields(site: &Site) -> Vec<Field> {
    let of = |name, label, kind, hint| Field::new(name, label, kind, hint).at_most(64);
    let mut fields = vec![
        of("firstName", "Given name", "text", "").completed_by("given-name"),
        of("lastName", "Family name", "text", "").completed_by("family-name"),
        of(
            "country",
            "Country",
            "text",
            "Two letters, such as DE or BR.",
        )
        .completed_by("country")
        .at_most(2),
        of("birthDate", "Date of birth", "date", "As 1990-12-31.").completed_by("bday"),
        of(
            "simFrequency",
            "Frequency",
            "text",
            "Only where your community asks for one.",
        )
        .at_most(32),
    ];
    for field in &mut fields {
        field.required = site.require.iter().any(|f| f.name() == field.name);
    }
    fields
}

fn write(
    state: &AppState,
    headers: &HeaderMap,
    value_of: impl Fn(&str) -> String,
    problem: Option<&Problem>,
) -> Response {
    let site = &state.site;
    let csrf = Csrf::of(state, headers);
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
    let more: Vec<Field> = more_fields(site).into_iter().map(fill).collect();
    let page = SignupPage {
        page: Page::new(site, "Sign up"),
        csrf: &csrf.token,
        mode_words: mode_words(site.mode),
        open: site.mode != Mode::Closed,
        alert: problem.map(|p| match p.kind {
            Kind::InvalidFields => "Some fields have to be mended; see the words beside them. Type the password again, it is not kept.".to_owned(),
            Kind::NameNotAvailable => format!("{} Type the password again, it is not kept.", p.detail),
            _ => p.detail.clone(),
        }),
        fields: main_fields(site, with_invite).into_iter().map(fill).collect(),
        more_is_open: more.iter().any(|f| f.error.is_some() || f.required),
        more,
    };
    let mut response = render(&page);
    csrf.attach(site, response.headers_mut());
    if let Some(problem) = problem {
        *response.status_mut() = problem.kind.status();
        if let Some(seconds) = problem.retry_after {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    response
}

/// `GET /signup`, with `?invite=` from an invite's link.
pub(super) async fn show(
    State(state): State<AppState>,
    QueryText(mut query): QueryText,
    headers: HeaderMap,
) -> Response {
    let invite = query
        .remove("invite")
        .filter(|t| t.len() <= 64)
        .unwrap_or_default();
    let value_of = |name: &str| match name {
        "inviteToken" => invite.clone(),
        _ => String::new(),
    };
    write(&state, &headers, value_of, None)
}

/// `POST /signup`: the same call as the API's, then the status page.
pub(super) async fn submit(
    State(state): State<AppState>,
    Extension(client): Extension<Client>,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let value_of = |name: &str| form.text(name).to_owned();
    if let Err(problem) = csrf::check(&state, &headers, &form) {
        return write(&state, &headers, value_of, Some(&problem));
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
        Ok(view) => Redirect::to(&format!("/signup/status/{}", view.username)).into_response(),
        Err(error) => write(&state, &headers, value_of, Some(&error.into())),
    }
}
