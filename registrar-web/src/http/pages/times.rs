use super::layout::Page;
use crate::domain::Timestamp;
use crate::text::Html;

/// A time for people: in UTC, and with scripts in the reader's zone.
pub(in crate::http) fn time(at: Timestamp) -> Html {
    let utc = at.strftime("%Y-%m-%d %H:%M UTC").to_string();
    Html::time(&at.to_string(), &utc)
}

impl Page<'_> {
    /// A time for people.
    pub(in crate::http) fn time(&self, at: &Timestamp) -> Html {
        time(*at)
    }
}
