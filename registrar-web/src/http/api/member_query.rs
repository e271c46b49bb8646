use std::collections::BTreeMap;

use super::super::problem::Problem;
use super::paging::malformed;
use crate::domain::{Role, UserState};
use crate::people::{MemberQuery, SearchText};

/// What lists of members can be asked for, but for the page.
pub(super) const MEMBER_QUERY: &[&str] = &["q", "state", "role"];

/// Reads which members are wanted.
pub(super) fn member_query(query: &BTreeMap<String, String>) -> Result<MemberQuery, Problem> {
    let mut wanted = MemberQuery::default();
    for (name, value) in query {
        let wrong = |message| malformed(name, message);
        match name.as_str() {
            "q" => {
                let text = SearchText::parse(value);
                wanted.text = Some(text.map_err(|e| malformed("q", &e.to_string()))?);
            }
            "state" => {
                let state = UserState::parse(value);
                let words = "write pending, active, suspended or deleted";
                wanted.state = Some(state.ok_or_else(|| wrong(words))?);
            }
            "role" => wanted.role = Some(Role::parse(value).ok_or_else(|| wrong(ROLES))?),
            _ if value == "host" => wanted.host_pending = true,
            _ => return Err(wrong("write host")),
        }
    }
    Ok(wanted)
}

pub(super) const ROLES: &str =
    "write super_admin, site_admin, operator, client_admin or client_user";
