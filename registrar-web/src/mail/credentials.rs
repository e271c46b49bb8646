//! The words of mails about passwords and keys.

use super::Community;
use super::letters::{Block, Letter, day_and_hour, duration, greeting, origin, words};
use crate::domain::{CredentialChange, Origin, Registration, Verification, VerificationKey};

pub(super) fn reset_password(
    r: &Registration,
    proof: &Verification,
    from: &Origin,
    key: &VerificationKey,
    community: &Community,
) -> Letter {
    let Community {
        name, public_url, ..
    } = community;
    let token = proof.token(key, r.id);
    let code = proof.code(key, r.id);
    let (first, second) = code.expose().split_at_checked(3).unwrap_or_default();
    Letter {
        subject: format!("Choose a new password for {name}"),
        greeting: greeting(r),
        blocks: vec![
            words(format!(
                "someone, perhaps you, has forgotten the password of the account {} at {name}. To choose a new one, open this page:",
                r.username
            )),
            Block::Link {
                url: format!("{public_url}/recover?token={}", token.expose()),
                label: "Choose a new password",
            },
            words("Or type this code where you asked for this mail:"),
            Block::Exact(format!("{first} {second}")),
            words(format!(
                "Link and code work once, for {}, until {}. The mail was asked for:",
                duration(proof.issued_at, proof.expires_at),
                day_and_hour(proof.expires_at),
            )),
            Block::Exact(origin(from)),
            words(
                "If it was not you, you need not do anything: your password is as it was, and nobody was told whether the account exists. Pass neither link nor code on to anyone.",
            ),
        ],
    }
}

pub(super) fn credential_changed(
    r: &Registration,
    what: &CredentialChange,
    from: &Origin,
    community: &Community,
) -> Letter {
    let name = &community.name;
    let user = &r.username;
    let (subject, done, key) = match what {
        CredentialChange::Password => (
            format!("Your password at {name} was changed"),
            format!(
                "the password of your account {user} at {name} was changed, by someone who knew the old one. All other sessions were ended."
            ),
            None,
        ),
        CredentialChange::PasswordReset => (
            format!("Your password at {name} was changed"),
            format!(
                "a new password was chosen for your account {user} at {name}, with the link or code that was sent to this address. All sessions were ended."
            ),
            None,
        ),
        CredentialChange::SshKeyAdded { fingerprint } => (
            format!("An SSH key was added at {name}"),
            format!("this SSH key can log in to your account {user} at {name} from now on:"),
            Some(fingerprint),
        ),
        CredentialChange::SshKeyRemoved { fingerprint } => (
            format!("An SSH key was removed at {name}"),
            format!("this SSH key is not kept for your account {user} at {name} any more:"),
            Some(fingerprint),
        ),
    };
    let mut blocks = vec![words(done)];
    blocks.extend(key.map(|fingerprint| Block::Exact(fingerprint.clone())));
    blocks.push(words("That was done:"));
    blocks.push(Block::Exact(origin(from)));
    blocks.push(words(
        "If it was you, you need not do anything. If it was not, choose a new password at once, remove the keys that you do not know, and tell the admins.",
    ));
    Letter {
        subject,
        greeting: greeting(r),
        blocks,
    }
}
