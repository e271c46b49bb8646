use comfy_table::{ContentArrangement, Table, presets};
use jiff::Timestamp;
use serde_json::Value;

/// What a command has to say, both ways.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// For `--json`.
    pub json: Value,
    /// For people.
    pub text: String,
    /// How the program ends: 0, or 1 where the answer is that something is wrong.
    pub code: u8,
}

impl Outcome {
    /// All is well.
    pub(crate) fn new(json: Value, text: impl Into<String>) -> Self {
        Self {
            json,
            text: text.into(),
            code: 0,
        }
    }

    /// The same, with 1 where something is wrong.
    pub(crate) fn good(mut self, good: bool) -> Self {
        self.code = u8::from(!good);
        self
    }

    /// As text.
    #[must_use]
    pub fn as_json(&self) -> String {
        serde_json::to_string_pretty(&self.json).unwrap_or_default()
    }
}

/// Rows in straight columns.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: Vec<[String; N]>) -> String {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(head);
    for row in rows {
        table.add_row(row.map(|cell| plain(&cell)));
    }
    let text = table.trim_fmt();
    // Columns begin with a blank; a line does not have to.
    let lines = text
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(line));
    lines.map(|line| format!("{}\n", line.trim_end())).collect()
}

/// Two columns without a head: what it is, and its value. Left out where there is none.
pub(crate) fn facts(facts: &[(&str, String)]) -> String {
    let there = facts.iter().filter(|(_, value)| !value.is_empty());
    let width = there.clone().map(|(name, _)| name.len()).max().unwrap_or(0);
    there
        .map(|(name, value)| format!("{name:width$}  {}\n", plain(value)))
        .collect()
}

/// People wrote some of it: nothing of it may move the cursor of a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// A text of an answer; empty when it is not there.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// A time of an answer, to the minute; as it is when it is none.
pub(crate) fn minute(value: &Value) -> String {
    let text = text(value);
    match text.parse::<Timestamp>() {
        Ok(time) => time.strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => text,
    }
}

/// Seconds since 1970, to the minute.
pub(crate) fn minute_of(seconds: i64) -> String {
    let time = Timestamp::from_second(seconds);
    time.map_or_else(
        |_| String::new(),
        |t| t.strftime("%Y-%m-%d %H:%M").to_string(),
    )
}

pub(crate) fn yes_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_straight_with_names_in_any_script() {
        let rows = [["ada", "Ada"], ["mei", "\u{6885} \u{6797}"], ["x", ""]];
        let rows = rows.map(|r| r.map(str::to_owned)).to_vec();
        assert_eq!(
            table(["NAME", "CALLED"], rows),
            "NAME  CALLED\nada   Ada\nmei   \u{6885} \u{6797}\nx\n"
        );
    }

    #[test]
    fn nothing_that_people_wrote_moves_the_cursor() {
        let rows = vec![["\u{1b}[2Jeve\n".to_owned()]];
        assert_eq!(table(["NAME"], rows), "NAME\n [2Jeve\n");
        assert_eq!(facts(&[("name", "a\rb".into())]), "name  a b\n");
    }

    #[test]
    fn times_are_told_to_the_minute() {
        let value = Value::from("2026-01-02T03:04:05.123Z");
        assert_eq!(minute(&value), "2026-01-02 03:04");
        assert_eq!(minute(&Value::Null), "");
        assert_eq!(minute_of(0), "1970-01-01 00:00");
    }
}
