use askama::Template;
use axum::extract::State;
use axum::response::Response;
use zeroize::Zeroizing;

use super::{alert, own_password};
use crate::auth::FactorStatus;
use crate::http::api::qr::Qr;
use crate::http::bearer::From;
use crate::http::pages::csrf::OurForm;
use crate::http::pages::flash::Flash;
use crate::http::pages::form::Field;
use crate::http::pages::layout::{Page, render, render_with};
use crate::http::pages::second_step::proof_of;
use crate::http::pages::signed_in::SignedIn;
use crate::http::pages::visitor::Visitor;
use crate::http::problem::Problem;
use crate::http::state::AppState;

const PATH: &str = "/account/second-factor";

#[derive(Template)]
#[template(path = "pages/account/second_factor.html")]
struct FactorPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    status: FactorStatus,
}

#[derive(Template)]
#[template(path = "pages/account/totp.html")]
struct TotpPage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    /// The code to scan and the same to type; missing when the first try went wrong.
    shown: Option<(String, String)>,
    code: Field,
}

#[derive(Template)]
#[template(path = "pages/account/codes.html")]
struct CodesPage<'a> {
    page: Page<'a>,
    codes: Vec<String>,
}

/// One of the forms of the page, each of which needs the password.
#[derive(Template)]
#[template(path = "pages/account/form.html")]
struct ChangePage<'a> {
    page: Page<'a>,
    alert: Option<String>,
    lead: String,
    action: &'static str,
    fields: Vec<Field>,
    button: String,
}

/// What is to be changed.
#[derive(Clone, Copy)]
enum Change {
    SetUp,
    Disable,
    MailOn,
    MailOff,
    Codes,
}

impl Change {
    fn action(self) -> &'static str {
        match self {
            Self::SetUp => "/account/second-factor/totp",
            Self::Disable => "/account/second-factor/totp/off",
            Self::MailOn => "/account/second-factor/mail?on=1",
            Self::MailOff => "/account/second-factor/mail",
            Self::Codes => "/account/second-factor/codes",
        }
    }

    /// The words of the button, and of the page that asks for the password.
    fn words(self, visitor: &Visitor) -> String {
        let text = match self {
            Self::SetUp => visitor.t("factor-set-up"),
            Self::Disable => visitor.t("factor-disable"),
            Self::MailOn => visitor.t("factor-mail-on"),
            Self::MailOff => visitor.t("factor-mail-off"),
            Self::Codes => visitor.t("factor-new-codes"),
        };
        text.to_string()
    }

    /// Whether it needs a code as well.
    fn needs_code(self, has_totp: bool) -> bool {
        has_totp && matches!(self, Self::Disable | Self::Codes)
    }
}

/// `GET /account/second-factor`
pub(super) async fn show(
    State(state): State<AppState>,
    who: SignedIn,
) -> Result<Response, Problem> {
    let visitor = &who.visitor;
    let page = FactorPage {
        page: visitor.page(visitor.t("factor-title")).of("second-factor"),
        alert: None,
        status: state.auth.factor_status(&who.caller.user).await?,
    };
    Ok(render(&page))
}

/// Asks for the password first; the button of the page leads here without one.
fn ask(who: &SignedIn, change: Change, problem: Option<&Problem>) -> Response {
    let visitor = &who.visitor;
    let has_totp = who.caller.user.access.second_factor.has_totp();
    let mut fields = vec![own_password(visitor, problem)];
    if change.needs_code(has_totp) {
        let hint = visitor.t("factor-code-hint");
        let code = Field::new("code", "text", visitor.t("login-factor-code"), hint);
        let code = code.required().completed_by("one-time-code").at_most(64);
        fields.push(code.judged(visitor, problem));
    }
    let page = ChangePage {
        page: visitor.page(change.words(visitor)).of("second-factor"),
        alert: alert(visitor, problem),
        lead: visitor.t("factor-confirm").to_string(),
        action: change.action(),
        fields,
        button: change.words(visitor),
    };
    render_with(&page, problem)
}

/// `POST /account/second-factor/totp`: shows the secret, once.
pub(super) async fn set_up(
    State(state): State<AppState>,
    who: SignedIn,
    OurForm(form): OurForm,
) -> Response {
    let Some(password) = form.optional("password").map(Zeroizing::new) else {
        return ask(&who, Change::SetUp, None);
    };
    let made = state.auth.set_up_totp(who.caller.clone(), password).await;
    let setup = match made.map_err(Problem::from) {
        Ok(setup) => setup,
        Err(problem) => return ask(&who, Change::SetUp, Some(&problem)),
    };
    let code = Qr::of(&setup.uri()).map_or_else(String::new, |qr| qr.svg());
    let shown = (code, setup.manual_key().to_string());
    write_totp(&who, Some(shown), None)
}

fn write_totp(
    who: &SignedIn,
    shown: Option<(String, String)>,
    problem: Option<&Problem>,
) -> Response {
    let visitor = &who.visitor;
    let code = Field::new("code", "text", visitor.t("login-factor-code"), "");
    let page = TotpPage {
        page: visitor.page(visitor.t("factor-set-up")).of("second-factor"),
        alert: alert(visitor, problem),
        shown,
        code: code
            .required()
            .completed_by("one-time-code")
            .at_most(16)
            .judged(visitor, problem),
    };
    render_with(&page, problem)
}

/// `POST /account/second-factor/confirm`: the first code of the authenticator.
pub(super) async fn confirm(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    OurForm(form): OurForm,
) -> Response {
    let code = Zeroizing::new(form.text("code").to_owned());
    let confirmed = state
        .auth
        .confirm_totp(who.caller.clone(), code, client)
        .await;
    match confirmed.map_err(Problem::from) {
        Ok(codes) => write_codes(&who, codes.iter().map(|c| c.expose()).collect()),
        Err(problem) => write_totp(&who, None, Some(&problem)),
    }
}

fn write_codes(who: &SignedIn, codes: Vec<String>) -> Response {
    let visitor = &who.visitor;
    render(&CodesPage {
        page: visitor
            .page(visitor.t("factor-codes-title"))
            .of("second-factor"),
        codes,
    })
}

/// `POST /account/second-factor/totp/off`
pub(super) async fn disable(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    OurForm(form): OurForm,
) -> Response {
    let Some(password) = form.optional("password").map(Zeroizing::new) else {
        return ask(&who, Change::Disable, None);
    };
    let proof = proof_of(form.text("code"));
    let done = state
        .auth
        .disable_totp(who.caller.clone(), password, proof, client)
        .await;
    match done.map_err(Problem::from) {
        Ok(()) => Flash::new("factor-disabled").on(PATH),
        Err(problem) => ask(&who, Change::Disable, Some(&problem)),
    }
}

/// `POST /account/second-factor/mail`, with `?on=1` to switch it on.
pub(super) async fn by_mail(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    uri: http::Uri,
    OurForm(form): OurForm,
) -> Response {
    let on = uri.query().is_some();
    let change = if on { Change::MailOn } else { Change::MailOff };
    let Some(password) = form.optional("password").map(Zeroizing::new) else {
        return ask(&who, change, None);
    };
    let done = state
        .auth
        .set_by_mail(who.caller.clone(), password, on, client)
        .await;
    match done.map_err(Problem::from) {
        Ok(_) if on => Flash::new("factor-mail-is-on").on(PATH),
        Ok(_) => Flash::new("factor-mail-is-off").on(PATH),
        Err(problem) => ask(&who, change, Some(&problem)),
    }
}

/// `POST /account/second-factor/codes`: new recovery codes, told once.
pub(super) async fn codes(
    State(state): State<AppState>,
    who: SignedIn,
    From(client): From,
    OurForm(form): OurForm,
) -> Response {
    let Some(password) = form.optional("password").map(Zeroizing::new) else {
        return ask(&who, Change::Codes, None);
    };
    let proof = form.optional("code").map(|code| proof_of(&code));
    let made = state
        .auth
        .new_recovery_codes(who.caller.clone(), password, proof, client)
        .await;
    match made.map_err(Problem::from) {
        Ok(codes) => write_codes(&who, codes.iter().map(|c| c.expose()).collect()),
        Err(problem) => ask(&who, Change::Codes, Some(&problem)),
    }
}
