use serde::{Deserialize, Serialize};

use crate::domain::TextError;
use crate::domain::profile::lines;

/// What reviewers and applicants write to each other or to themselves: 1 to 2000 characters, of
/// several lines maybe.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remark(String);

impl Remark {
    /// The most characters.
    pub const MOST: usize = 2000;

    /// Parses what someone wrote; white space around it is dropped.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, TextError> {
        lines(text, Self::MOST).map(Self)
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
