//! How the console says things.

use std::fmt::Display;

use super::super::times::time;
use crate::domain::Timestamp;
use crate::text::Html;

/// A time, and how long ago that was.
pub(super) fn since(at: Timestamp, now: Timestamp) -> Html {
    time(at).then(&Html::text(format!(" ({} ago)", ago(at, now))))
}

/// How long ago, in one unit.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(at).as_mins().max(0);
    match minutes {
        0 => "less than a minute".to_owned(),
        m if m < 60 => several(m, "minute"),
        m if m < 48 * 60 => several(m / 60, "hour"),
        m => several(m / (24 * 60), "day"),
    }
}

/// A number and its unit.
pub(super) fn several(n: i64, unit: &str) -> String {
    format!("{n} {unit}{}", if n == 1 { "" } else { "s" })
}

/// A fact of a list: its name and what it is.
pub(super) type Fact = (&'static str, Html);

/// The facts that there are.
pub(super) fn facts<const N: usize>(all: [(&'static str, Option<Html>); N]) -> Vec<Fact> {
    let known = all.into_iter();
    known
        .filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)))
        .collect()
}

/// Something that is there.
pub(super) fn said(value: impl Display) -> Option<Html> {
    Some(Html::text(value))
}

/// Something that may be missing.
pub(super) fn text(value: Option<impl Display>) -> Option<Html> {
    value.map(Html::text)
}

/// The address of a page of a list: the path with what is filled in.
pub(super) fn link(path: &str, query: &[(&str, &str)]) -> String {
    let mut pairs = form_urlencoded::Serializer::new(String::new());
    pairs.extend_pairs(query.iter().filter(|(_, value)| !value.is_empty()));
    let query = pairs.finish();
    let and = if query.is_empty() { "" } else { "?" };
    format!("{path}{and}{query}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_long_ago_is_said_in_the_unit_that_fits() {
        let at = |minutes: i64| {
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            ago(now - jiff::SignedDuration::from_mins(minutes), now)
        };
        let words: Vec<_> = [0, 1, 59, 60, 47 * 60, 48 * 60, -5].map(at).into();
        let want = [
            "less than a minute",
            "1 minute",
            "59 minutes",
            "1 hour",
            "47 hours",
            "2 days",
            "less than a minute",
        ];
        assert_eq!(words, want);
    }

    #[test]
    fn a_link_has_what_is_filled_in_and_nothing_else() {
        let query = [("q", "a&b"), ("role", "")];
        assert_eq!(link("/admin/people", &query), "/admin/people?q=a%26b");
        assert_eq!(link("/admin/people", &[]), "/admin/people");
    }
}
