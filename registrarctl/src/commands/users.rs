use std::collections::HashMap;

use provision_api::{Account, AccountState, GetAccountReply, Username};
use serde_json::{Value, json};

use super::both_sides::{on_both_sides, on_the_host};
use super::{Services, user_name};
use crate::cli::Users;
use crate::failure::Failure;
use crate::host::{Deed, word};
use crate::outcome::{Outcome, facts, minute, minute_of, table, text, yes_no};
use crate::web::Web;

/// The most members that are asked for.
const ALL: usize = 1_000_000;

pub(super) async fn run(asked: Users, mut services: Services<'_>) -> Result<Outcome, Failure> {
    match asked {
        Users::List { state } => list(state.as_deref(), &mut services).await,
        Users::Show(name) => show(&user_name(&name.name)?, &services).await,
        Users::Role { name, role: wanted } => role(&name.name, &wanted, &services).await,
        Users::Suspend { name, host, .. } if host.host_only => {
            on_the_host(Deed::Suspend, &user_name(&name.name)?, &mut services).await
        }
        Users::Archive { name, host } if host.host_only => {
            on_the_host(Deed::Archive, &user_name(&name.name)?, &mut services).await
        }
        Users::Suspend { name, reason, .. } => {
            let name = user_name(&name.name)?;
            on_both_sides(Deed::Suspend, &name, Some(&reason), &mut services).await
        }
        Users::Resume(name) => {
            on_both_sides(Deed::Resume, &user_name(&name.name)?, None, &mut services).await
        }
        Users::Archive { name, .. } => {
            on_both_sides(Deed::Archive, &user_name(&name.name)?, None, &mut services).await
        }
        Users::Restore(name) => {
            on_both_sides(Deed::Restore, &user_name(&name.name)?, None, &mut services).await
        }
        Users::Remove { name, yes, host } => {
            let name = user_name(&name.name)?;
            if !yes {
                return Err(Failure::Usage(format!(
                    "this removes home and mail of {name} for good; say --yes"
                )));
            }
            if host.host_only {
                return on_the_host(Deed::Remove, &name, &mut services).await;
            }
            on_both_sides(Deed::Remove, &name, None, &mut services).await
        }
    }
}

/// Gives a member a role.
pub(super) async fn role(
    name: &str,
    role: &str,
    services: &Services<'_>,
) -> Result<Outcome, Failure> {
    let name = user_name(name)?;
    let id = member_id(&name, &services.web).await?;
    let path = format!("/api/users/{id}/role");
    let body = json!({ "role": role });
    let member = services.web.post(&path, Some(body)).await?;
    let shown = format!("{name} is {} now", text(&member["role"]));
    Ok(Outcome::new(member, shown))
}

async fn list(state: Option<&str>, services: &mut Services<'_>) -> Result<Outcome, Failure> {
    let (accounts, members) = tokio::join!(
        services.host.accounts(),
        services.web.list("/api/users", &[], ALL)
    );
    let mut accounts = accounts?;
    accounts.retain(|a| state.is_none_or(|wanted| word(a.state) == wanted));
    let members = members.unwrap_or_else(|failure| {
        (services.on_step)(&format!("what the web says is left out: {failure}"));
        Vec::new()
    });
    let members: HashMap<String, Value> = members
        .into_iter()
        .map(|member| (text(&member["username"]), member))
        .collect();
    let none = Value::Null;
    let member = |a: &Account| members.get(a.username.as_str()).unwrap_or(&none);
    let row = |a: &Account| {
        let member = member(a);
        [
            a.username.to_string(),
            a.uid.to_string(),
            word(a.state).to_owned(),
            text(&member["state"]),
            text(&member["role"]),
            minute_of(a.created_at),
            a.display_name.to_string(),
        ]
    };
    let rows = accounts.iter().map(row).collect();
    let json: Vec<Value> = accounts
        .iter()
        .map(|a| json!({"account": a, "member": member(a)}))
        .collect();
    let head = [
        "NAME", "UID", "ON HOST", "ON WEB", "ROLE", "SINCE", "CALLED",
    ];
    Ok(Outcome::new(json!(json), table(head, rows)))
}

/// The id of a member, which is the registration's (decision 7).
pub(super) async fn member_id(name: &Username, web: &Web) -> Result<String, Failure> {
    let path = format!("/api/auth/status/registration/{name}");
    match web.get(&path).await {
        Ok(found) => Ok(text(&found["id"])),
        Err(Failure::NotFound(_)) => Err(Failure::NotFound(format!(
            "there is no member of the name {name}"
        ))),
        Err(failure) => Err(failure),
    }
}

pub(super) async fn registration(
    name: &Username,
    services: &Services<'_>,
) -> Result<Value, Failure> {
    let path = format!("/api/auth/status/registration/{name}");
    services.web.get(&path).await
}

/// What each side knows; a side that can't be asked is told of, as long as the other can.
pub(super) async fn show(name: &Username, services: &Services<'_>) -> Result<Outcome, Failure> {
    let (account, registration) =
        tokio::join!(services.host.account(name), registration(name, services));
    let member = match &registration {
        Ok(found) => {
            let path = format!("/api/users/{}", text(&found["id"]));
            services.web.get(&path).await
        }
        Err(failure) => Err(failure.clone()),
    };
    if let (Err(failure), Err(_)) = (&account, &registration) {
        return Err(failure.clone());
    }
    let mut known = vec![("name", name.to_string())];
    match &account {
        Ok(reply) => known.extend(on_host(reply)),
        // A member had an account: what provisiond keeps of a removed one is no account any more.
        Err(Failure::NotFound(_)) if member.is_ok() => {
            let words = "removed; the name is never given out again";
            known.push(("on the host", words.to_owned()));
        }
        Err(failure) => known.push(("on the host", failure.to_string())),
    }
    match (&member, &registration) {
        (Ok(member), _) => {
            known.extend(on_web(member));
            let state = account.as_ref().ok().map(|reply| reply.account.state);
            known.push(("left to do on the host", left_to_do(member, state)));
        }
        (Err(_), Ok(found)) => known.push(("registration", text(&found["status"]))),
        (Err(failure), Err(_)) => known.push(("on the web", failure.to_string())),
    }
    let shown = facts(&known);
    let json = json!({
        "account": account.as_ref().ok().map(|a| &a.account),
        "host": account.as_ref().ok().map(|a| a.host),
        "registration": registration.ok(),
        "member": member.ok(),
    });
    Ok(Outcome::new(json, shown))
}

/// What it is, and its value.
type Fact = (&'static str, String);

fn on_host(reply: &GetAccountReply) -> Vec<Fact> {
    let (known, host) = (&reply.account, &reply.host);
    let activated = known.activated_at.map_or_else(String::new, minute_of);
    vec![
        ("called", known.display_name.to_string()),
        ("on the host", word(known.state).to_owned()),
        ("uid", known.uid.to_string()),
        ("home", known.home.clone()),
        ("made", minute_of(known.created_at)),
        ("activated", activated),
        ("password", yes_no(known.has_password)),
        ("keys", known.ssh_key_count.to_string()),
        ("user exists", yes_no(host.exists)),
        ("home is there", yes_no(host.home)),
        ("maildir", yes_no(host.maildir)),
        ("can log in", yes_no(host.exists && !host.expired)),
        ("mail accepted", yes_no(host.mail_accepted)),
    ]
}

fn on_web(member: &Value) -> Vec<Fact> {
    let of = |name: &str| text(&member[name]);
    let decided = |what: &str| {
        let decision = &member[what];
        if decision.is_null() {
            return String::new();
        }
        let (at, by) = (minute(&decision["at"]), text(&decision["by"]));
        match text(&decision["reason"]) {
            reason if reason.is_empty() => format!("{at} by {by}"),
            reason => format!("{at} by {by}: {reason}"),
        }
    };
    vec![
        ("on the web", of("state")),
        ("role", of("role")),
        ("address", of("email")),
        ("last login", minute(&member["lastLoginAt"])),
        ("suspended", decided("suspension")),
        ("deleted", decided("deletion")),
    ]
}

/// What the web waits for; it looks once a minute, so what is done by now is left out.
fn left_to_do(member: &Value, host: Option<AccountState>) -> String {
    use AccountState::{Active, Archived, Locked, Removed, Suspended};
    let wish = text(&member["hostFollowUp"]);
    let is_done = match (wish.as_str(), host) {
        ("suspend", Some(state)) => matches!(state, Suspended | Archived | Removed | Locked),
        ("resume", Some(state)) => state == Active,
        ("archive", Some(state)) => matches!(state, Archived | Removed),
        _ => false,
    };
    if is_done { String::new() } else { wish }
}
