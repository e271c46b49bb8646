//! The words of mails about invites.

use super::Community;
use super::letters::{Block, Letter, day_and_hour, greeting, looks_like_link, words};
use crate::domain::{Invite, Registration, Role, User, Username, VerificationToken};

/// To who is invited. It goes to someone who did not ask for it, so what the inviter wrote is shown
/// only where no mail program makes a link of it.
pub(super) fn invitation(
    invite: &Invite,
    inviter: Option<&User>,
    token: &VerificationToken,
    community: &Community,
) -> Letter {
    let Community {
        name, public_url, ..
    } = community;
    let who = match inviter {
        Some(user) if looks_like_link(user.display_name.as_str()) => user.username.to_string(),
        Some(user) => format!("{} ({})", user.display_name, user.username),
        None => format!("the people who look after {name}"),
    };
    let verb = if inviter.is_some() {
        "invites"
    } else {
        "invite"
    };
    let mut blocks = vec![words(format!(
        "{who} {verb} you to {name}, a host that its members share{}.",
        post(invite.terms.role)
    ))];
    if let Some(note) = &invite.terms.note
        && !looks_like_link(note.as_str())
    {
        blocks.push(words("They write:"));
        blocks.push(Block::Quote(note.as_str().to_owned()));
    }
    blocks.push(words("To accept, open this page and sign up there:"));
    blocks.push(Block::Link {
        url: format!("{public_url}/signup?invite={}", token.expose()),
        label: "Sign up",
    });
    blocks.push(words(format!(
        "The invite is for this address alone and works once, until {}. If you do not want it, you need not do anything; nobody gets your address from us.",
        day_and_hour(invite.expires_at)
    )));
    Letter {
        subject: format!("You are invited to {name}"),
        greeting: "Hello,".into(),
        blocks,
    }
}

fn post(role: Role) -> &'static str {
    match role {
        Role::SuperAdmin | Role::SiteAdmin => ", as one of its site admins",
        Role::Operator => ", as one of its operators",
        Role::ClientAdmin => ", as the admin of an organisation",
        Role::ClientUser => "",
    }
}

/// To who made the invite.
pub(super) fn accepted(r: &Registration, guest: &Username, community: &Community) -> Letter {
    let name = &community.name;
    Letter {
        subject: format!("{guest} has accepted your invite to {name}"),
        greeting: greeting(r),
        blocks: vec![words(format!(
            "the person whom you invited to {name} has joined: the account {guest} works now. You are named as the one who brought them in, so help them to find their way."
        ))],
    }
}
