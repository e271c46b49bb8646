use std::collections::BTreeMap;

use uuid::Uuid;

use super::super::problem::Problem;
use crate::ports::PageRequest;

/// `?limit=` and `?cursor=` of a list; what else stands there has to be known.
pub(super) fn page_of(
    query: &mut BTreeMap<String, String>,
    known: &[&str],
) -> Result<PageRequest, Problem> {
    let mut page = PageRequest {
        limit: 50,
        after: None,
    };
    if let Some(limit) = query.remove("limit") {
        let limit: Result<usize, _> = limit.parse();
        let limit = limit.map_err(|_| malformed("limit", "write a number"))?;
        page.limit = limit.clamp(1, 100);
    }
    if let Some(cursor) = query.remove("cursor") {
        let id = Uuid::parse_str(&cursor);
        let words = "give the nextCursor of the page before";
        page.after = Some(id.map_err(|_| malformed("cursor", words))?);
    }
    match query.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => {
            let name: String = name.chars().take(64).collect();
            Err(Problem::field(
                name,
                "unknown-field",
                "this parameter is not known",
            ))
        }
        None => Ok(page),
    }
}

/// A parameter that can't be read.
pub(super) fn malformed(field: &str, message: &str) -> Problem {
    Problem::field(field, "malformed", message)
}
