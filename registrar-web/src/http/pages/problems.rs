use askama::Template;
use axum::response::{IntoResponse, Response};

use super::layout::{Page, render};
use super::visitor::Visitor;
use crate::http::extract::PathText;
use crate::http::problem::{Kind, Problem};

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct ProblemPage<'a> {
    page: Page<'a>,
    problem: &'a Problem,
    words: String,
    request_id: &'a str,
}

#[derive(Template)]
#[template(path = "pages/explain.html")]
struct Explain<'a> {
    page: Page<'a>,
    kind: Kind,
}

/// The page of an error.
pub(crate) fn problem_page(visitor: &Visitor, problem: &Problem, request_id: &str) -> String {
    let page = ProblemPage {
        page: visitor.page(visitor.problem_title(problem.kind)),
        problem,
        words: visitor.problem_words(problem),
        request_id,
    };
    page.render()
        .unwrap_or_else(|_| problem.kind.title().to_owned())
}

/// `/problems/{code}`: what the `type` of an error means.
pub(super) async fn explain(visitor: Visitor, PathText(code): PathText) -> Response {
    match Kind::of_code(&code) {
        Some(kind) => render(&Explain {
            page: visitor.page(kind.title()),
            kind,
        }),
        None => Problem::new(Kind::NotFound).into_response(),
    }
}
