use super::layout::Page;
use crate::domain::Timestamp;
use crate::text::Html;

/// A time for people, in UTC.
pub(in crate::http) fn utc(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

impl Page<'_> {
    /// A time: in UTC, and with scripts in the reader's zone.
    pub(in crate::http) fn time(&self, at: &Timestamp) -> Html {
        Html::time(&at.to_string(), &utc(*at))
    }

    /// A time within a sentence, in UTC.
    pub(in crate::http) fn utc(&self, at: &Timestamp) -> String {
        utc(*at)
    }
}
