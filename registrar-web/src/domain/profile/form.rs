use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;

use super::texts;
use super::{Bio, Country, Link, PersonName, Profile, TextError};
use crate::domain::DisplayName;
use crate::domain::signup::{FieldError, FieldErrors, wrong};

/// A field that a host may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[allow(missing_docs, reason = "the words are those of the HTTP contract")]
pub enum ProfileField {
    FirstName,
    LastName,
    Country,
    BirthDate,
    SimFrequency,
}

impl ProfileField {
    /// Its name in the JSON body.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FirstName => "firstName",
            Self::LastName => "lastName",
            Self::Country => "country",
            Self::BirthDate => "birthDate",
            Self::SimFrequency => "simFrequency",
        }
    }
}

/// What the host asks of a profile.
#[derive(Clone, Debug)]
pub struct ProfileRules {
    /// Fields that must be there.
    pub required: Vec<ProfileField>,
    /// Years; younger people can't have an account.
    pub minimum_age: u8,
    /// The date of now (UTC), which ages are counted to.
    pub today: Date,
}

/// A profile as it was sent, unjudged.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[allow(missing_docs, reason = "the fields are those of the HTTP contract")]
pub struct ProfileForm {
    #[serde(default)]
    pub first_name: Option<String>,
    #[serde(default)]
    pub last_name: Option<String>,
    #[serde(default)]
    pub country: Option<String>,
    #[serde(default)]
    pub birth_date: Option<String>,
    #[serde(default)]
    pub sim_frequency: Option<serde_json::Value>,
    #[serde(default)]
    pub bio: Option<String>,
    #[serde(default)]
    pub links: Vec<String>,
    /// Only changed where it is given.
    #[serde(default)]
    pub display_name: Option<String>,
}

impl ProfileForm {
    /// Judges all but the display name; notes what is wrong. The result is of use only where
    /// nothing was noted.
    pub(in crate::domain) fn judge(
        self,
        rules: &ProfileRules,
        errors: &mut FieldErrors,
    ) -> Profile {
        let profile = Profile {
            first_name: keep(errors, "firstName", self.first_name, PersonName::parse),
            last_name: keep(errors, "lastName", self.last_name, PersonName::parse),
            country: errors.keep(judge_country(self.country)).flatten(),
            birth_date: errors.keep(judge_date(self.birth_date, rules)).flatten(),
            reason: None,
            sim_frequency: errors.keep(judge_frequency(self.sim_frequency)).flatten(),
            bio: keep(errors, "bio", self.bio, Bio::parse),
            links: errors.keep(judge_links(&self.links)).unwrap_or_default(),
        };
        for field in &rules.required {
            let is_there = match field {
                ProfileField::FirstName => profile.first_name.is_some(),
                ProfileField::LastName => profile.last_name.is_some(),
                ProfileField::Country => profile.country.is_some(),
                ProfileField::BirthDate => profile.birth_date.is_some(),
                ProfileField::SimFrequency => profile.sim_frequency.is_some(),
            };
            let name = field.name();
            if !is_there && !errors.0.iter().any(|e| e.field == name) {
                errors.add(name, "required", "this community asks for it");
            }
        }
        profile
    }

    /// Judges a profile that is to replace another, and the name where one is given.
    ///
    /// # Errors
    /// Each field that breaks a rule.
    pub fn parse(
        mut self,
        rules: &ProfileRules,
    ) -> Result<(Option<DisplayName>, Profile), FieldErrors> {
        let mut errors = FieldErrors::default();
        let name = self.display_name.take();
        let name =
            name.map(|n| DisplayName::parse(&n).map_err(|e| wrong("displayName", e.code(), e)));
        let name = errors.keep(name.transpose()).flatten();
        let profile = self.judge(rules, &mut errors);
        if errors.0.is_empty() {
            Ok((name, profile))
        } else {
            Err(errors)
        }
    }
}

fn told(text: Option<String>) -> Option<String> {
    text.filter(|t| !t.trim().is_empty())
}

fn keep<T>(
    errors: &mut FieldErrors,
    field: &'static str,
    text: Option<String>,
    parse: impl Fn(&str) -> Result<T, TextError>,
) -> Option<T> {
    let parsed = told(text).map(|t| parse(&t).map_err(|e| wrong(field, e.code(), e)));
    errors.keep(parsed.transpose()).flatten()
}

/// One line, if anything was written.
fn line(
    field: &'static str,
    text: Option<String>,
    most: usize,
) -> Result<Option<String>, FieldError> {
    let parsed = told(text).map(|t| texts::one_line(&t, most));
    parsed.transpose().map_err(|e| wrong(field, e.code(), e))
}

/// Several lines, if anything was written.
pub(in crate::domain) fn paragraph(
    field: &'static str,
    text: Option<String>,
    most: usize,
) -> Result<Option<String>, FieldError> {
    let parsed = told(text).map(|t| texts::lines(&t, most));
    parsed.transpose().map_err(|e| wrong(field, e.code(), e))
}

fn judge_country(text: Option<String>) -> Result<Option<Country>, FieldError> {
    let parsed = told(text).map(|t| Country::parse(&t));
    parsed
        .transpose()
        .map_err(|e| wrong("country", "not-iso-3166", e))
}

fn judge_date(text: Option<String>, rules: &ProfileRules) -> Result<Option<Date>, FieldError> {
    let Some(text) = line("birthDate", text, 10)? else {
        return Ok(None);
    };
    let no_date = || wrong("birthDate", "no-date", "write a date as 2001-12-31");
    let date: Date = text.parse().map_err(|_| no_date())?;
    let years = |n: i16| rules.today.saturating_sub(n.years());
    if date > rules.today || date < years(130) {
        return Err(wrong(
            "birthDate",
            "impossible",
            "nobody alive was born on that day; look at the year",
        ));
    }
    if date > years(i16::from(rules.minimum_age)) {
        return Err(wrong(
            "birthDate",
            "too-young",
            format!(
                "one has to be {} years old to have an account here; we kept nothing of what you wrote, and would be glad to see you then",
                rules.minimum_age
            ),
        ));
    }
    Ok(Some(date))
}

fn judge_frequency(value: Option<serde_json::Value>) -> Result<Option<String>, FieldError> {
    match value {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(serde_json::Value::String(text)) => line("simFrequency", Some(text), 32),
        Some(serde_json::Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(wrong(
            "simFrequency",
            "wrong-type",
            "give a number or a text",
        )),
    }
}

fn judge_links(links: &[String]) -> Result<Vec<Link>, FieldError> {
    if links.len() > Link::MOST {
        let most = format!("give at most {} of them", Link::MOST);
        return Err(wrong("links", "too-many", most));
    }
    let number =
        |n: usize, e: TextError| wrong("links", e.code(), format!("number {}: {e}", n + 1));
    let links = links.iter().enumerate();
    links
        .map(|(n, text)| Link::parse(text).map_err(|e| number(n, e)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(required: &[ProfileField]) -> ProfileRules {
        ProfileRules {
            required: required.to_vec(),
            minimum_age: 13,
            today: "2026-03-01".parse().unwrap(),
        }
    }

    fn born(date: &str) -> Result<Profile, FieldErrors> {
        let form = ProfileForm {
            birth_date: Some(date.into()),
            ..ProfileForm::default()
        };
        form.parse(&rules(&[])).map(|(_, profile)| profile)
    }

    #[test]
    fn who_is_too_young_is_told_so_to_the_day() {
        assert!(born("2013-03-01").is_ok(), "the birthday itself");
        for (date, code) in [
            ("2013-03-02", "too-young"),
            ("2026-03-01", "too-young"),
            ("2026-03-02", "impossible"),
            ("1896-02-28", "impossible"),
            ("2013-02-30", "no-date"),
        ] {
            assert_eq!(born(date).unwrap_err().0[0].code, code, "{date}");
        }
    }

    #[test]
    fn a_leap_day_counts_from_the_last_of_february() {
        let young = ProfileRules {
            today: "2025-02-28".parse().unwrap(),
            ..rules(&[])
        };
        let form = ProfileForm {
            birth_date: Some("2012-02-29".into()),
            ..ProfileForm::default()
        };
        assert!(form.parse(&young).is_err());
    }

    #[test]
    fn a_field_that_is_asked_for_and_is_wrong_is_told_once() {
        let form = ProfileForm {
            country: Some("UK".into()),
            ..ProfileForm::default()
        };
        let asked = rules(&[ProfileField::Country, ProfileField::LastName]);
        let errors = form.parse(&asked).unwrap_err();
        let errors: Vec<_> = errors.0.iter().map(|e| (e.field, &*e.code)).collect();
        assert_eq!(
            errors,
            [("country", "not-iso-3166"), ("lastName", "required")]
        );
    }
}
