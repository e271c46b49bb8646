use std::collections::HashMap;

use provision_api::{Account, Username};
use serde_json::{Value, json};

use super::{Services, user_name};
use crate::cli::Users;
use crate::failure::Failure;
use crate::host::{Deed, word};
use crate::outcome::{Outcome, facts, minute, minute_of, table, text, yes_no};

/// The most members that are asked for.
const ALL: usize = 1_000_000;

pub(super) async fn run(asked: Users, mut services: Services<'_>) -> Result<Outcome, Failure> {
    match asked {
        Users::List { state } => list(state.as_deref(), &mut services).await,
        Users::Show(name) => show(&user_name(&name.name)?, &services).await,
        Users::Role { name, role: wanted } => role(&name.name, &wanted, &services).await,
        Users::Suspend { name, reason } => {
            let body = json!({ "reason": reason });
            let web = Some(("suspend", Some(body)));
            both(Deed::Suspend, &user_name(&name.name)?, web, &mut services).await
        }
        Users::Resume(name) => {
            let web = Some(("resume", None));
            both(Deed::Resume, &user_name(&name.name)?, web, &mut services).await
        }
        Users::Archive(name) => {
            both(Deed::Archive, &user_name(&name.name)?, None, &mut services).await
        }
        Users::Restore(name) => {
            both(Deed::Restore, &user_name(&name.name)?, None, &mut services).await
        }
        Users::Remove { name, yes } => {
            let name = user_name(&name.name)?;
            if !yes {
                return Err(Failure::Usage(format!(
                    "this removes home and mail of {name} for good; say --yes"
                )));
            }
            let web = Some(("", None));
            both(Deed::Remove, &name, web, &mut services).await
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
    let id = text(&registration(&name, services).await?["id"]);
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

async fn registration(name: &Username, services: &Services<'_>) -> Result<Value, Failure> {
    let path = format!("/api/auth/status/registration/{name}");
    services.web.get(&path).await
}

/// What each side knows; a side that can't be asked is told of, as long as the other can.
async fn show(name: &Username, services: &Services<'_>) -> Result<Outcome, Failure> {
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
    let mut shown = facts(&[("name", name.to_string())]);
    match &account {
        Ok(known) => shown.push_str(&on_host(known)),
        Err(failure) => shown.push_str(&facts(&[("on the host", failure.to_string())])),
    }
    match (&member, &registration) {
        (Ok(member), _) => shown.push_str(&on_web(member)),
        (Err(_), Ok(registration)) => {
            shown.push_str(&facts(&[("registration", text(&registration["status"]))]));
        }
        (Err(failure), Err(_)) => shown.push_str(&facts(&[("on the web", failure.to_string())])),
    }
    let json = json!({
        "account": account.as_ref().ok().map(|a| &a.account),
        "host": account.as_ref().ok().map(|a| a.host),
        "registration": registration.ok(),
        "member": member.ok(),
    });
    Ok(Outcome::new(json, shown))
}

fn on_host(reply: &provision_api::GetAccountReply) -> String {
    let (known, host) = (&reply.account, &reply.host);
    let activated = known.activated_at.map_or_else(String::new, minute_of);
    facts(&[
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
    ])
}

fn on_web(member: &Value) -> String {
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
    facts(&[
        ("on the web", of("state")),
        ("role", of("role")),
        ("address", of("email")),
        ("last login", minute(&member["lastLoginAt"])),
        ("suspended", decided("suspension")),
        ("deleted", decided("deletion")),
        ("left to do on the host", of("hostFollowUp")),
    ])
}

/// The host first: who is suspended there is out of ssh and mail at once. Then the web, with that
/// route of the member (none: the member itself is deleted). Each side leaves alone what is done, so
/// the command can be repeated.
async fn both(
    deed: Deed,
    name: &Username,
    web: Option<(&str, Option<Value>)>,
    services: &mut Services<'_>,
) -> Result<Outcome, Failure> {
    // A member's id is the registration's (decision 7), which provisiond keeps; what is removed, it
    // forgets.
    let id = services.host.account(name).await?.account.registration_id;
    services
        .host
        .change(deed, name, &mut *services.on_step)
        .await?;
    if let Some((route, body)) = web {
        let told = tell_web(&format!("/api/users/{id}"), route, body, services).await;
        told.map_err(|failure| {
            failure.after(
                "the host has done it, the web has not; give the same command again. The web says: ",
            )
        })?;
    }
    if deed == Deed::Remove {
        let json = json!({"username": name, "state": word(deed.end())});
        return Ok(Outcome::new(json, format!("{name} is removed")));
    }
    let shown = show(name, services).await;
    shown.map_err(|failure| failure.after("it is done; but how the account is now is not known: "))
}

async fn tell_web(
    member: &str,
    route: &str,
    body: Option<Value>,
    services: &Services<'_>,
) -> Result<(), Failure> {
    let told = match route {
        "" => services.web.delete(member).await,
        route => services.web.post(&format!("{member}/{route}"), body).await,
    };
    match told {
        // An account whose owner never became a member, or is forgotten by now.
        Err(Failure::NotFound(_)) => Ok(()),
        told => told.map(drop),
    }
}
