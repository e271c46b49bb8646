use std::fmt;

use super::FactorMethod;
use crate::domain::{DisplayName, Organisation, User};

/// What a member is told at the first login after the organisation has changed its preference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FactorNotice {
    /// What the organisation calls itself.
    pub organisation: DisplayName,
    /// What logins ask for from now on.
    pub what: FactorNews,
}

/// How a preference affects a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FactorNews {
    /// A code of the authenticator that the member has.
    Authenticator,
    /// The organisation wants an authenticator and the member has none: a code is mailed.
    NoAuthenticatorYet,
    /// A code that is mailed.
    ByMail,
    /// What the member has chosen.
    OwnChoice,
}

impl FactorNotice {
    /// What is new for the member, if anything is.
    #[must_use]
    pub fn of(organisation: &Organisation, user: &User) -> Option<Self> {
        if user.organisation != Some(organisation.id) || !organisation.has_news_for(user) {
            return None;
        }
        let has_totp = user.access.second_factor.has_totp();
        let what = match organisation.two_factor {
            Some(_) if has_totp => FactorNews::Authenticator,
            Some(FactorMethod::Totp) => FactorNews::NoAuthenticatorYet,
            Some(FactorMethod::Email) => FactorNews::ByMail,
            None => FactorNews::OwnChoice,
        };
        Some(Self {
            organisation: organisation.name.clone(),
            what,
        })
    }
}

impl fmt::Display for FactorNotice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.organisation.as_str();
        match self.what {
            FactorNews::Authenticator => write!(
                f,
                "{name} asks its members for a code at each login: yours is that of your authenticator."
            ),
            FactorNews::NoAuthenticatorYet => write!(
                f,
                "{name} wants its members to log in with an authenticator. You have none yet, so a code is mailed to you at each login; please set one up."
            ),
            FactorNews::ByMail => write!(
                f,
                "{name} asks its members for a code at each login, which is mailed to them."
            ),
            FactorNews::OwnChoice => write!(
                f,
                "{name} no longer decides what logins of its members ask for; what you have chosen counts."
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{at, code_at, key, user};
    use super::super::{SecondFactor, TotpSecret};
    use super::*;
    use crate::domain::{OrganisationId, Slug};

    fn acme() -> Organisation {
        let name = DisplayName::parse("Acme").unwrap();
        let slug = Slug::parse("acme").unwrap();
        Organisation::new(
            OrganisationId::new(uuid::Uuid::from_u128(9)),
            name,
            slug,
            at(0),
        )
    }

    fn confirmed(factor: &mut SecondFactor, id: crate::domain::UserId) {
        let secret = TotpSecret::new([1; 20]);
        factor.set_up(secret.seal(&key(), id, [1; 12]).unwrap(), at(2000));
        let code = code_at(&secret, at(1000));
        factor.confirm(&key(), id, &code, at(1000)).unwrap();
    }

    #[test]
    fn each_is_told_what_the_next_logins_ask_for_and_once_logged_in_nothing_more() {
        use FactorMethod::{Email, Totp};
        let mut acme = acme();
        let mut plain = user();
        plain.organisation = Some(acme.id);
        plain.access.last_login_at = Some(at(100));
        let mut with_totp = plain.clone();
        confirmed(&mut with_totp.access.second_factor, with_totp.id);
        assert_eq!(FactorNotice::of(&acme, &plain), None, "nothing has changed");
        for (n, preference, of_plain, of_totp) in [
            (
                1,
                Some(Totp),
                FactorNews::NoAuthenticatorYet,
                FactorNews::Authenticator,
            ),
            (
                2,
                Some(Email),
                FactorNews::ByMail,
                FactorNews::Authenticator,
            ),
            (3, None, FactorNews::OwnChoice, FactorNews::OwnChoice),
        ] {
            acme.prefer(preference, at(1000 + n));
            for (user, news) in [(&plain, of_plain), (&with_totp, of_totp)] {
                let told = FactorNotice::of(&acme, user).unwrap();
                assert_eq!(told.what, news);
                assert!(told.to_string().starts_with("Acme "));
            }
            let mut back = plain.clone();
            back.access.last_login_at = Some(at(1000 + n));
            assert_eq!(FactorNotice::of(&acme, &back), None);
            let mut elsewhere = plain.clone();
            elsewhere.organisation = None;
            assert_eq!(FactorNotice::of(&acme, &elsewhere), None);
        }
    }

    #[test]
    fn whatever_an_organisation_prefers_there_is_a_way_in() {
        use super::super::{FactorPolicy, second_factor_of};
        let policy = FactorPolicy::default();
        let plain = user();
        for preference in [Some(FactorMethod::Totp), Some(FactorMethod::Email)] {
            let asked = second_factor_of(&plain, &policy, preference);
            assert_eq!(asked, Some(FactorMethod::Email), "{preference:?}");
        }
    }
}
