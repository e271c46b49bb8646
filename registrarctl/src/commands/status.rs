use serde_json::{Value, json};

use super::Services;
use crate::failure::Failure;
use crate::outcome::{Outcome, facts, table, text, yes_no};

/// Asks both; a service that can't be reached is part of the answer.
pub(super) async fn status(services: &Services<'_>) -> Result<Outcome, Failure> {
    let (web, host) = tokio::join!(services.web.get("/api/admin/stats"), services.host.health());
    if let (Err(first), Err(_)) = (&web, &host) {
        return Err(first.clone());
    }
    let mut rows = Vec::new();
    let mut row = |service: &str, check: &str, ok: bool, words: String| {
        rows.push([service.to_owned(), check.to_owned(), yes_no(ok), words]);
    };
    match &web {
        Ok(stats) => {
            for check in stats["checks"].as_array().into_iter().flatten() {
                let ok = check["ok"] == true;
                row(
                    "registrar-web",
                    &text(&check["name"]),
                    ok,
                    text(&check["message"]),
                );
            }
        }
        Err(failure) => row("registrar-web", "reached", false, failure.to_string()),
    }
    match &host {
        Ok(health) => {
            let words = match health.problems.as_slice() {
                [] => format!("version {}", health.version),
                problems => problems.join("; "),
            };
            row("provisiond", "admin socket", health.ready, words);
        }
        Err(failure) => row("provisiond", "admin socket", false, failure.to_string()),
    }
    let is_good =
        web.as_ref().is_ok_and(|w| w["ready"] == true) && host.as_ref().is_ok_and(|h| h.ready);
    let mut shown = table(["SERVICE", "CHECK", "OK", "SAYS"], rows);
    if let Ok(stats) = &web {
        let of = |name: &str| text(&stats["counts"][name]);
        shown.push('\n');
        shown.push_str(&facts(&[
            ("members", of("members")),
            ("registrations in review", of("registrationsInReview")),
            ("registrations under way", of("registrationsRunning")),
            ("registrations failed", of("registrationsFailed")),
            ("mails waiting", of("mailsWaiting")),
        ]));
    }
    if let Ok(health) = &host {
        let made = format!(
            "{} of at most {}",
            health.created_this_hour, health.create_limit_per_hour
        );
        shown.push_str(&facts(&[
            ("accounts on the host   ", health.accounts.to_string()),
            ("made in the last hour", made),
        ]));
    }
    let or_null = |failure: &Failure| json!({"ready": false, "error": failure.to_string()});
    let json = json!({
        "ready": is_good,
        "web": web.unwrap_or_else(|f| or_null(&f)),
        "host": match host {
            Ok(health) => serde_json::to_value(health).unwrap_or(Value::Null),
            Err(failure) => or_null(&failure),
        },
    });
    Ok(Outcome::new(json, shown).good(is_good))
}
