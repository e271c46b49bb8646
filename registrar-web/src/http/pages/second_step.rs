use askama::Template;
use axum::extract::State;
use axum::response::Response;
use zeroize::Zeroizing;

use super::csrf::OurForm;
use super::flash::Flash;
use super::layout::{Page, render_with};
use super::login;
use super::own_path::OwnPath;
use super::visitor::Visitor;
use crate::auth::{Asked, PageLogin};
use crate::domain::{FactorMethod, Proof};
use crate::http::bearer::From;
use crate::http::problem::{Kind, Problem};
use crate::http::state::AppState;

#[derive(Template)]
#[template(path = "pages/second_step.html")]
struct SecondStepPage<'a> {
    page: Page<'a>,
    next: Option<&'a OwnPath>,
    challenge: &'a str,
    method: &'static str,
    by_mail: bool,
    /// What is new since the last login.
    news: Option<String>,
    alert: Option<String>,
}

/// The answer to a right password of who has a second factor. The challenge stands in the form and
/// nowhere else, so a login that is left alone leaves nothing in the browser.
pub(super) fn ask(visitor: &Visitor, asked: &Asked, next: Option<&OwnPath>) -> Response {
    let news = asked.notice.as_ref().map(Flash::of_news);
    let step = Step {
        challenge: asked.challenge.expose(),
        method: asked.method,
        news: news.map(|news| news.words(visitor.language())),
    };
    write(visitor, step, next, None)
}

/// `POST /login/second-step`: the code, or a recovery code.
pub(super) async fn submit(
    State(state): State<AppState>,
    visitor: Visitor,
    From(client): From,
    OurForm(form): OurForm,
) -> Response {
    let next = OwnPath::parse(form.text("next"));
    let challenge = form.text("challenge");
    let method = match form.text("method") {
        "email" => FactorMethod::Email,
        _ => FactorMethod::Totp,
    };
    let proof = proof_of(form.text("code"));
    let finished = state
        .auth
        .finish_login::<PageLogin>(challenge, method, proof, &client)
        .await;
    match finished.map_err(Problem::from) {
        Ok(login) => login::go_on(login, next.as_ref()),
        Err(problem) if problem.kind == Kind::ChallengeUnknown || problem.tries_left == Some(0) => {
            let lapsed = Problem::new(Kind::ChallengeUnknown);
            login::write(&visitor, next.as_ref(), "", Some(&lapsed))
        }
        Err(problem) => {
            let step = Step {
                challenge,
                method,
                news: None,
            };
            write(&visitor, step, next.as_ref(), Some(&problem))
        }
    }
}

/// Which kind of code that is: those of authenticators and mails are six digits, perhaps with blanks.
pub(super) fn proof_of(typed: &str) -> Proof {
    let typed = Zeroizing::new(typed.trim().to_owned());
    let digits = typed.chars().filter(|c| !c.is_whitespace() && *c != '-');
    let is_code = digits.clone().count() <= 8 && digits.clone().all(|c| c.is_ascii_digit());
    if is_code {
        Proof::Code(typed)
    } else {
        Proof::Recovery(typed)
    }
}

/// A login that waits.
struct Step<'a> {
    challenge: &'a str,
    method: FactorMethod,
    news: Option<String>,
}

fn write(
    visitor: &Visitor,
    step: Step<'_>,
    next: Option<&OwnPath>,
    problem: Option<&Problem>,
) -> Response {
    let page = SecondStepPage {
        page: visitor.page(visitor.t("login-factor-title")),
        next,
        challenge: step.challenge,
        method: step.method.as_str(),
        by_mail: step.method == FactorMethod::Email,
        news: step.news,
        alert: problem.map(|problem| match (problem.kind, problem.tries_left) {
            (Kind::WrongSecondFactor, Some(left)) => visitor
                .t("login-factor-wrong")
                .count("left", left)
                .to_string(),
            _ => problem.detail.clone(),
        }),
    };
    render_with(&page, problem)
}
