use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::alert;
use super::overview::behind;
use crate::auth::CredentialError;
use crate::domain::KeptKey;
use crate::http::bearer::From;
use crate::http::extract::PathText;
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::Field;
use crate::http::pages::layout::{Page, render_with};
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::signup::has_private_key;
use crate::http::problem::Problem;
use crate::http::state::AppState;

const PATH: &str = "/account/keys";

#[derive(Template)]
#[template(path = "pages/account/keys.html")]
struct KeysPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    behind: Option<String>,
    keys: &'a [KeptKey],
    fields: [Field; 2],
}

/// `GET /account/keys`
pub(super) async fn show(who: SignedIn) -> Response {
    write(&who, "", "", None)
}

/// `POST /account/keys`: one or more keys, one a line; all of them, or none.
pub(super) async fn add(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    OurForm(form): OurForm,
) -> Response {
    let (paste, label) = (form.text("sshKeys"), form.text("label"));
    let user = &who.caller.user;
    let added = state
        .auth
        .add_ssh_keys(user, paste, Some(label), &client)
        .await;
    match added.map_err(Problem::from) {
        Ok(1) => Flash::new("keys-added-one").on(PATH),
        Ok(count) => Flash::new("keys-added").with("count", count).on(PATH),
        Err(problem) => write(&who, paste, label, Some(&problem)),
    }
}

/// `POST /account/keys/{id}/remove`
pub(super) async fn remove(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    PathText(id): PathText,
    OurForm(_): OurForm,
) -> Response {
    let removed = match Uuid::parse_str(&id) {
        Ok(id) => {
            state
                .auth
                .remove_ssh_key(&who.caller.user, id, &client)
                .await
        }
        Err(_) => Err(CredentialError::NoSuchKey),
    };
    match removed.map_err(Problem::from) {
        Ok(()) => Flash::new("keys-removed").on(PATH),
        Err(problem) => problem.into_response(),
    }
}

fn write(who: &SignedIn, paste: &str, label: &str, problem: Option<&Problem>) -> Response {
    let (visitor, user) = (&who.visitor, &who.caller.user);
    let t = |key| visitor.t(key);
    let kept = if has_private_key(paste) { "" } else { paste };
    let keys = Field::new("sshKeys", "textarea", t("keys-paste"), t("keys-paste-hint"));
    let name = Field::new("label", "text", t("keys-label"), t("keys-label-hint"));
    let most = u16::try_from(KeptKey::LONGEST_LABEL).unwrap_or(u16::MAX);
    let fields = [
        keys.required().at_most(16_384).with(kept),
        name.at_most(most).with(label),
    ];
    let page = KeysPage {
        page: visitor.page(t("keys-title")).of("keys"),
        alert: alert(visitor, problem),
        behind: behind(visitor, "account-host-keys", &user.credentials.ssh_keys),
        keys: &user.ssh_keys,
        fields: fields.map(|f| f.judged(visitor, problem)),
    };
    render_with(&page, problem)
}
