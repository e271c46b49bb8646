use serde_json::{Value, json};

use crate::cli::Audit;
use crate::failure::Failure;
use crate::outcome::{Outcome, minute, table, text};
use crate::web::Web;

pub(super) async fn run(asked: &Audit, web: &Web) -> Result<Outcome, Failure> {
    if asked.verify {
        return verify(web).await;
    }
    let query = [
        ("actor", asked.actor.as_deref()),
        ("action", asked.action.as_deref()),
        ("subject", asked.subject.as_deref()),
    ];
    let entries = web.list("/api/admin/audit", &query, asked.limit).await?;
    let rows = entries.iter().map(row).collect();
    let head = ["NO", "AT", "WHO", "DID", "TO", "FROM", "MORE"];
    Ok(Outcome::new(json!(entries), table(head, rows)))
}

fn row(entry: &Value) -> [String; 7] {
    let subject = &entry["subject"];
    let subject = match (text(&subject["kind"]), text(&subject["name"])) {
        (kind, name) if name.is_empty() => kind,
        (kind, name) => format!("{kind} {name}"),
    };
    let details = entry["details"].as_object();
    let details: Vec<String> = details
        .into_iter()
        .flatten()
        .map(|(name, value)| format!("{name}={}", text(value)))
        .collect();
    let actor = match text(&entry["actor"]["name"]) {
        name if name.is_empty() => text(&entry["actor"]["kind"]),
        name => name,
    };
    [
        text(&entry["number"]),
        minute(&entry["at"]),
        actor,
        text(&entry["action"]),
        subject,
        text(&entry["address"]),
        details.join(" "),
    ]
}

/// Goes through the whole log; 1 when it is broken.
async fn verify(web: &Web) -> Result<Outcome, Failure> {
    let (mut checked, mut cursor) = (0, None::<String>);
    loop {
        let query = [("cursor", cursor.as_deref())];
        let part = web.get_with("/api/admin/audit/check", &query).await?;
        checked += part["checked"].as_u64().unwrap_or_default();
        if part["whole"] != true {
            let broken = text(&part["broken"]);
            let json = json!({"whole": false, "broken": broken});
            return Ok(Outcome::new(json, broken).good(false));
        }
        match part["nextCursor"].as_str() {
            Some(next) => {
                // The entry at the seam is looked at from both sides.
                checked = checked.saturating_sub(1);
                cursor = Some(next.to_owned());
            }
            None => break,
        }
    }
    let shown = format!("{checked} entries, none of them changed, none missing");
    Ok(Outcome::new(
        json!({"whole": true, "checked": checked}),
        shown,
    ))
}
