//! What must be true whenever both programs run and nothing is under way, whatever happened before.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use provision_api::{Account, AccountState, Group};
use registrar_web::domain::{Registration, Stage};
use registrar_web::ports::UserStore;

mod groups;

use crate::private_host::run;
use crate::site::{SPOOLS, Site, members_of};

/// Whether nothing is under way any more.
///
/// # Errors
/// What still is.
pub fn settled(site: &Site<'_>) -> Result<(), String> {
    let health = site.health().map_err(|e| format!("no health: {e}"))?;
    if !health.ready {
        return Err(format!("provisiond is not ready: {:?}", health.problems));
    }
    if site.web.is_some() {
        let ready = site.ask("GET", "/health/ready", None);
        let ready = ready.map_err(|e| format!("no health: {e}"))?;
        if ready.code != 200 {
            return Err(format!("registrar-web is not ready: {}", ready.body));
        }
    }
    let now = site.now();
    for r in site.registrations()? {
        let due = r.work.due_at.is_some_and(|at| at <= now);
        if due || r.work.lease.is_some() {
            return Err(format!(
                "{} is stuck: {:?} {:?}",
                r.username, r.stage, r.work
            ));
        }
    }
    Ok(())
}

/// Looks at everything. The site must be [`settled`].
///
/// # Errors
/// What is wrong.
pub fn check(site: &mut Site<'_>) -> Result<(), String> {
    site.look_at_uids()?;
    let accounts = site.accounts().map_err(|e| e.to_string())?;
    let registrations = site.registrations()?;
    let groups = site.groups().map_err(|e| e.to_string())?;
    users_and_registry_agree(&accounts, &groups)?;
    groups::are_whole(&groups, &accounts)?;
    if site.web.is_some() {
        every_account_has_a_registration(&accounts, &registrations)?;
        every_registration_has_what_it_says(site, &accounts, &registrations)?;
        one_token_for_each(site, &registrations)?;
    }
    homes_are_whole(&accounts)?;
    archives_are_whole(&accounts)?;
    nothing_starts_of_who_is_shut_out(&accounts)?;
    nobody_gets_in_who_may_not(site, &accounts)?;
    no_scraps()
}

fn same<T: Ord + std::fmt::Debug>(
    what: &str,
    found: &BTreeSet<T>,
    wanted: &BTreeSet<T>,
) -> Result<(), String> {
    if found == wanted {
        return Ok(());
    }
    let more: Vec<_> = found.difference(wanted).collect();
    let fewer: Vec<_> = wanted.difference(found).collect();
    Err(format!("{what}: too many {more:?}, missing {fewer:?}"))
}

fn has_user(account: &Account) -> bool {
    !matches!(
        account.state,
        AccountState::Archived | AccountState::Removed
    )
}

fn users_and_registry_agree(accounts: &[Account], groups: &[Group]) -> Result<(), String> {
    let known: BTreeSet<(String, u32)> = accounts
        .iter()
        .filter(|a| has_user(a))
        .map(|a| (a.username.to_string(), a.uid))
        .collect();
    let users = members_of("/etc/passwd").into_iter().collect();
    same("users against the registry", &users, &known)?;
    let of_groups = groups.iter().map(|g| (g.name.to_string(), g.gid));
    let known = known.into_iter().chain(of_groups).collect();
    let groups = members_of("/etc/group").into_iter().collect();
    same("groups against the registry", &groups, &known)
}

fn every_account_has_a_registration(
    accounts: &[Account],
    registrations: &[Registration],
) -> Result<(), String> {
    for account in accounts {
        let own = registrations
            .iter()
            .find(|r| r.id == account.registration_id);
        let stage = own.map(|r| &r.stage);
        let fits = match account.state {
            AccountState::Active => matches!(stage, Some(Stage::Complete)),
            _ => matches!(stage, Some(Stage::Running)),
        };
        if !fits {
            let (name, state) = (&account.username, account.state);
            return Err(format!(
                "account {name} is {state:?}, its registration {stage:?}"
            ));
        }
    }
    Ok(())
}

fn every_registration_has_what_it_says(
    site: &Site<'_>,
    accounts: &[Account],
    registrations: &[Registration],
) -> Result<(), String> {
    for r in registrations {
        let account = accounts.iter().find(|a| a.registration_id == r.id);
        let user = site.in_store(async |store| store.user(r.id).await)?;
        let fits = match r.stage {
            Stage::Complete => {
                account.is_some_and(|a| a.state == AccountState::Active)
                    && user.is_some_and(|u| u.email_proven)
            }
            Stage::Failed { .. } => account.is_none() && user.is_none(),
            Stage::Draft => account.is_none(),
            Stage::Running | Stage::Undoing { .. } => true,
        };
        if !fits {
            let name = &r.username;
            return Err(format!("{name} is {:?}, its account {account:?}", r.stage));
        }
    }
    Ok(())
}

/// A mail may have been sent twice, but never with another token.
fn one_token_for_each(site: &Site<'_>, registrations: &[Registration]) -> Result<(), String> {
    for r in registrations {
        let mails = site.sink.mails_to(&r.email.to_string());
        let tokens: BTreeSet<_> = mails.iter().filter_map(|m| m.token.as_ref()).collect();
        if tokens.len() > 1 {
            return Err(format!(
                "{} got mails with {} tokens",
                r.username,
                tokens.len()
            ));
        }
    }
    Ok(())
}

fn names_in(directory: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|e| e.file_name().to_string_lossy().into_owned())
        .collect()
}

fn homes_are_whole(accounts: &[Account]) -> Result<(), String> {
    let mut homes = names_in("/home");
    homes.remove(".registrar");
    homes.remove("groups");
    let configured = accounts.iter().filter(|a| has_user(a) && a.mail_configured);
    let configured = configured.map(|a| a.username.to_string()).collect();
    same("homes against the registry", &homes, &configured)?;
    let locked = |a: &&Account| a.state == AccountState::Locked && !a.mail_configured;
    let staged = accounts.iter().filter(locked);
    let staged = staged.map(|a| a.registration_id.to_string()).collect();
    same(
        "staged homes",
        &names_in("/home/.registrar/staging"),
        &staged,
    )?;
    let none = BTreeSet::new();
    same("held homes", &names_in("/home/.registrar/held"), &none)?;
    same("the trash", &names_in("/home/.registrar/trash"), &none)
}

fn archives_are_whole(accounts: &[Account]) -> Result<(), String> {
    let archived = accounts
        .iter()
        .filter(|a| a.state == AccountState::Archived);
    let files = archived.flat_map(|a| ["tar", "json"].map(|end| format!("{}.{end}", a.username)));
    let store = names_in("/var/lib/provisiond/archive");
    same("the store of archives", &store, &files.collect())
}

/// Jobs wait only for who may come back, and no others' are in the spools of the host.
fn nothing_starts_of_who_is_shut_out(accounts: &[Account]) -> Result<(), String> {
    let name = |a: &Account| a.username.to_string();
    let active = accounts.iter().filter(|a| a.state == AccountState::Active);
    let active: BTreeSet<String> = active.map(name).collect();
    for spool in SPOOLS {
        let jobs = names_in(spool);
        if let Some(of) = jobs.difference(&active).next() {
            return Err(format!("{spool}: {of} is there"));
        }
    }
    let out = |a: &&Account| matches!(a.state, AccountState::Suspended | AccountState::Archived);
    let out = accounts.iter().filter(out);
    let out: BTreeSet<String> = out.map(|a| a.registration_id.to_string()).collect();
    let waiting = names_in("/var/lib/provisiond/jobs");
    match waiting.difference(&out).next() {
        None => Ok(()),
        Some(of) => Err(format!("jobs wait of {of}, who is not shut out")),
    }
}

fn nobody_gets_in_who_may_not(site: &Site<'_>, accounts: &[Account]) -> Result<(), String> {
    let shadow: BTreeMap<String, Vec<String>> = fs::read_to_string("/etc/shadow")
        .unwrap_or_default()
        .lines()
        .map(|line| {
            let fields: Vec<String> = line.split(':').map(str::to_owned).collect();
            (fields[0].clone(), fields)
        })
        .collect();
    let (mut refused, mut suspended) = (BTreeSet::new(), BTreeSet::new());
    let mut with_keys = BTreeSet::new();
    for account in accounts.iter().filter(|a| has_user(a)) {
        let name = account.username.to_string();
        let Some(entry) = shadow.get(&name) else {
            return Err(format!("{name} has no shadow entry"));
        };
        let active = account.state == AccountState::Active;
        let open = entry[7].is_empty();
        let password = entry[1].starts_with("$2b$");
        if open != active || password != account.has_password {
            return Err(format!(
                "{name} is {:?}: shadow says {entry:?}",
                account.state
            ));
        }
        let view = site.account(&account.username).map_err(|e| e.to_string())?;
        if account.mail_configured && !(view.host.maildir && view.host.neomuttrc) {
            return Err(format!("{name}'s home is not whole: {:?}", view.host));
        }
        if active && account.ssh_key_count > 0 {
            with_keys.insert(name.clone());
        }
        if !active {
            refused.insert(format!("{name}@tilde.test"));
        }
        if account.state == AccountState::Suspended {
            suspended.insert(format!("{name}@tilde.test"));
        }
    }
    // No draft of a key file is left either: its name begins with a dot.
    let keys = names_in("/etc/ssh/registrar_keys");
    same("key files", &keys, &with_keys)?;
    map_says("/etc/postfix/registrar", &refused)?;
    map_says("/etc/postfix/registrar/suspended", &suspended)
}

fn map_says(directory: &str, wanted: &BTreeSet<String>) -> Result<(), String> {
    let map = format!("{directory}/refused_recipients");
    let text = fs::read_to_string(&map).unwrap_or_default();
    let compiled = run("/usr/sbin/postmap", &["-s", &format!("hash:{map}")]);
    for (what, lines) in [("text", text), ("compiled", compiled)] {
        let names = lines
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|key| key.ends_with("@tilde.test"))
            .map(str::to_owned)
            .collect();
        same(&format!("{map}, {what}"), &names, wanted)?;
    }
    Ok(())
}

/// What a program makes on its way to something else is gone.
fn no_scraps() -> Result<(), String> {
    let mut maps = names_in("/etc/postfix/registrar");
    maps.remove("suspended");
    let wanted = ["refused_recipients", "refused_recipients.db"].map(str::to_owned);
    same("Postfix's maps", &maps, &wanted.clone().into())?;
    let maps = names_in("/etc/postfix/registrar/suspended");
    same("Postfix's maps", &maps, &wanted.into())?;
    let state = names_in("/var/lib/provisiond");
    let scraps = state.iter().filter(|n| n.ends_with(".new"));
    same("the state directory", &scraps.collect(), &BTreeSet::new())
}

/// Locks and drafts that a crash leaves are taken away by the next writer of each file; who deletes
/// an account writes all of them.
///
/// # Errors
/// What is left.
pub fn no_scraps_of_the_account_database() -> Result<(), String> {
    let etc = names_in("/etc");
    let scraps = ["passwd", "shadow", "group", "gshadow"].into_iter();
    let mut scraps = scraps.flat_map(|file| [format!("{file}+"), format!("{file}.lock")]);
    match scraps.find(|scrap| etc.contains(scrap)) {
        None => Ok(()),
        Some(scrap) => Err(format!("/etc/{scrap} is left")),
    }
}
