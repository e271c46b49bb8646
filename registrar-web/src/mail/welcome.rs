//! The letter to someone of whom it was shown that they get in and can read mail.

use super::Community;
use super::letters::{Block, Letter, greeting, words};
use crate::domain::Registration;

/// How to get in, as the page of the account says it (`locales/en/account.ftl`).
pub(super) fn welcome(r: &Registration, community: &Community) -> Letter {
    let Community {
        name,
        domain,
        public_url,
        way_in,
    } = community;
    let (user, domain) = (r.username.as_str(), domain.as_str());
    let mut blocks = vec![
        words(format!(
            "your account at {name} is ready; we have tried it. On your own computer, type this in a terminal:"
        )),
        Block::Exact(way_in.ssh_line(user)),
    ];
    if !way_in.host_keys.is_empty() {
        blocks.push(words(
            "The first time, ssh asks whether it is talking to the right host. It is, if the fingerprint that it shows is one of these:",
        ));
        let keys = way_in.host_keys.iter();
        blocks.extend(keys.map(|key| Block::Exact(format!("{} {}", key.kind, key.fingerprint))));
    }
    if r.ssh_keys.is_empty() {
        blocks.push(words(
            "You have no SSH key here yet, so you log in by password. You can add a key on the page of your account.",
        ));
    }
    blocks.extend([
        words(format!(
            "Your mail address is {user}@{domain}. A first message waits for you there. To read and write mail, log in and type:"
        )),
        Block::Exact("neomutt".into()),
        words(
            "It is set up. Another mail program on the host finds your mail in the Maildir ~/Maildir, and sends through /usr/sbin/sendmail.",
        ),
        words(match way_in.web_address(user) {
            Some(_) => "What you put into ~/public is for everyone to read. It is served here:",
            None => "What you put into ~/public is for everyone to read.",
        }),
    ]);
    blocks.extend(way_in.web_address(user).map(|url| Block::Link {
        url,
        label: "Your web pages",
    }));
    blocks.extend([
        words("Keys, password, and all this once more:"),
        Block::Link {
            url: format!("{public_url}/account"),
            label: "Your account",
        },
        words(format!(
            "Something does not work, or you are lost? Write to postmaster@{domain}: people read that. Have a look around, and be kind to your neighbours."
        )),
    ]);
    Letter {
        subject: format!("Welcome to {name}"),
        greeting: greeting(r),
        blocks,
    }
}
