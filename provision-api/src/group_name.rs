use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Username, UsernameError};

/// The name of an organisation's group, and of its shared directory.
///
/// Names of users and groups are one namespace, because every user has a group of the same name. So
/// the rule is that of [`Username`], and what is reserved, in use or tombstoned for one is so for
/// the other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct GroupName(Username);

/// Why a text is not a [`GroupName`]: the rule of [`Username`] that it breaks, in words about groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.rule())]
pub struct GroupNameError(pub UsernameError);

impl GroupNameError {
    /// A stable word for the rule, for wire codes; the same as [`UsernameError::code`].
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0.code()
    }

    fn rule(self) -> &'static str {
        match self.0 {
            UsernameError::TooShort => "a group name has at least 2 characters",
            UsernameError::TooLong => "a group name has at most 32 characters",
            UsernameError::BadStart => "a group name starts with a letter from a to z",
            UsernameError::Capital => "a group name has no capital letters; write it in lower case",
            UsernameError::BadCharacter => {
                "a group name has only letters from a to z, digits and hyphens"
            }
            UsernameError::BadHyphen => "a hyphen stands single and between other characters",
        }
    }
}

impl GroupName {
    /// Parses a name.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, GroupNameError> {
        Username::parse(text).map(Self).map_err(GroupNameError)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The name in the one namespace of users and groups, for the questions that are the same for
    /// both: is it reserved, is it in use.
    #[must_use]
    pub fn as_username(&self) -> &Username {
        &self.0
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl AsRef<str> for GroupName {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl TryFrom<String> for GroupName {
    type Error = GroupNameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)
    }
}

impl From<Username> for GroupName {
    fn from(name: Username) -> Self {
        Self(name)
    }
}

impl From<GroupName> for String {
    fn from(name: GroupName) -> Self {
        name.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bad_name_is_told_its_rule_in_words_about_groups() {
        for (text, words) in [
            ("", "a group name has at least 2"),
            ("Crew", "a group name has no capital"),
            ("../etc", "a group name has only letters"),
            ("1crew", "a group name starts with a letter"),
            ("crew-", "a hyphen stands single"),
        ] {
            let error = GroupName::parse(text).unwrap_err();
            assert!(error.to_string().starts_with(words), "{text:?}: {error}");
        }
    }

    proptest! {
        #[test]
        fn what_may_name_a_group_is_just_what_may_name_a_user(text in "\\PC{0,40}|[a-zA-Z0-9-]{0,40}") {
            let (group, user) = (GroupName::parse(&text), Username::parse(&text));
            prop_assert_eq!(group.is_ok(), user.is_ok());
            if let (Ok(group), Ok(user)) = (group, user) {
                prop_assert_eq!(group.as_username(), &user);
            }
        }
    }
}
