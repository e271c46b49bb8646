use askama::Template;
use axum::extract::State;
use axum::response::Response;
use zeroize::Zeroizing;

use super::{alert, own_password};
use crate::http::api::profile::user_data;
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::Field;
use crate::http::pages::layout::{Page, render_with};
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::SignedOut;
use crate::http::problem::Problem;
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "pages/account/data.html")]
struct DataPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    days: i64,
    /// Missing where the account has none.
    password: Option<Field>,
}

/// `GET /account/data`
pub(super) async fn show(State(state): State<AppState>, who: SignedIn) -> Response {
    write(&state, &who, None)
}

/// `POST /account/data/export`: the file. A form, as it is written into the audit log.
pub(super) async fn export(
    State(state): State<AppState>,
    who: SignedIn,
    OurForm(_): OurForm,
) -> Result<Response, Problem> {
    user_data(&state, &who.acting(), &who.caller).await
}

/// `POST /account/data/delete`: the account, by its password.
pub(super) async fn delete(
    State(state): State<AppState>,
    who: SignedIn,
    OurForm(form): OurForm,
) -> Response {
    let password = form.optional("password").map(Zeroizing::new);
    let id = who.caller.user.id;
    let deleted = state.people.delete(&who.acting(), id, password).await;
    match deleted.map_err(Problem::from) {
        Ok(_) => {
            let mut response = Flash::new("data-deleted").on("/");
            response.extensions_mut().insert(SignedOut);
            response
        }
        Err(problem) => write(&state, &who, Some(&problem)),
    }
}

fn write(state: &AppState, who: &SignedIn, problem: Option<&Problem>) -> Response {
    let visitor = &who.visitor;
    let has_password = who.caller.user.password_hash.is_some();
    let page = DataPage {
        page: visitor.page(visitor.t("data-title")).of("data"),
        alert: alert(visitor, problem),
        days: state.people.grace().as_hours() / 24,
        password: has_password.then(|| own_password(visitor, problem)),
    };
    render_with(&page, problem)
}
