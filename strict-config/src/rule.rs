//! Turns serde's messages into rules that hold no value.

/// Below this similarity (Jaro-Winkler, 0 to 1) a known key is not "meant".
const NEAR_ENOUGH: f64 = 0.7;
/// Shorter strings are words ("no", "off") that a rule may use itself.
const SECRET_AT_LEAST: usize = 4;

/// A key that serde does not know.
pub(crate) struct UnknownKey {
    pub(crate) key: String,
    pub(crate) known: Vec<String>,
}

/// Reads serde's "unknown field `x`, expected one of `a`, `b`".
pub(crate) fn unknown_key(message: &str) -> Option<UnknownKey> {
    let (key, rest) = message.strip_prefix("unknown field `")?.split_once('`')?;
    Some(UnknownKey {
        key: key.to_owned(),
        known: in_backticks(rest),
    })
}

/// The known key nearest to `key`, if one is near enough.
pub(crate) fn nearest(key: &str, known: &[String]) -> Option<String> {
    known
        .iter()
        .map(|candidate| (strsim::jaro_winkler(key, candidate), candidate))
        .filter(|(similarity, _)| *similarity >= NEAR_ENOUGH)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, candidate)| candidate.clone())
}

/// The rule in a message of serde, without the value that broke it.
pub(crate) fn without_values(message: &str, secret: Option<&str>) -> String {
    if let Some(rest) = message.strip_prefix("unknown variant `") {
        // The value may hold backticks itself: the list of the known starts at the last comma
        // before "expected".
        let known = rest
            .rfind(", expected ")
            .and_then(|at| rest.get(at..))
            .unwrap_or_default();
        return format!("must be one of {}", in_backticks(known).join(", "));
    }
    for kind in ["invalid type: ", "invalid value: "] {
        if let Some(rest) = message.strip_prefix(kind) {
            let (found, wanted) = rest
                .rsplit_once(", expected ")
                .unwrap_or((rest, "another type"));
            return format!("is {}, must be {wanted}", type_of(found));
        }
    }
    if let Some(rest) = message.strip_prefix("missing field `") {
        return format!("the key `{}` is missing", rest.trim_end_matches('`'));
    }
    match secret {
        Some(secret) if secret.len() >= SECRET_AT_LEAST => message.replace(secret, "…"),
        _ => message.to_owned(),
    }
}

/// A syntax error's description on one line.
pub(crate) fn syntax(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join(" ")
}

/// "string \"hunter2\"" → "a string".
fn type_of(found: &str) -> &'static str {
    match found.split(' ').next().unwrap_or_default() {
        "string" | "character" => "a string",
        "integer" => "a whole number",
        "floating" => "a decimal number",
        "boolean" => "true or false",
        "map" => "a section",
        "sequence" => "a list",
        _ => "of another type",
    }
}

fn in_backticks(text: &str) -> Vec<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}
