use serde::Deserialize;

use super::{Seconds, SettingError};
use crate::domain::{MailDomain, Remark};

/// How applications are reviewed.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReviewSettings {
    /// How long a reviewer's claim on an application lasts.
    pub claim_ttl: Seconds,
    /// Reasons for a rejection that reviewers choose from; they may write their own as well.
    pub reject_reasons: Vec<String>,
    /// Domains of throw-away addresses, of which reviewers are warned.
    pub disposable_domains: Vec<MailDomain>,
    /// Domains that others are made to look like, of which reviewers are warned.
    pub known_domains: Vec<MailDomain>,
}

impl Default for ReviewSettings {
    fn default() -> Self {
        let domains = |all: &[&str]| {
            let parsed = all.iter().map(|d| MailDomain::parse(d));
            parsed.filter_map(Result::ok).collect()
        };
        Self {
            claim_ttl: Seconds::of(15 * 60),
            reject_reasons: vec![
                "We have no room for more members at the moment.".into(),
                "We could not tell from your words why you would like to join. You are welcome to apply again with a few more.".into(),
                "This host is for people of its own community.".into(),
            ],
            disposable_domains: domains(&[
                "10minutemail.com",
                "dispostable.com",
                "getnada.com",
                "guerrillamail.com",
                "maildrop.cc",
                "mailinator.com",
                "mohmal.com",
                "sharklasers.com",
                "temp-mail.org",
                "tempmail.com",
                "throwawaymail.com",
                "trashmail.com",
                "yopmail.com",
            ]),
            known_domains: domains(&[
                "disroot.org",
                "fastmail.com",
                "gmail.com",
                "gmx.de",
                "gmx.net",
                "googlemail.com",
                "hotmail.com",
                "icloud.com",
                "mail.com",
                "mailbox.org",
                "outlook.com",
                "posteo.de",
                "proton.me",
                "protonmail.com",
                "riseup.net",
                "web.de",
                "yahoo.com",
            ]),
        }
    }
}

impl ReviewSettings {
    pub(super) fn check(&self) -> Result<(), SettingError> {
        for reason in &self.reject_reasons {
            if let Err(error) = Remark::parse(reason) {
                return Err(SettingError {
                    key: "review.reject_reasons",
                    message: format!("one of them is not taken: {error}"),
                });
            }
        }
        Ok(())
    }
}
