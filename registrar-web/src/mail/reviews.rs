//! The words of mails about reviews.

use super::Community;
use super::letters::{Block, Letter, greeting, words};
use crate::domain::{Question, ReceiptToken, Registration, VerificationKey};

/// The page of the registration. Whoever has its link may answer for the person, so it goes to
/// proven addresses alone.
fn receipt(
    r: &Registration,
    key: &VerificationKey,
    community: &Community,
    label: &'static str,
) -> Block {
    let token = ReceiptToken::of(key, r.id);
    Block::Link {
        url: format!("{}/receipt/{}", community.public_url, token.expose()),
        label,
    }
}

pub(super) fn approved(r: &Registration, key: &VerificationKey, community: &Community) -> Letter {
    let name = &community.name;
    let mut blocks = vec![words(format!(
        "the people who look after {name} have accepted your registration. Welcome."
    ))];
    if r.address_is_proven() {
        blocks.push(words(format!(
            "The account {} is being opened; another mail tells you how to log in. This page, which is for you alone, shows how it goes on:",
            r.username
        )));
        blocks.push(receipt(r, key, community, "See how it goes on"));
    } else {
        blocks.push(words(format!(
            "One step is left before the account {} is opened: verify this address, with the link or the code of the mail that you got when you signed up.",
            r.username
        )));
    }
    Letter {
        subject: format!("Your registration at {name} was accepted"),
        greeting: greeting(r),
        blocks,
    }
}

pub(super) fn question(
    r: &Registration,
    question: &Question,
    key: &VerificationKey,
    community: &Community,
) -> Letter {
    let name = &community.name;
    Letter {
        subject: format!("A question about your registration at {name}"),
        greeting: greeting(r),
        blocks: vec![
            words(format!(
                "the people who look after {name} have a question before they decide about the account {}:",
                r.username
            )),
            Block::Quote(question.text.as_str().to_owned()),
            words("Answer on this page, which is for you alone:"),
            receipt(r, key, community, "Answer the question"),
            words("An answer to this mail does not reach them."),
        ],
    }
}

pub(super) fn rejected(r: &Registration, reason: &str, community: &Community) -> Letter {
    let name = &community.name;
    let mut blocks = vec![words(format!(
        "thank you for your interest in {name}. The people who look after it have decided not to open the account {}.",
        r.username
    ))];
    if !reason.trim().is_empty() {
        blocks.push(words("They wrote:"));
        blocks.push(Block::Quote(reason.trim().to_owned()));
    }
    blocks.push(words(
        "Nothing of what was set up remains, and the name is free again.",
    ));
    Letter {
        subject: format!("About your registration at {name}"),
        greeting: greeting(r),
        blocks,
    }
}
