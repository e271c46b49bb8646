use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{self, HeaderMap};
use http::request::Parts;
use http::{Method, Uri};

use super::cookies::Cookie;
use super::flash::Flash;
use super::own_path::OwnPath;
use crate::auth::{self, Caller, TokenError};
use crate::domain::{PageToken, SessionEnd};
use crate::http::bearer::client_from;
use crate::http::client_address::Client;
use crate::http::problem::{Kind, Problem};
use crate::http::state::{AppState, Site};
use crate::ports::EntropyExt;
use crate::text::{Language, Text};

/// How long a browser keeps the language, in seconds.
const LANGUAGE_LASTS: i64 = 365 * 24 * 3600;

/// Who looks at a page: with which session, in which language, and what the page needs to answer
/// them. The layer [`attach`] finds it out once for each request.
#[derive(Clone)]
pub(in crate::http) struct Visitor(Arc<Inner>);

struct Inner {
    state: AppState,
    language: Language,
    session: SessionOf,
    form_token: String,
    /// The visitor had no form token; whoever reads it makes the browser keep it.
    form_token_is_new: bool,
    form_token_is_shown: AtomicBool,
    flash: Option<Flash>,
    /// The address of this page in another language, up to the language's tag.
    elsewhere: Option<String>,
}

/// What the session cookie opens.
enum SessionOf {
    /// There is none.
    Nobody,
    /// A session that lives.
    Member(Box<Caller>),
    /// One that has ended; the key of the message says why.
    Ended(&'static str),
    /// It can't be told.
    Unknown(Problem),
}

impl Visitor {
    /// Someone of whom only the language is known.
    pub(in crate::http) fn stranger(state: &AppState, language: Language) -> Self {
        Self(Arc::new(Inner {
            state: state.clone(),
            language,
            session: SessionOf::Nobody,
            form_token: String::new(),
            form_token_is_new: false,
            form_token_is_shown: AtomicBool::new(false),
            flash: None,
            elsewhere: None,
        }))
    }

    /// What the community calls itself.
    pub(in crate::http) fn site(&self) -> &Site {
        &self.0.state.site
    }

    /// In which language to answer.
    pub(in crate::http) fn language(&self) -> Language {
        self.0.language
    }

    /// The message of that key, in the visitor's language.
    pub(in crate::http) fn t<'a>(&self, key: &'a str) -> Text<'a> {
        Text::new(self.0.language, key)
    }

    /// Who is signed in.
    pub(in crate::http) fn caller(&self) -> Option<&Caller> {
        match &self.0.session {
            SessionOf::Member(caller) => Some(caller),
            _ => None,
        }
    }

    /// Why it can't be told who is signed in.
    pub(super) fn trouble(&self) -> Option<&Problem> {
        match &self.0.session {
            SessionOf::Unknown(problem) => Some(problem),
            _ => None,
        }
    }

    /// What the hidden field `csrf` of every form has.
    pub(in crate::http) fn form_token(&self) -> &str {
        self.0.form_token_is_shown.store(true, Ordering::Relaxed);
        &self.0.form_token
    }

    /// What a form has to carry; empty when the browser was given nothing yet.
    pub(super) fn known_form_token(&self) -> &str {
        if self.0.form_token_is_new {
            return "";
        }
        &self.0.form_token
    }

    /// What has to be said first.
    pub(super) fn flash(&self) -> Option<String> {
        match (&self.0.session, &self.0.flash) {
            (_, Some(flash)) => Some(flash.words(self.0.language)),
            (SessionOf::Ended(why), None) => Some(self.t(why).to_string()),
            _ => None,
        }
    }

    /// This page in another language; `None` where it can't be asked for again.
    pub(super) fn elsewhere(&self, language: Language) -> Option<String> {
        let start = self.0.elsewhere.as_ref()?;
        Some(format!("{start}lang={}", language.tag()))
    }
}

/// Those who look at a page.
impl FromRequestParts<AppState> for Visitor {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let found = parts.extensions.get::<Self>().cloned();
        found.ok_or_else(|| Problem::new(Kind::Internal))
    }
}

/// Whether what is asked for is a page: the only routes that cookies have a meaning for.
fn is_page(path: &str) -> bool {
    const OTHERS: [&str; 7] = [
        "/api/",
        "/internal/",
        "/static/",
        "/health",
        "/metrics",
        "/.well-known/",
        "/socket.io/",
    ];
    path == "/api/docs" || !OTHERS.iter().any(|start| path.starts_with(start))
}

/// The language of an answer: as the address says, else as was chosen before, else as the browser
/// wishes.
pub(in crate::http) fn language_of(site: &Site, uri: &Uri, headers: &HeaderMap) -> Language {
    let wishes = headers.get(header::ACCEPT_LANGUAGE);
    chosen(uri)
        .or_else(|| Language::of_tag(Cookie::Language.of(site, headers)?))
        .or_else(|| Language::of_wishes(wishes?.to_str().ok()?))
        .unwrap_or_default()
}

/// The language of `?lang=`.
fn chosen(uri: &Uri) -> Option<Language> {
    let mut pairs = form_urlencoded::parse(uri.query()?.as_bytes());
    let (_, tag) = pairs.find(|(name, _)| name == "lang")?;
    Language::of_tag(&tag)
}

/// The address of this page with another language, up to the tag.
fn elsewhere(method: &Method, uri: &Uri) -> Option<String> {
    if method != Method::GET && method != Method::HEAD {
        return None;
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    let pairs = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    query.extend_pairs(pairs.filter(|(name, _)| name != "lang"));
    let query = query.finish();
    let and = if query.is_empty() { "" } else { "&" };
    let start = format!("{}?{query}{and}", uri.path());
    // Browsers take `//` at the beginning for another site.
    OwnPath::parse(&start).map(|own| own.as_str().to_owned())
}

/// What the cookie of a page's visitor opens, if it has the form of one. It has no meaning elsewhere.
pub(in crate::http) fn session_of(state: &AppState, request: &Request) -> Option<PageToken> {
    let is_page = is_page(request.uri().path());
    let token = is_page.then(|| Cookie::Session.of(&state.site, request.headers()))?;
    PageToken::parse(token?)
}

/// Finds out who looks, before a page is made; gives the browser the cookies that follow from it.
pub(in crate::http) async fn attach(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    if !is_page(request.uri().path()) {
        return next.run(request).await;
    }
    let site = &state.site;
    let token = Cookie::Session.of(site, request.headers());
    let token = token.map(PageToken::parse);
    let (session, renewed) = match &token {
        None => (SessionOf::Nobody, None),
        Some(None) => (SessionOf::Ended("login-ended-lapsed"), None),
        Some(Some(token)) => {
            let client = client_of(&request);
            find(&state, token, client).await
        }
    };
    let headers = request.headers();
    let sent = Cookie::Form.of(site, headers).filter(|t| is_form_token(t));
    let bound = match (&session, &token) {
        (SessionOf::Member(_), Some(Some(token))) => Some(state.auth.form_token(token)),
        _ => None,
    };
    let form_token = match (&bound, sent) {
        (Some(bound), _) => bound.expose().to_owned(),
        (None, Some(sent)) => sent.to_owned(),
        (None, None) => URL_SAFE_NO_PAD.encode(state.registrar.world().entropy.bytes::<24>()),
    };
    let visitor = Visitor(Arc::new(Inner {
        language: language_of(site, request.uri(), headers),
        session,
        form_token,
        form_token_is_new: bound.is_none() && sent.is_none(),
        form_token_is_shown: AtomicBool::new(false),
        flash: Cookie::Flash.of(site, headers).and_then(Flash::decode),
        elsewhere: elsewhere(request.method(), request.uri()),
        state: state.clone(),
    }));
    let has_flash = Cookie::Flash.of(site, headers).is_some();
    let chosen = chosen(request.uri());
    request.extensions_mut().insert(visitor.clone());

    let mut response = next.run(request).await;

    let is_redirect = response.status().is_redirection();
    let flash = response.extensions().get::<Flash>().cloned();
    let leaves = response.extensions().get::<SignedOut>().is_some();
    let begun = response.extensions().get::<SessionBegun>().cloned();
    let headers = response.headers_mut();
    if let Some(language) = chosen {
        Cookie::Language.set(site, headers, language.tag(), Some(LANGUAGE_LASTS));
    }
    let inner = &visitor.0;
    if inner.form_token_is_new && inner.form_token_is_shown.load(Ordering::Relaxed) {
        Cookie::Form.set(site, headers, &inner.form_token, None);
    }
    let lasts = state.auth.session_lasts().as_secs();
    match (begun, renewed, &inner.session) {
        (Some(SessionBegun(token)), _, _) => {
            Cookie::Session.set(site, headers, token.expose(), Some(lasts));
        }
        (None, _, _) if leaves => Cookie::Session.clear(site, headers),
        (None, Some(token), _) => Cookie::Session.set(site, headers, token.expose(), Some(lasts)),
        (None, None, SessionOf::Ended(_)) => Cookie::Session.clear(site, headers),
        _ => {}
    }
    match (flash, &inner.session) {
        (Some(flash), _) => Cookie::Flash.set(site, headers, &flash.encode(), Some(60)),
        (None, SessionOf::Ended(why)) if is_redirect => {
            Cookie::Flash.set(site, headers, &Flash::new(why).encode(), Some(60));
        }
        // It was said.
        (None, _) if has_flash && !is_redirect => Cookie::Flash.clear(site, headers),
        _ => {}
    }
    // For the page of an error.
    response.extensions_mut().insert(visitor);
    response
}

/// A login has begun this session: the browser is given its cookie.
#[derive(Clone)]
pub(super) struct SessionBegun(pub PageToken);

/// The session is over: the browser forgets its cookie.
#[derive(Clone)]
pub(super) struct SignedOut;

/// Whom a token opens the pages for; the token again, when the browser is to keep it longer.
async fn find(
    state: &AppState,
    token: &PageToken,
    client: Option<auth::Client>,
) -> (SessionOf, Option<PageToken>) {
    let Some(client) = client else {
        return (SessionOf::Nobody, None);
    };
    let ended = |why| (SessionOf::Ended(why), None);
    match state.auth.page_caller(token, &client).await {
        Ok((caller, noted)) => {
            let renewed = noted.then(|| token.clone());
            (SessionOf::Member(Box::new(caller)), renewed)
        }
        Err(TokenError::Invalid) => ended("login-ended-lapsed"),
        Err(TokenError::Ended(SessionEnd::PasswordChanged)) => ended("login-ended-password"),
        Err(TokenError::Ended(SessionEnd::Displaced)) => ended("login-ended-displaced"),
        Err(TokenError::Ended(_)) => ended("login-ended-signed-out"),
        Err(TokenError::Suspended) => ended("login-ended-suspended"),
        Err(TokenError::Deleted) => ended("login-ended-deleted"),
        Err(error) => (SessionOf::Unknown(error.into()), None),
    }
}

fn client_of(request: &Request) -> Option<auth::Client> {
    let client = request.extensions().get::<Client>()?;
    Some(client_from(client, request.headers()))
}

fn is_form_token(text: &str) -> bool {
    let is_of_it = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() == 32 && text.bytes().all(is_of_it)
}
