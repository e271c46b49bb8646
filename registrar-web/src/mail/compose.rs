use askama::Template;

use super::Community;
use super::credentials;
use super::invitations;
use super::letters::{self, Block, Letter};
use super::reviews;
use super::welcome::welcome;
use crate::domain::{
    DisplayName, Invite, MailJob, MailKind, Registration, User, VerificationKey, login_code,
};
use crate::ports::Message;

/// The widest line of plain text (RFC 3676 recommends 78 at most).
const WIDTH: usize = 72;

/// Why a mail can't be made.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The registration has no proof of address under way.
    #[error("the registration has no address to verify")]
    NothingToVerify,
    /// The registration has no such question.
    #[error("the registration has no question of that number")]
    NothingAsked,
    /// The invite's token is not one of this service's key.
    #[error("the invite's link can't be made any more; make another invite")]
    NoLink,
    /// A template failed.
    #[error("the text can't be made: {0}")]
    Template(#[from] askama::Error),
}

#[derive(Template)]
#[template(path = "mail/letter.txt")]
struct Text<'a> {
    greeting: String,
    blocks: &'a [Block],
    community: &'a Community,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    subject: &'a str,
    greeting: &'a str,
    blocks: &'a [Block],
    community: &'a Community,
}

/// Makes a mail of the job, as plain text and as HTML from the same words. The same job makes the
/// same mail, token and code included, however often it is made.
///
/// # Errors
/// [`ComposeError::NothingToVerify`] for a verification without a proof.
pub fn compose(
    job: &MailJob,
    registration: &Registration,
    key: &VerificationKey,
    community: &Community,
) -> Result<Message, ComposeError> {
    let letter = match &job.kind {
        MailKind::VerifyEmail => {
            let proof = registration
                .verification
                .as_ref()
                .ok_or(ComposeError::NothingToVerify)?;
            letters::verify_email(registration, proof, key, community)
        }
        MailKind::AlreadyMember => letters::already_member(registration, community),
        MailKind::Welcome => welcome(registration, community),
        MailKind::Approved => reviews::approved(registration, key, community),
        MailKind::Question { number } => {
            let question = registration.case.questions.get(*number);
            let question = question.ok_or(ComposeError::NothingAsked)?;
            reviews::question(registration, question, key, community)
        }
        MailKind::Rejected { reason } => reviews::rejected(registration, reason, community),
        MailKind::SessionRevoked { began, reused } => {
            letters::session_revoked(registration, began, reused, community)
        }
        MailKind::ResetPassword { proof, from } => {
            credentials::reset_password(registration, proof, from, key, community)
        }
        MailKind::CredentialChanged { what, from } => {
            credentials::credential_changed(registration, what, from, community)
        }
        // See `compose_invite`.
        MailKind::Invite => return Err(ComposeError::NoLink),
        MailKind::InviteAccepted { guest } => invitations::accepted(registration, guest, community),
        MailKind::LoginCode {
            challenge,
            expires_at,
            from,
        } => {
            let code = login_code(key, *challenge);
            letters::login_code(registration, &code, *expires_at, from, community)
        }
        MailKind::SecondFactorChanged { change, from } => {
            letters::second_factor_changed(registration, *change, from, community)
        }
    };
    let shown = !matches!(job.kind, MailKind::AlreadyMember)
        && !letters::looks_like_link(registration.display_name.as_str());
    let to_name = shown.then(|| registration.display_name.clone());
    write(job, letter, to_name, community)
}

/// Makes the mail to someone who is invited.
///
/// # Errors
/// [`ComposeError::NoLink`] where the service's key is another one than when the invite was made.
pub fn compose_invite(
    job: &MailJob,
    invite: &Invite,
    inviter: Option<&User>,
    key: &VerificationKey,
    community: &Community,
) -> Result<Message, ComposeError> {
    let token = invite.token(key).ok_or(ComposeError::NoLink)?;
    let letter = invitations::invitation(invite, inviter, &token, community);
    write(job, letter, None, community)
}

fn write(
    job: &MailJob,
    letter: Letter,
    to_name: Option<DisplayName>,
    community: &Community,
) -> Result<Message, ComposeError> {
    let Letter {
        subject,
        greeting,
        blocks,
    } = letter;
    let text = Text {
        greeting: wrap(&greeting),
        blocks: &blocks,
        community,
    }
    .render()?;
    let html = Html {
        subject: &subject,
        greeting: &greeting,
        blocks: &blocks,
        community,
    }
    .render()?;
    Ok(Message {
        id: job.id,
        to: job.to.clone(),
        to_name,
        subject,
        text,
        html,
    })
}

/// Breaks running words into lines.
fn wrap(words: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in words.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += width;
    }
    text
}

/// Marks someone else's words, line by line.
fn quote(words: &str) -> String {
    let line = |l: &str| wrap(l).replace('\n', "\n> ");
    words
        .lines()
        .map(|l| format!("> {}", line(l)).trim_end().to_owned())
        .collect::<Vec<_>>()
        .join("\n")
}
