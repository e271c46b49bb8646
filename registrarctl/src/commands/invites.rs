use serde_json::{Map, Value, json};

use crate::cli::Invites;
use crate::failure::Failure;
use crate::outcome::{Outcome, facts, minute, table, text};
use crate::web::Web;

pub(super) async fn run(asked: Invites, web: &Web) -> Result<Outcome, Failure> {
    match asked {
        Invites::Create {
            email,
            role,
            organization,
            organization_slug,
            message,
            uses,
        } => {
            let mut body = Map::new();
            let mut say = |name: &str, value: Option<Value>| {
                if let Some(value) = value {
                    body.insert(name.to_owned(), value);
                }
            };
            say("email", email.map(Value::from));
            say("role", role.map(Value::from));
            if organization.is_some() || organization_slug.is_some() {
                let named = json!({ "name": organization, "slug": organization_slug });
                say("organization", Some(named));
            }
            say("message", message.map(Value::from));
            say("uses", uses.map(Value::from));
            let made = web
                .post("/api/invites/create", Some(Value::Object(body)))
                .await?;
            let shown = facts(&[
                ("id", text(&made["id"])),
                ("link", text(&made["url"])),
                ("for", text(&made["email"])),
                ("role", text(&made["role"])),
                ("organization", text(&made["organization"]["name"])),
                ("uses", text(&made["maxUses"])),
                ("until", minute(&made["expiresAt"])),
            ]);
            Ok(Outcome::new(made, shown))
        }
        Invites::List { state, limit } => {
            let query = [("state", state.as_deref())];
            let found = web.list("/api/invites/list", &query, limit).await?;
            let rows = found.iter().map(row).collect();
            let head = ["ID", "STATE", "ROLE", "FOR", "BY", "USED", "UNTIL"];
            Ok(Outcome::new(json!(found), table(head, rows)))
        }
        Invites::Revoke { id } => {
            // Nothing but a UUID goes into the path.
            let parsed = uuid::Uuid::parse_str(&id);
            let id =
                parsed.map_err(|_| Failure::Usage("the id is a UUID, as in the list".into()))?;
            web.delete(&format!("/api/invites/{id}/revoke")).await?;
            Ok(Outcome::new(
                json!({"id": id}),
                format!("{id} is taken back"),
            ))
        }
    }
}

fn row(invite: &Value) -> [String; 7] {
    let used = invite["acceptedBy"].as_array().map_or(0, Vec::len);
    let by = match text(&invite["inviter"]["username"]) {
        name if name.is_empty() => "the host's admins".to_owned(),
        name => name,
    };
    [
        text(&invite["id"]),
        text(&invite["state"]),
        text(&invite["role"]),
        text(&invite["email"]),
        by,
        format!("{used} of {}", text(&invite["maxUses"])),
        minute(&invite["expiresAt"]),
    ]
}
