//! What people tell of themselves.

mod country;
mod form;
mod texts;

use serde::{Deserialize, Serialize};

pub use country::{Country, NotACountry};
pub use form::{ProfileField, ProfileForm, ProfileRules};
pub use texts::{Bio, Link, PersonName, TextError};

pub(super) use form::paragraph;
pub(super) use texts::lines;

/// What a person tells of themselves; all of it optional, unless the host's rules name it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    /// Given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub first_name: Option<PersonName>,
    /// Family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<PersonName>,
    /// Where they live.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
    /// A calendar date (RFC 3339 full-date).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth_date: Option<jiff::civil::Date>,
    /// Why the person wants to join; for the reviewers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A frequency that communities around radio ask for; kept as written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sim_frequency: Option<String>,
    /// About them, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bio: Option<Bio>,
    /// Where else they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Link>,
}

impl Profile {
    /// The names of the fields in which the two differ; for the audit log, which has no values.
    #[must_use]
    pub fn changed_fields(&self, other: &Self) -> Vec<&'static str> {
        let fields = [
            ("firstName", self.first_name != other.first_name),
            ("lastName", self.last_name != other.last_name),
            ("country", self.country != other.country),
            ("birthDate", self.birth_date != other.birth_date),
            ("simFrequency", self.sim_frequency != other.sim_frequency),
            ("bio", self.bio != other.bio),
            ("links", self.links != other.links),
        ];
        let changed = fields.into_iter().filter(|(_, differs)| *differs);
        changed.map(|(name, _)| name).collect()
    }
}
