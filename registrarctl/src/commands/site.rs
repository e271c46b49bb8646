//! What is about the site as a whole, each a call or two.

use crate::cli::{Keys, Names};
use crate::failure::Failure;
use crate::outcome::{Outcome, text};
use crate::web::Web;

pub(super) async fn keys(asked: &Keys, web: &Web) -> Result<Outcome, Failure> {
    let Keys::Rotate = asked;
    let made = web.post("/api/admin/keys/rotate", None).await?;
    let shown = format!("access tokens are signed with {} now", text(&made["kid"]));
    Ok(Outcome::new(made, shown))
}

/// 1 when the name can't be had.
pub(super) async fn names(asked: &Names, web: &Web) -> Result<Outcome, Failure> {
    let Names::Check { name } = asked;
    // Any text: the answer says what is wrong with it.
    let encoded: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    let path = encoded.replace('+', "%20");
    let path = format!("/api/auth/status/check-username/{path}");
    let answer = web.get(&path).await?;
    let is_free = answer["available"] == true;
    let shown = text(&answer["message"]);
    Ok(Outcome::new(answer, shown).good(is_free))
}
