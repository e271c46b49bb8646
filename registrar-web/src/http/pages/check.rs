use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::visitor::Visitor;
use crate::domain::{Password, PasswordHints, Strength, Username};
use crate::http::extract::Form;
use crate::http::problem::{FieldProblem, Problem};
use crate::http::state::AppState;

/// What a script shows beside a field while someone types.
#[derive(Serialize)]
pub(super) struct Judged {
    good: bool,
    message: String,
}

impl Judged {
    fn good(message: impl ToString) -> Json<Self> {
        Json(Self {
            good: true,
            message: message.to_string(),
        })
    }

    fn bad(message: String) -> Json<Self> {
        Json(Self {
            good: false,
            message,
        })
    }
}

/// `POST /signup/check`: judges one field of a form, by the rules that hold when it is sent, in the
/// visitor's language. Nothing is changed or kept, so it needs no token. A form and not a query, as a
/// query is what proxies log.
pub(super) async fn judge(
    State(state): State<AppState>,
    visitor: Visitor,
    form: Form,
) -> Result<Json<Judged>, Problem> {
    match form.text("field") {
        "username" => name(&state, &visitor, form.text("username")).await,
        field @ ("password" | "newPassword") => Ok(password(&visitor, &form, field)),
        _ => Err(Problem::field(
            "field",
            "unknown",
            "write username, password or newPassword",
        )),
    }
}

async fn name(state: &AppState, visitor: &Visitor, text: &str) -> Result<Json<Judged>, Problem> {
    let wrong = |code: &str, message: String| {
        Judged::bad(visitor.rule(&FieldProblem {
            field: "username".to_owned(),
            code: code.to_owned(),
            message,
        }))
    };
    if let Err(error) = Username::parse(text) {
        return Ok(wrong(error.code(), format!("{error}.")));
    }
    let answer = state.registrar.check_username(text).await?;
    Ok(if answer.available {
        Judged::good(visitor.t("signup-name-free").with("name", text))
    } else {
        wrong("not-available", answer.message)
    })
}

fn password(visitor: &Visitor, form: &Form, field: &str) -> Json<Judged> {
    let email = form.text("personalEmail");
    let typed = [
        form.text("username"),
        form.text("displayName"),
        email.split('@').next().unwrap_or_default(),
    ];
    let own = visitor.caller().map(|caller| {
        let user = &caller.user;
        [user.username.to_string(), user.display_name.to_string()]
    });
    let own = own.iter().flatten().map(String::as_str);
    let words: Vec<&str> = typed.into_iter().chain(own).collect();
    let hints = PasswordHints { words: &words };
    match Password::judge(form.text(field).to_owned(), hints) {
        Ok((_, Strength::Strong)) => Judged::good(visitor.t("signup-strong")),
        Ok((_, Strength::Fair)) => Judged::good(visitor.t("signup-fair")),
        Err(error) => Judged::bad(visitor.rule(&FieldProblem {
            field: field.to_owned(),
            code: error.code().to_owned(),
            message: error.to_string(),
        })),
    }
}
