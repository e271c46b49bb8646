use provision_api::{Account, Username};
use serde_json::json;

use super::{Services, user_name};
use crate::cli::Users;
use crate::failure::Failure;
use crate::host::{Deed, word};
use crate::outcome::{Outcome, facts, minute_of, table, text, yes_no};

pub(super) async fn run(asked: Users, mut services: Services<'_>) -> Result<Outcome, Failure> {
    let (deed, name) = match &asked {
        Users::List { state } => return list(state.as_deref(), &services).await,
        Users::Show(name) => return show(&user_name(&name.name)?, &services).await,
        Users::Suspend(name) => (Deed::Suspend, name),
        Users::Resume(name) => (Deed::Resume, name),
        Users::Archive(name) => (Deed::Archive, name),
        Users::Restore(name) => (Deed::Restore, name),
        Users::Remove { name, yes } => {
            if !yes {
                return Err(Failure::Usage(format!(
                    "this removes home and mail of {} for good; say --yes",
                    name.name.escape_default()
                )));
            }
            (Deed::Remove, name)
        }
    };
    change(deed, &user_name(&name.name)?, &mut services).await
}

async fn list(state: Option<&str>, services: &Services<'_>) -> Result<Outcome, Failure> {
    let mut accounts = services.host.accounts().await?;
    accounts.retain(|a| state.is_none_or(|wanted| word(a.state) == wanted));
    let row = |a: &Account| {
        [
            a.username.to_string(),
            a.uid.to_string(),
            word(a.state).to_owned(),
            minute_of(a.created_at),
            a.display_name.to_string(),
        ]
    };
    let rows = accounts.iter().map(row).collect();
    let head = ["NAME", "UID", "STATE", "SINCE", "CALLED"];
    Ok(Outcome::new(json!(accounts), table(head, rows)))
}

async fn show(name: &Username, services: &Services<'_>) -> Result<Outcome, Failure> {
    let registration = format!("/api/auth/status/registration/{name}");
    let (account, registration) =
        tokio::join!(services.host.account(name), services.web.get(&registration));
    let (account, registration) = (account?, registration.ok());
    let (known, host) = (&account.account, &account.host);
    let status = registration.as_ref().map(|r| text(&r["status"]));
    let text = facts(&[
        ("name", known.username.to_string()),
        ("called", known.display_name.to_string()),
        ("state", word(known.state).to_owned()),
        ("uid", known.uid.to_string()),
        ("home", known.home.clone()),
        ("made", minute_of(known.created_at)),
        (
            "activated",
            known.activated_at.map_or_else(String::new, minute_of),
        ),
        ("registration", status.unwrap_or_default()),
        ("password", yes_no(known.has_password)),
        ("keys", known.ssh_key_count.to_string()),
        ("on the host", yes_no(host.exists)),
        ("home is there", yes_no(host.home)),
        ("maildir", yes_no(host.maildir)),
        ("can log in", yes_no(host.exists && !host.expired)),
        ("mail accepted", yes_no(host.mail_accepted)),
    ]);
    let json = json!({
        "account": known,
        "host": host,
        "registration": registration,
    });
    Ok(Outcome::new(json, text))
}

async fn change(
    deed: Deed,
    name: &Username,
    services: &mut Services<'_>,
) -> Result<Outcome, Failure> {
    let host = &services.host;
    host.change(deed, name, &mut *services.on_step).await?;
    if deed == Deed::Remove {
        let json = json!({"username": name, "state": word(deed.end())});
        return Ok(Outcome::new(json, format!("{name} is removed")));
    }
    show(name, services)
        .await
        .map_err(|failure| failure.after("it is done; but how the account is now is not known: "))
}
