use serde_json::{Value, json};

use super::user_name;
use super::users::member_id;
use crate::cli::{Orgs, WhichOrg};
use crate::failure::Failure;
use crate::outcome::{Outcome, facts, minute, table, text};
use crate::web::Web;

const ALL: &str = "/api/organizations";

pub(super) async fn run(asked: Orgs, web: &Web) -> Result<Outcome, Failure> {
    match asked {
        Orgs::List { search, limit } => {
            let query = [("q", search.as_deref())];
            let found = web.list(ALL, &query, limit).await?;
            let rows = found.iter().map(row).collect();
            let head = ["SLUG", "NAME", "2FA", "ON HOST", "SINCE", "SAYS"];
            Ok(Outcome::new(json!(found), table(head, rows)))
        }
        Orgs::Show(which) => Ok(shown(&web.get(&path(&which)?).await?)),
        Orgs::Members { which, limit } => {
            let path = format!("{}/members", path(&which)?);
            let found = web.list(&path, &[], limit).await?;
            let rows = found.iter().map(member).collect();
            let head = ["NAME", "ROLE", "STATE", "SINCE", "CALLED"];
            Ok(Outcome::new(json!(found), table(head, rows)))
        }
        Orgs::Create { name, slug } => {
            let body = json!({ "name": name, "slug": slug });
            Ok(shown(&web.post(ALL, Some(body)).await?))
        }
        Orgs::Rename { which, name, slug } => {
            let body = json!({ "name": name, "slug": slug });
            Ok(shown(&web.put(&path(&which)?, body).await?))
        }
        Orgs::SetTwoFactor { which, method } => {
            let body = json!({ "twoFactor": method });
            Ok(shown(&web.put(&path(&which)?, body).await?))
        }
        Orgs::Add {
            which,
            member,
            role,
        } => {
            let name = user_name(&member)?;
            let body = json!({ "username": name, "role": role });
            let path = format!("{}/members", path(&which)?);
            let taken = web.post(&path, Some(body)).await?;
            let says = format!("{name} is {} of {} now", text(&taken["role"]), which.which);
            Ok(Outcome::new(taken, says))
        }
        Orgs::Remove { which, member } => {
            let name = user_name(&member)?;
            let id = member_id(&name, web).await?;
            let path = format!("{}/members/{id}", path(&which)?);
            web.delete(&path).await?;
            let says = format!("{name} is in {} no more", which.which);
            Ok(Outcome::new(json!({ "id": id, "username": name }), says))
        }
        Orgs::Retry(which) => {
            let path = format!("{}/retry", path(&which)?);
            Ok(shown(&web.post(&path, None).await?))
        }
    }
}

/// Nothing but a UUID or a slug, whose rule is that of user names, goes into the path.
fn path(which: &WhichOrg) -> Result<String, Failure> {
    let text = &which.which;
    match uuid::Uuid::parse_str(text) {
        Ok(id) => Ok(format!("{ALL}/{}", id.hyphenated())),
        Err(_) => Ok(format!("{ALL}/{}", user_name(text)?)),
    }
}

fn row(organization: &Value) -> [String; 6] {
    let of = |name: &str| text(&organization[name]);
    [
        of("slug"),
        of("name"),
        of("twoFactor"),
        of("hostState"),
        minute(&organization["createdAt"]),
        of("hostMessage"),
    ]
}

fn member(member: &Value) -> [String; 5] {
    [
        text(&member["username"]),
        text(&member["role"]),
        text(&member["state"]),
        minute(&member["createdAt"]),
        text(&member["displayName"]),
    ]
}

fn shown(organization: &Value) -> Outcome {
    let of = |name: &str| text(&organization[name]);
    let joined = |list: &Value, name: fn(&Value) -> String| {
        let list = list.as_array().into_iter().flatten();
        list.map(name).collect::<Vec<_>>().join(" ")
    };
    let text = facts(&[
        ("id", of("id")),
        ("slug", of("slug")),
        ("name", of("name")),
        ("since", minute(&organization["createdAt"])),
        ("second factor", of("twoFactor")),
        (
            "run by",
            joined(&organization["admins"], |a| text(&a["username"])),
        ),
        ("on the host", of("hostState")),
        ("says", of("hostMessage")),
        ("directory", of("directory")),
        ("left out", joined(&organization["leftOut"], text)),
    ]);
    Outcome::new(organization.clone(), text)
}
