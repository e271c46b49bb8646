use askama::Template;
use axum::response::Response;

use super::layout::{Page, render};
use super::signed_in::SignedIn;

#[derive(Template)]
#[template(path = "pages/account.html")]
struct AccountPage<'a> {
    page: Page<'a>,
    username: &'a str,
}

/// `GET /account`
pub(super) async fn show(who: SignedIn) -> Response {
    let page = AccountPage {
        page: who.visitor.page(who.visitor.t("site-account")),
        username: who.caller.user.username.as_str(),
    };
    render(&page)
}
