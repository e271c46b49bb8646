use provision_api::RegistrationId;
use serde_json::{Value, json};

use super::user_name;
use crate::cli::{Registrations, Which};
use crate::failure::Failure;
use crate::outcome::{Outcome, facts, minute, table, text};
use crate::web::Web;

const LIST: &str = "/api/admin/registrations";

pub(super) async fn run(asked: Registrations, web: &Web) -> Result<Outcome, Failure> {
    match asked {
        Registrations::List { filter, limit } => {
            let query = [("filter", Some(filter.word()))];
            let found = web.list(LIST, &query, limit).await?;
            let rows = found.iter().map(row).collect();
            let head = ["NAME", "STATUS", "%", "REVIEW", "SINCE", "SAYS"];
            Ok(Outcome::new(json!(found), table(head, rows)))
        }
        Registrations::Show(which) => Ok(shown(&find(&which, web).await?)),
        Registrations::Claim { which, take_over } => {
            let body = json!({ "takeOver": take_over });
            decide(&which, "claim", Some(body), web).await
        }
        Registrations::Release(which) => {
            let id = text(&find(&which, web).await?["id"]);
            Ok(shown(&web.delete(&format!("{LIST}/{id}/claim")).await?))
        }
        Registrations::Note { which, text } => {
            decide(&which, "notes", Some(json!({ "text": text })), web).await
        }
        Registrations::Ask { which, text } => {
            decide(&which, "question", Some(json!({ "text": text })), web).await
        }
        Registrations::Approve(which) => decide(&which, "approve", None, web).await,
        Registrations::Reject { which, reason } => {
            let body = json!({ "reason": reason });
            decide(&which, "reject", Some(body), web).await
        }
        Registrations::Retry(which) => decide(&which, "retry", None, web).await,
    }
}

async fn decide(
    which: &Which,
    deed: &str,
    body: Option<Value>,
    web: &Web,
) -> Result<Outcome, Failure> {
    let id = text(&find(which, web).await?["id"]);
    let decided = web.post(&format!("{LIST}/{id}/{deed}"), body).await?;
    Ok(shown(&decided))
}

/// By id, or the latest of a name.
async fn find(which: &Which, web: &Web) -> Result<Value, Failure> {
    let id = match RegistrationId::parse(&which.which) {
        Ok(id) => id.to_string(),
        Err(_) => {
            let name = user_name(&which.which)?;
            let status = format!("/api/auth/status/registration/{name}");
            text(&web.get(&status).await?["id"])
        }
    };
    web.get(&format!("{LIST}/{id}")).await
}

/// With whose invite someone comes, and what it makes of them.
fn invited(registration: &Value) -> String {
    let invite = &registration["invite"];
    if invite.is_null() {
        return String::new();
    }
    let by = match text(&invite["by"]) {
        by if by.is_empty() => "the host's admins".to_owned(),
        by => by,
    };
    match text(&invite["organization"]) {
        none if none.is_empty() => format!("by {by}, as {}", text(&invite["role"])),
        into => format!("by {by}, as {} of {into}", text(&invite["role"])),
    }
}

fn review(registration: &Value) -> String {
    let review = &registration["review"];
    match (text(&review["state"]), text(&review["by"])) {
        (state, by) if by.is_empty() => state,
        (state, by) => format!("{state} by {by}"),
    }
}

fn row(registration: &Value) -> [String; 6] {
    [
        text(&registration["username"]),
        text(&registration["status"]),
        text(&registration["progress"]),
        review(registration),
        minute(&registration["createdAt"]),
        text(&registration["message"]),
    ]
}

/// One line for each of a list of the review.
fn lines(case: &Value, list: &str, line: impl Fn(&Value) -> String) -> String {
    let all = case[list].as_array().into_iter().flatten();
    all.map(line).collect::<Vec<_>>().join("\n")
}

fn shown(registration: &Value) -> Outcome {
    let of = |name: &str| text(&registration[name]);
    let case = &registration["case"];
    let claim = match (text(&case["claim"]["by"]), &case["claim"]["until"]) {
        (by, _) if by.is_empty() => by,
        (by, until) => format!("{by}, until {}", minute(until)),
    };
    let note = |n: &Value| {
        format!(
            "{} ({}): {}",
            text(&n["by"]),
            minute(&n["at"]),
            text(&n["text"])
        )
    };
    let question = |q: &Value| match text(&q["answer"]) {
        none if none.is_empty() => format!("{} (no answer yet)", text(&q["text"])),
        answer => format!("{} - {answer}", text(&q["text"])),
    };
    let text = facts(&[
        ("id", of("id")),
        ("name", of("username")),
        ("called", of("displayName")),
        ("address", of("email")),
        ("since", minute(&registration["createdAt"])),
        ("status", format!("{} ({} %)", of("status"), of("progress"))),
        ("says", of("message")),
        ("review", review(registration)),
        ("invited", invited(registration)),
        ("wants to join because", of("reason")),
        ("looked at by", claim),
        ("warnings", lines(case, "warnings", |w| text(&w["message"]))),
        ("notes", lines(case, "notes", note)),
        ("asked", lines(case, "questions", question)),
        ("last error", of("lastError")),
    ]);
    Outcome::new(registration.clone(), text)
}
