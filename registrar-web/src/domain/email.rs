use std::fmt;

use serde::{Deserialize, Serialize};

/// A mail domain: ASCII, lower case, IDNA-encoded where it was not ASCII (RFC 5891).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailDomain(String);

/// A mail address that mail can be sent to over SMTP without SMTPUTF8: a dot-atom local part
/// (RFC 5321, no quoted strings) and a domain name with at least one dot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    local: String,
    domain: MailDomain,
}

/// Why a text is not an [`Email`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing there.
    #[error("write the address that the verification mail should go to")]
    Empty,
    /// No `@`, or nothing on one side of it.
    #[error("an address has the form name@example.org")]
    NoAt,
    /// Longer than RFC 5321 allows (64 before the `@`, 254 in all).
    #[error("an address has at most 254 characters, 64 of them before the @")]
    TooLong,
    /// A control character, white space, quote or other character outside a dot-atom.
    #[error("the part before the @ has a character that is not taken here")]
    BadLocal,
    /// The domain is no domain name.
    #[error("the part behind the @ is no domain name such as example.org")]
    BadDomain,
}

impl EmailError {
    /// A stable word for the rule, for wire codes.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::NoAt => "no-at",
            Self::TooLong => "too-long",
            Self::BadLocal => "bad-local-part",
            Self::BadDomain => "bad-domain",
        }
    }
}

impl MailDomain {
    /// Parses a domain name; Unicode names become their IDNA form.
    ///
    /// # Errors
    /// [`EmailError::BadDomain`].
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let bad = || EmailError::BadDomain;
        // Characters that IDNA mapping would quietly turn into something else.
        if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(bad());
        }
        let ascii = idna::domain_to_ascii_strict(text).map_err(|_| bad())?;
        let labels: Vec<&str> = ascii.split('.').collect();
        let good = labels.len() >= 2
            && ascii.len() <= 253
            && labels.iter().all(|l| {
                (1..=63).contains(&l.len())
                    && !l.starts_with('-')
                    && !l.ends_with('-')
                    && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            })
            // An all-numeric last label is an IP address.
            && labels.last().is_some_and(|l| !l.bytes().all(|b| b.is_ascii_digit()));
        good.then_some(Self(ascii)).ok_or_else(bad)
    }

    /// The ASCII form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is that domain or a subdomain of it, by labels.
    #[must_use]
    pub fn is_within(&self, parent: &Self) -> bool {
        self == parent
            || self
                .0
                .strip_suffix(&parent.0)
                .is_some_and(|head| head.ends_with('.'))
    }
}

impl TryFrom<String> for MailDomain {
    type Error = EmailError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<MailDomain> for String {
    fn from(domain: MailDomain) -> Self {
        domain.0
    }
}

impl Email {
    /// Parses an address; white space around it is dropped.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim_matches([' ', '\t']);
        if text.is_empty() {
            return Err(EmailError::Empty);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(EmailError::NoAt)?;
        if local.is_empty() || domain.is_empty() {
            return Err(EmailError::NoAt);
        }
        if local.len() > 64 {
            return Err(EmailError::TooLong);
        }
        let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
        if !local
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(atom))
        {
            return Err(EmailError::BadLocal);
        }
        let domain = MailDomain::parse(domain)?;
        if local.len() + 1 + domain.0.len() > 254 {
            return Err(EmailError::TooLong);
        }
        Ok(Self {
            local: local.to_owned(),
            domain,
        })
    }

    /// The domain.
    #[must_use]
    pub fn domain(&self) -> &MailDomain {
        &self.domain
    }

    /// The form under which an address is unique: local part in lower case. RFC 5321 lets the
    /// receiving host tell case apart; none does, and two accounts must not share a mailbox.
    #[must_use]
    pub fn unique_key(&self) -> String {
        format!("{}@{}", self.local.to_lowercase(), self.domain.0)
    }

    /// The mailbox as far as a sender can tell: [`unique_key`](Self::unique_key) without the detail
    /// of a subaddress (RFC 5233), so that `ada+1@` and `ada+2@` are counted as one.
    #[must_use]
    pub fn mailbox_key(&self) -> String {
        let local = self.local.to_lowercase();
        let user = local.split('+').next().filter(|user| !user.is_empty());
        format!("{}@{}", user.unwrap_or(&local), self.domain.0)
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain.0)
    }
}

/// Shows the first letter and the domain: enough to debug with, not enough to write to.
impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}…@{}",
            self.local.chars().next().unwrap_or('?'),
            self.domain.0
        )
    }
}

impl TryFrom<String> for Email {
    type Error = EmailError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn header_injection_quotes_and_nonsense_are_refused() {
        use EmailError::*;
        for (text, want) in [
            ("", Empty),
            ("ada", NoAt),
            ("@example.org", NoAt),
            ("ada@", NoAt),
            ("ada@example.org\r\nBcc: x@example.org", BadLocal),
            ("ada\r\n@example.org", BadLocal),
            ("\"a b\"@example.org", BadLocal),
            ("a b@example.org", BadLocal),
            ("a..b@example.org", BadLocal),
            (".a@example.org", BadLocal),
            ("<ada>@example.org", BadLocal),
            ("adä@example.org", BadLocal),
            ("ada@localhost", BadDomain),
            ("ada@127.0.0.1", BadDomain),
            ("ada@[127.0.0.1]", BadDomain),
            ("ada@exa mple.org", BadDomain),
            ("ada@example.org\n", BadDomain),
            ("ada@-example.org", BadDomain),
            ("ada@example..org", BadDomain),
        ] {
            assert_eq!(Email::parse(text), Err(want), "{text:?}");
        }
        assert_eq!(
            Email::parse(&format!("{}@example.org", "a".repeat(65))),
            Err(TooLong)
        );
    }

    #[test]
    fn international_domains_become_their_ascii_form() {
        let email = Email::parse("ada@Bücher.example").unwrap();
        assert_eq!(email.to_string(), "ada@xn--bcher-kva.example");
        assert_eq!(
            Email::parse("Ada@EXAMPLE.org").unwrap().unique_key(),
            "ada@example.org"
        );
    }

    #[test]
    fn subaddresses_are_one_mailbox_and_several_addresses() {
        let of = |text| Email::parse(text).unwrap();
        let (one, two) = (of("Ada+1@example.org"), of("ada+2@example.org"));
        assert_ne!(one.unique_key(), two.unique_key());
        assert_eq!(one.mailbox_key(), two.mailbox_key());
        assert_ne!(one.mailbox_key(), of("bob@example.org").mailbox_key());
        assert_eq!(of("+x@example.org").mailbox_key(), "+x@example.org");
    }

    #[test]
    fn domains_are_compared_by_labels() {
        let of = |s| MailDomain::parse(s).unwrap();
        assert!(of("mail.example.org").is_within(&of("example.org")));
        assert!(!of("notexample.org").is_within(&of("example.org")));
    }

    proptest! {
        #[test]
        fn what_parses_has_one_at_and_no_control(text in ".{0,30}@.{0,30}|[a-z.]{1,9}@[a-z.-]{1,12}") {
            if let Ok(email) = Email::parse(&text) {
                let s = email.to_string();
                prop_assert_eq!(s.matches('@').count(), 1);
                prop_assert!(s.is_ascii() && !s.chars().any(|c| c.is_control() || c.is_whitespace()));
                prop_assert_eq!(Email::parse(&s), Ok(email));
            }
        }
    }
}
