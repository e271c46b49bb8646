//! What an admin does to an account, on the web and on the host, so that a refusal of either leaves
//! both as they were.

use provision_api::{AccountState, Username};
use serde_json::{Value, json};

use super::Services;
use super::users::{registration, show};
use crate::failure::Failure;
use crate::host::{Deed, word};
use crate::outcome::{Outcome, text};

/// The host alone: a web that was taken over must not be able to speak against it.
pub(super) async fn on_the_host(
    deed: Deed,
    name: &Username,
    services: &mut Services<'_>,
) -> Result<Outcome, Failure> {
    let account = services.host.account(name).await?.account;
    fits(deed, name, account.state)?;
    change_host(deed, name, services).await?;
    let state = word(deed.end());
    let json = json!({"username": name, "state": state});
    let words = format!("{name} is {state} on the host; the web was not asked");
    Ok(Outcome::new(json, words))
}

/// The web first: it judges whether it may be, and what it does can be undone. Then the host. Only
/// a suspension doesn't wait for a web that fails. Each side leaves alone what is done, so the
/// command can be repeated.
pub(super) async fn on_both_sides(
    deed: Deed,
    name: &Username,
    reason: Option<&str>,
    services: &mut Services<'_>,
) -> Result<Outcome, Failure> {
    // A member's id is the registration's (decision 7), which provisiond keeps; of what is
    // removed, the web may still know it.
    let (id, host) = match services.host.account(name).await {
        Ok(reply) => {
            let account = reply.account;
            (account.registration_id.to_string(), Some(account.state))
        }
        Err(Failure::NotFound(words)) => {
            let known = registration(name, services).await.ok();
            let id = known.and_then(|found| found["id"].as_str().map(str::to_owned));
            (id.ok_or(Failure::NotFound(words))?, None)
        }
        Err(failure) => return Err(failure),
    };
    if let Some(state) = host {
        fits(deed, name, state)?;
    }
    match ask_web(deed, name, &id, reason, services).await {
        Ok(()) => {}
        Err(Failure::Unreachable(words) | Failure::Failed(words)) if deed == Deed::Suspend => {
            change_host(deed, name, services).await?;
            return Err(Failure::Unreachable(format!(
                "the host has done it, the web has not; give the same command again. The web says: {words}"
            )));
        }
        Err(failure) => return Err(failure.after(nothing_done(deed))),
    }
    let done = change_host(deed, name, services).await;
    done.map_err(|failure| failure.after(left_over(deed)))?;
    if deed == Deed::Remove {
        let json = json!({"username": name, "state": word(deed.end())});
        return Ok(Outcome::new(json, format!("{name} is removed")));
    }
    let shown = show(name, services).await;
    shown.map_err(|failure| failure.after("it is done; but how the account is now is not known: "))
}

async fn change_host(
    deed: Deed,
    name: &Username,
    services: &mut Services<'_>,
) -> Result<(), Failure> {
    let on_step = &mut *services.on_step;
    services.host.change(deed, name, on_step).await
}

/// What to say when the web speaks against it.
fn nothing_done(deed: Deed) -> &'static str {
    match deed {
        Deed::Suspend | Deed::Archive | Deed::Remove => {
            "nothing was done (--host-only does it on the host all the same). The web says: "
        }
        Deed::Resume | Deed::Restore => "nothing was done. The web says: ",
    }
}

/// What to say when the host has not followed.
fn left_over(deed: Deed) -> &'static str {
    match deed {
        Deed::Suspend | Deed::Resume | Deed::Remove => {
            "the web has done it, the host has not; give the same command again. The host says: "
        }
        Deed::Archive | Deed::Restore => "the host says: ",
    }
}

/// What the host would refuse, refused before the web hears of it.
fn fits(deed: Deed, name: &Username, host: AccountState) -> Result<(), Failure> {
    use AccountState::{Active, Archived, Locked, Removed, Suspended};
    let words = match (deed, host) {
        (Deed::Suspend, Active | Suspended)
        | (Deed::Resume, Suspended | Active)
        | (Deed::Archive, Suspended | Archived)
        | (Deed::Restore, Archived | Suspended)
        | (Deed::Remove, Suspended | Archived | Removed) => return Ok(()),
        (_, Locked) => {
            "the registration is not complete: see registrarctl registrations".to_owned()
        }
        (_, Removed) => "it was removed for good".to_owned(),
        (Deed::Archive | Deed::Remove, Active) => {
            format!("suspend it first: registrarctl users suspend {name} --reason …")
        }
        (Deed::Resume | Deed::Suspend, Archived) => {
            format!("restore it first: registrarctl users restore {name}")
        }
        (Deed::Restore, Active) => "there is nothing to restore".to_owned(),
    };
    Err(Failure::Refused(format!(
        "the account {name} is {} on the host; {words}",
        word(host)
    )))
}

/// Tells the web, or asks whether it speaks against what the host alone does.
async fn ask_web(
    deed: Deed,
    name: &Username,
    id: &str,
    reason: Option<&str>,
    services: &Services<'_>,
) -> Result<(), Failure> {
    let (web, path) = (&services.web, format!("/api/users/{id}"));
    let told = match deed {
        // Who is deleted there is kept out already.
        Deed::Suspend if state_of(&web.get(&path).await) == "deleted" => return Ok(()),
        Deed::Suspend => {
            let body = Some(json!({ "reason": reason }));
            web.post(&format!("{path}/suspend"), body).await
        }
        Deed::Resume => web.post(&format!("{path}/resume"), None).await,
        Deed::Remove => web.delete(&path).await,
        Deed::Restore => return Ok(()),
        Deed::Archive => {
            let member = web.get(&path).await;
            if state_of(&member) == "active" {
                return Err(Failure::Refused(format!(
                    "{name} is active here; suspend first: registrarctl users suspend {name} --reason …"
                )));
            }
            member
        }
    };
    match told {
        // An account whose owner never became a member, or is forgotten by now.
        Err(Failure::NotFound(_)) => Ok(()),
        told => told.map(drop),
    }
}

fn state_of(member: &Result<Value, Failure>) -> String {
    let member = member.as_ref().ok();
    member.map_or_else(String::new, |m| text(&m["state"]))
}
