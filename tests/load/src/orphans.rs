//! What the host's own files say after a batch: every account has a registration, every
//! registration an account. For a host whose every registration came from this program.

use std::collections::BTreeSet;
use std::fs;
use std::ops::RangeInclusive;
use std::path::Path;

use crate::client::Client;

/// The uids that provisiond gives out by default (`accounts.uid_min` and `accounts.uid_max`).
const UIDS: RangeInclusive<u32> = 20_000..=59_999;

/// Lines that say what is wrong; none if all is well. `registered` are the names of all
/// registrations that came as far as an account.
pub(crate) async fn find(client: &Client, registered: &BTreeSet<String>) -> Vec<String> {
    let mut wrong = Vec::new();
    let users = names("/etc/passwd", |id| UIDS.contains(&id));
    let groups = names("/etc/group", |id| UIDS.contains(&id));
    // These have no number in the third field; every line counts.
    let shadow = names("/etc/shadow", |_| true);
    for name in registered {
        for (what, there) in [
            ("user", users.contains(name)),
            ("group", groups.contains(name)),
            ("shadow entry", shadow.contains(name)),
            ("home", Path::new("/home").join(name).is_dir()),
        ] {
            if !there {
                wrong.push(format!("the registration {name} has no {what}"));
            }
        }
    }
    for name in users.union(&groups) {
        if registered.contains(name) {
            continue;
        }
        match client.is_registered(name).await {
            Ok(true) => {}
            Ok(false) => wrong.push(format!("the account {name} has no registration")),
            Err(why) => wrong.push(why),
        }
    }
    let homes = fs::read_dir("/home").into_iter().flatten().flatten();
    for home in homes {
        let name = home.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !users.contains(&name) {
            wrong.push(format!("the home {name} has no user"));
        }
    }
    wrong
}

fn names(file: &str, wanted: impl Fn(u32) -> bool) -> BTreeSet<String> {
    let text = fs::read_to_string(file).unwrap_or_default();
    text.lines()
        .filter(|line| {
            let id = line.split(':').nth(2).and_then(|id| id.parse().ok());
            wanted(id.unwrap_or_default())
        })
        .filter_map(|line| line.split(':').next())
        .map(str::to_owned)
        .collect()
}
