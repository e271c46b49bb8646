use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use zeroize::Zeroizing;

use super::{FormPage, alert};
use crate::http::bearer::From;
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::Field;
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::Visitor;
use crate::http::problem::Problem;
use crate::http::state::AppState;

/// `GET /account/password`
pub(super) async fn show(who: SignedIn) -> Response {
    if who.caller.user.password_hash.is_none() {
        // It is chosen by mail.
        return Redirect::to("/recover").into_response();
    }
    write(&who.visitor, None)
}

/// `POST /account/password`: all other sessions end.
pub(super) async fn submit(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    OurForm(form): OurForm,
) -> Response {
    let current = Zeroizing::new(form.text("currentPassword").to_owned());
    let new = form.text("newPassword").to_owned();
    let changed = state
        .auth
        .change_password(&who.caller, current, new, &client)
        .await;
    match changed.map_err(Problem::from) {
        Ok(_) => Flash::new("password-changed").on("/account"),
        Err(problem) => write(&who.visitor, Some(&problem)),
    }
}

fn write(visitor: &Visitor, problem: Option<&Problem>) -> Response {
    let t = |key| visitor.t(key);
    let current = Field::new("currentPassword", "password", t("password-current"), "");
    let new = Field::new(
        "newPassword",
        "password",
        t("recover-new"),
        t("recover-new-hint"),
    );
    let fields = [
        current.completed_by("current-password"),
        new.completed_by("new-password"),
    ];
    let fields = fields.into_iter();
    FormPage {
        page: visitor.page(t("password-title")).of("password"),
        alert: alert(visitor, problem),
        lead: t("password-lead").to_string(),
        action: "/account/password",
        fields: fields
            .map(|f| f.required().judged(visitor, problem))
            .collect(),
        button: t("password-button").to_string(),
    }
    .write(problem)
}
