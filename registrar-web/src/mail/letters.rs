//! The words of each mail.

use jiff::fmt::strtime;

use super::Community;
use crate::domain::{
    FactorChange, Origin, Registration, Timestamp, Verification, VerificationCode, VerificationKey,
};

/// One mail's words, before they become text and HTML.
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) greeting: String,
    pub(super) blocks: Vec<Block>,
}

/// A part of a mail.
pub(super) enum Block {
    /// Running words.
    Words(String),
    /// An address to open; what the button says.
    Link { url: String, label: &'static str },
    /// Something to type, exactly so.
    Exact(String),
    /// Someone else's words.
    Quote(String),
}

pub(super) fn words(text: impl Into<String>) -> Block {
    Block::Words(text.into())
}

pub(super) fn verify_email(
    r: &Registration,
    verification: &Verification,
    key: &VerificationKey,
    community: &Community,
) -> Letter {
    let Community {
        name, public_url, ..
    } = community;
    let token = verification.token(key, r.id);
    let code = verification.code(key, r.id);
    let (first, second) = code.expose().split_at_checked(3).unwrap_or_default();
    Letter {
        subject: format!("Verify your address for {name}"),
        greeting: greeting(r),
        blocks: vec![
            words(format!(
                "you asked for the account {} at {name}. To finish, open this page and press the button on it:",
                r.username
            )),
            Block::Link {
                url: format!("{public_url}/verify-email?token={}", token.expose()),
                label: "Verify this address",
            },
            words("Or type this code where you signed up:"),
            Block::Exact(format!("{first} {second}")),
            words(format!(
                "Link and code work once, for {}, until {}.",
                duration(verification.issued_at, verification.expires_at),
                day_and_hour(verification.expires_at),
            )),
            words(
                "If it was not you, you need not do anything: without the link or the code the account is never opened, and the request lapses after that time.",
            ),
        ],
    }
}

pub(super) fn already_member(r: &Registration, community: &Community) -> Letter {
    let Community {
        name, public_url, ..
    } = community;
    Letter {
        subject: format!("You already have an account at {name}"),
        greeting: "Hello,".into(),
        blocks: vec![
            words(format!(
                "someone asked for the account {} at {name} with this address, but an account with it exists already. No second one was made.",
                r.username
            )),
            words("If it was you, use the account that you have:"),
            Block::Link {
                url: format!("{public_url}/"),
                label: "To the home page",
            },
            words(
                "If it was not you, you need not do anything. Your account has not been touched, and the person who asked was not told that it exists.",
            ),
        ],
    }
}

pub(super) fn session_revoked(
    r: &Registration,
    began: &Origin,
    reused: &Origin,
    community: &Community,
) -> Letter {
    let name = &community.name;
    Letter {
        subject: format!("A session of yours at {name} was ended"),
        greeting: greeting(r),
        blocks: vec![
            words(format!(
                "a key that keeps you logged in to the account {} at {name} was used a second time. Each one is used once, so someone else may have had it. The session that it belongs to was ended; nobody is logged in with it any more.",
                r.username
            )),
            words("The session was begun:"),
            Block::Exact(origin(began)),
            words("The key came back:"),
            Block::Exact(origin(reused)),
            words(
                "If that was you, perhaps with a backup or a copied profile of your program, just log in again. If it was not, log in, end the sessions that you do not know, and change your password.",
            ),
        ],
    }
}

pub(super) fn login_code(
    r: &Registration,
    code: &VerificationCode,
    expires_at: Timestamp,
    from: &Origin,
    community: &Community,
) -> Letter {
    let name = &community.name;
    let (first, second) = code.expose().split_at_checked(3).unwrap_or_default();
    Letter {
        subject: format!("Your code to log in to {name}"),
        greeting: greeting(r),
        blocks: vec![
            words(format!(
                "someone is logging in to the account {} at {name} with the right password. To finish, type this code where it is asked for:",
                r.username
            )),
            Block::Exact(format!("{first} {second}")),
            words(format!(
                "It works once, for {}, until {}. The login came:",
                duration(from.at, expires_at),
                day_and_hour(expires_at),
            )),
            Block::Exact(origin(from)),
            words(format!(
                "If it was not you, someone has your password: tell nobody the code, log in, and change the password. Nobody from {name} will ever ask you for a code."
            )),
        ],
    }
}

pub(super) fn second_factor_changed(
    r: &Registration,
    change: FactorChange,
    from: &Origin,
    community: &Community,
) -> Letter {
    let name = &community.name;
    let what = match change {
        FactorChange::TotpOn => {
            "an authenticator was set up. From now on a login asks for a code of it after the password."
        }
        FactorChange::TotpOff => {
            "the authenticator was switched off. Logins do not ask for a code of it any more."
        }
        FactorChange::EmailOn => {
            "codes by mail were switched on. From now on a login asks for a code that is mailed to this address."
        }
        FactorChange::EmailOff => "codes by mail were switched off.",
        FactorChange::NewRecoveryCodes => {
            "new recovery codes were made. The old ones do not work any more."
        }
        FactorChange::Reset => {
            "an admin has switched off what a login asked for after the password, and ended all sessions. Recovery codes do not work any more."
        }
        FactorChange::WrongCodes => {
            "someone gave the right password and then wrong codes, so often that no more are taken for a while. Nobody was let in."
        }
        FactorChange::RecoveryCodeUsed => {
            "one of the recovery codes was used in place of the usual code. It does not work a second time."
        }
    };
    Letter {
        subject: match change {
            FactorChange::RecoveryCodeUsed => {
                format!("A recovery code of yours at {name} was used")
            }
            FactorChange::WrongCodes => format!("Someone may know your password at {name}"),
            _ => format!("How you log in to {name} was changed"),
        },
        greeting: greeting(r),
        blocks: vec![
            words(format!("at your account {} at {name}, {what}", r.username)),
            words("That was done:"),
            Block::Exact(origin(from)),
            words(
                "If it was you, you need not do anything. If it was not, log in, change your password, and end the sessions that you do not know; if you can't log in, ask the admins.",
            ),
        ],
    }
}

pub(super) fn origin(origin: &Origin) -> String {
    // What a program calls itself is chosen by who sends it: nothing to be made a link of.
    let device = origin.device.as_str();
    let device = if device.is_empty() || looks_like_link(device) {
        String::new()
    } else {
        format!(", {device}")
    };
    format!(
        "{} from {}{device}",
        day_and_hour(origin.at),
        origin.address
    )
}

/// By the name that the person gave. Who signs up can enter anyone's address, so a name that a
/// mail program would show as a link is an advertisement to a stranger: then the account's name.
pub(super) fn greeting(r: &Registration) -> String {
    let name = r.display_name.as_str();
    if looks_like_link(name) {
        format!("Hello {},", r.username)
    } else {
        format!("Hello {name},")
    }
}

/// Whether a mail program may make a link of part of it.
pub(super) fn looks_like_link(name: &str) -> bool {
    name.contains("://")
        || name.split_whitespace().any(|word| {
            word.to_lowercase().starts_with("www.")
                || word
                    .split_once('@')
                    .is_some_and(|(_, host)| host.contains('.'))
                || word.split(['/', ':', '?']).next().is_some_and(|host| {
                    host.rsplit_once('.').is_some_and(|(head, top)| {
                        !head.is_empty()
                            && top.chars().count() >= 2
                            && top.chars().all(char::is_alphanumeric)
                            && !top.chars().all(|c| c.is_ascii_digit())
                    })
                })
        })
}

pub(super) fn duration(from: Timestamp, to: Timestamp) -> String {
    let minutes = to.duration_since(from).as_mins().max(1);
    let (count, unit) = match minutes {
        m if m % 60 == 0 => (m / 60, "hour"),
        m if m > 180 => (m / 60, "hour"),
        m => (m, "minute"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

pub(super) fn day_and_hour(at: Timestamp) -> String {
    strtime::format("%-d %B %Y, %H:%M UTC", at).unwrap_or_else(|_| at.to_string())
}
