use serde::{Deserialize, Serialize};

use super::lookalike::looks_like_domain;
use crate::domain::{Email, MailDomain};

/// What speaks for a closer look at an application. None of it decides anything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "warning", rename_all = "kebab-case")]
pub enum Warning {
    /// The name may be taken for a reserved one.
    LooksReserved {
        /// Which.
        name: String,
    },
    /// The name may be taken for a member's.
    LooksLikeMember {
        /// Whose.
        name: String,
    },
    /// The address is at a provider of throw-away ones.
    DisposableDomain {
        /// Which.
        domain: String,
    },
    /// The address's domain may be taken for another: a slip, or bad intent.
    LookAlikeDomain {
        /// Which it may be taken for.
        known: String,
    },
    /// The address's domain is written in other letters than ASCII.
    InternationalDomain {
        /// As it goes over the wire.
        domain: String,
    },
    /// Others have applied from the same client address within a day.
    SameClient {
        /// How many before.
        others: u32,
    },
}

impl Warning {
    /// A stable word for it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::LooksReserved { .. } => "looks-reserved",
            Self::LooksLikeMember { .. } => "looks-like-member",
            Self::DisposableDomain { .. } => "disposable-domain",
            Self::LookAlikeDomain { .. } => "look-alike-domain",
            Self::InternationalDomain { .. } => "international-domain",
            Self::SameClient { .. } => "same-client",
        }
    }

    /// Whether it is about the mail address.
    #[must_use]
    pub fn is_about_address(&self) -> bool {
        matches!(
            self,
            Self::DisposableDomain { .. }
                | Self::LookAlikeDomain { .. }
                | Self::InternationalDomain { .. }
        )
    }

    /// In words, for reviewers.
    #[must_use]
    pub fn message(&self) -> String {
        match self {
            Self::LooksReserved { name } => {
                format!("The name looks like the reserved name {name}.")
            }
            Self::LooksLikeMember { name } => {
                format!("The name looks like that of the member {name}.")
            }
            Self::DisposableDomain { domain } => {
                format!("{domain} gives out throw-away addresses.")
            }
            Self::LookAlikeDomain { known } => {
                format!("The address looks as if it were at {known}, and is not.")
            }
            Self::InternationalDomain { domain } => format!(
                "The domain of the address is not written in ASCII letters ({domain}); look twice what it is."
            ),
            Self::SameClient { others: 1 } => {
                "Someone else applied from the same client address within a day.".into()
            }
            Self::SameClient { others } => {
                format!("{others} others applied from the same client address within a day.")
            }
        }
    }
}

/// What addresses are judged by for reviewers.
#[derive(Clone, Debug, Default)]
pub struct DomainLists {
    /// Of throw-away addresses; their subdomains too.
    pub disposable: Vec<MailDomain>,
    /// Those that others are made to look like.
    pub known: Vec<MailDomain>,
}

impl DomainLists {
    /// What speaks for a closer look at an address.
    #[must_use]
    pub fn warnings(&self, email: &Email) -> Vec<Warning> {
        let domain = email.domain();
        let mut warnings = Vec::new();
        if self.disposable.iter().any(|d| domain.is_within(d)) {
            warnings.push(Warning::DisposableDomain {
                domain: domain.as_str().to_owned(),
            });
        }
        let is_known = self.known.iter().any(|k| domain.is_within(k));
        let alike = |k: &&MailDomain| looks_like_domain(domain.as_str(), k.as_str());
        if let Some(known) = self.known.iter().filter(|_| !is_known).find(alike) {
            warnings.push(Warning::LookAlikeDomain {
                known: known.as_str().to_owned(),
            });
        }
        if domain.as_str().split('.').any(|l| l.starts_with("xn--")) {
            warnings.push(Warning::InternationalDomain {
                domain: domain.as_str().to_owned(),
            });
        }
        warnings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(email: &str) -> Vec<&'static str> {
        let domains = |all: &[&str]| all.iter().map(|d| MailDomain::parse(d).unwrap()).collect();
        let lists = DomainLists {
            disposable: domains(&["throwaway.example"]),
            known: domains(&["gmail.com", "mail.com"]),
        };
        let found = lists.warnings(&Email::parse(email).unwrap());
        found.iter().map(Warning::code).collect()
    }

    #[test]
    fn domains_are_compared_by_labels_and_known_ones_are_left_alone() {
        assert_eq!(codes("a@throwaway.example"), ["disposable-domain"]);
        assert_eq!(codes("a@x.throwaway.example"), ["disposable-domain"]);
        assert!(codes("a@notthrowaway.example").is_empty());
        assert_eq!(codes("a@gmial.com"), ["look-alike-domain"]);
        assert!(codes("a@mail.com").is_empty(), "known itself");
        assert_eq!(codes("a@gmаil.com"), ["international-domain"]);
    }
}
