use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::header::{self, HeaderValue};

use super::visitor::Visitor;
use crate::domain::{Mode, Role, User};
use crate::http::problem::{Kind, Problem};
use crate::http::state::Site;
use crate::http::static_files::{ASSETS, Assets};
use crate::text::{Language, Text};

/// What every page has.
pub(in crate::http) struct Page<'a> {
    /// What the community calls itself.
    pub site: &'a Site,
    /// Stylesheet, script, icon.
    pub assets: &'static Assets,
    /// Of the window.
    pub title: String,
    /// Seconds after which a browser without scripts looks again.
    pub refresh: Option<u32>,
    /// Said first, once.
    pub flash: Option<String>,
    /// Which page of a group it is.
    pub section: &'static str,
    visitor: &'a Visitor,
}

impl Visitor {
    /// A page of that title, for this visitor.
    pub(in crate::http) fn page(&self, title: impl ToString) -> Page<'_> {
        Page {
            site: self.site(),
            assets: &ASSETS,
            title: title.to_string(),
            refresh: None,
            flash: self.flash(),
            section: "",
            visitor: self,
        }
    }
}

impl Page<'_> {
    /// Which page of a group it is.
    pub(in crate::http) fn of(self, section: &'static str) -> Self {
        Self { section, ..self }
    }

    /// The message of that key, in the visitor's language.
    pub(in crate::http) fn t<'k>(&self, key: &'k str) -> Text<'k> {
        self.visitor.t(key)
    }

    /// The language's tag.
    pub(in crate::http) fn lang(&self) -> &'static str {
        self.visitor.language().tag()
    }

    /// What the hidden field `csrf` of every form has.
    pub(in crate::http) fn csrf(&self) -> &str {
        self.visitor.form_token()
    }

    /// Who is signed in.
    pub(in crate::http) fn user(&self) -> Option<&User> {
        self.visitor.caller().map(|caller| &caller.user)
    }

    /// Whether the visitor belongs to an organisation.
    pub(in crate::http) fn has_organisation(&self) -> bool {
        self.user().is_some_and(|user| user.organisation.is_some())
    }

    /// Whether the visitor has business in the console.
    pub(in crate::http) fn is_staff(&self) -> bool {
        self.user()
            .is_some_and(|user| user.role.is_at_least(Role::Operator))
    }

    /// Whether the visitor runs the site.
    pub(in crate::http) fn is_site_admin(&self) -> bool {
        self.user()
            .is_some_and(|user| user.role.is_at_least(Role::SiteAdmin))
    }

    /// Whether anyone may register.
    pub(in crate::http) fn is_open(&self) -> bool {
        self.site.mode != Mode::Closed
    }

    /// This page in the other languages: address and language.
    pub(in crate::http) fn languages(&self) -> Vec<(String, Language)> {
        let others = Language::ALL.into_iter();
        others
            .filter(|language| *language != self.visitor.language())
            .filter_map(|language| Some((self.visitor.elsewhere(language)?, language)))
            .collect()
    }
}

/// Writes a page out.
pub(in crate::http) fn render(page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page can't be written");
            Problem::new(Kind::Internal).into_response()
        }
    }
}

/// Writes a page out that answers a form: with the status of what was wrong with it, if anything.
pub(in crate::http) fn render_with(page: &impl Template, problem: Option<&Problem>) -> Response {
    let mut response = render(page);
    if let Some(problem) = problem {
        *response.status_mut() = problem.kind.status();
        if let Some(seconds) = problem.retry_after {
            let headers = response.headers_mut();
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
    response
}
