//! Which names can be given to a new account.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use provision_api::{AccountState, GroupName, RegistrationId, Username, is_reserved};

use crate::accounts::{AccountDatabase, AccountError};
use crate::journal::{JournalError, Work};
use crate::registry::Registry;

/// Why nobody can say whether a name is free.
#[derive(Debug, thiserror::Error)]
pub enum NameError {
    /// The account database.
    #[error(transparent)]
    Accounts(#[from] AccountError),
    /// The registry.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// The rules that need the host.
#[derive(Clone, Debug)]
pub struct NameRules {
    /// Reserved by this host's admin.
    pub reserved: BTreeSet<String>,
    /// Groups whose members have power here, whether they exist yet or not: an account brings a
    /// group of its own name, so it would own that power.
    pub privileged: BTreeSet<String>,
    /// Where homes are: one that is there already belongs to someone.
    pub home_root: PathBuf,
    /// aliases(5).
    pub aliases: PathBuf,
    /// Directories of sysusers.d(5).
    pub sysusers: Vec<PathBuf>,
}

impl NameRules {
    /// The rules with the usual places.
    #[must_use]
    pub fn new(
        reserved: BTreeSet<String>,
        privileged: BTreeSet<String>,
        home_root: PathBuf,
    ) -> Self {
        let sysusers = ["/etc/sysusers.d", "/run/sysusers.d", "/usr/lib/sysusers.d"];
        Self {
            reserved,
            privileged,
            home_root,
            aliases: "/etc/aliases".into(),
            sysusers: sysusers.map(PathBuf::from).to_vec(),
        }
    }

    /// Why a new account for `registration` can't have the name, or `None`. Without a registration:
    /// why nothing new can, a group neither.
    ///
    /// # Errors
    /// The account database or the registry can't be read.
    pub fn refusal(
        &self,
        name: &Username,
        registration: Option<RegistrationId>,
        registry: &Registry,
        host: &dyn AccountDatabase,
    ) -> Result<Option<String>, NameError> {
        let state = registry.state(name);
        if state.is_some_and(|s| s != AccountState::Removed) {
            let own = match registration {
                Some(registration) => registry.is_of(name, registration)?,
                None => false,
            };
            return Ok((!own).then(|| format!("{name} is taken by another account")));
        }
        if let Some(intent) = registry.intent(name)
            && matches!(intent.work, Work::Create { .. })
        {
            let own = registration == Some(intent.registration_id);
            return Ok((!own).then(|| format!("{name} is being given to another account")));
        }
        if let Some(reason) = group_refusal(name, registry) {
            return Ok(Some(reason));
        }
        if let Some(reason) = self.static_refusal(name) {
            return Ok(Some(reason));
        }
        if state == Some(AccountState::Removed) {
            return Ok(Some(format!(
                "{name} belonged to someone who left, and is not given out again"
            )));
        }
        Ok(self.host_refusal(name, host)?)
    }

    fn static_refusal(&self, name: &Username) -> Option<String> {
        if is_reserved(name) {
            return Some(format!("{name} is reserved on every host"));
        }
        if self.reserved.contains(name.as_str()) {
            return Some(format!("{name} is reserved by this host's admins"));
        }
        if self.privileged.contains(name.as_str()) {
            return Some(format!("{name} is a group with privileges on this host"));
        }
        if aliases_name(&self.aliases, name) {
            return Some(format!("{name} is a mail alias of this host"));
        }
        if self.sysusers.iter().any(|d| sysusers_name(d, name)) {
            return Some(format!("{name} is kept for a system user (sysusers.d)"));
        }
        None
    }

    /// What the host itself says; asked once more right before a user is made.
    ///
    /// # Errors
    /// The account database can't be read.
    pub fn host_refusal(
        &self,
        name: &Username,
        host: &dyn AccountDatabase,
    ) -> Result<Option<String>, AccountError> {
        if let Some(kind) = host.name_in_use(name)? {
            return Ok(Some(format!("{name} is the name of a {kind} of this host")));
        }
        let home = self.home_root.join(name.as_str());
        if std::fs::symlink_metadata(home).is_ok() {
            return Ok(Some(format!("a home called {name} is there already")));
        }
        Ok(None)
    }
}

/// Why a group of provisiond's keeps the name from anyone else: one namespace.
fn group_refusal(name: &Username, registry: &Registry) -> Option<String> {
    let (name, groups) = (GroupName::from(name.clone()), registry.groups());
    if groups.get(&name).is_some() {
        return Some(format!("{name} is taken by a group"));
    }
    if groups.is_buried(&name) {
        let why = "belonged to a group that is gone, and is not given out again";
        return Some(format!("{name} {why}"));
    }
    groups
        .intent(&name)
        .map(|_| format!("{name} is being given to a group"))
}

/// Whether aliases(5) defines the name; names there are case-insensitive.
fn aliases_name(file: &Path, name: &Username) -> bool {
    let Ok(text) = std::fs::read(file) else {
        return false;
    };
    String::from_utf8_lossy(&text)
        .lines()
        .filter(|line| !line.starts_with(['#', ' ', '\t']))
        .filter_map(|line| line.split_once(':'))
        .any(|(alias, _)| {
            alias
                .trim()
                .trim_matches('"')
                .eq_ignore_ascii_case(name.as_str())
        })
}

/// Whether a file of sysusers.d(5) makes a user or group of that name.
fn sysusers_name(directory: &Path, name: &Username) -> bool {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return false;
    };
    entries
        .flatten()
        .filter(|e| e.path().extension().is_some_and(|x| x == "conf"))
        .filter_map(|e| std::fs::read_to_string(e.path()).ok())
        .any(|text| {
            text.lines().any(|line| {
                let mut words = line.split_whitespace();
                let kind = words.next().unwrap_or_default();
                kind.starts_with(['u', 'g', 'm']) && words.next() == Some(name.as_str())
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_and_sysusers_reserve_their_names_and_say_which_rule_it_was() {
        let directory = tempfile::tempdir().unwrap();
        let aliases = directory.path().join("aliases");
        std::fs::write(&aliases, "# x\nCrew: a@b\n\"quoted\": c\n gone: d\n").unwrap();
        std::fs::write(
            directory.path().join("a.conf"),
            "u! pump 12 \"Pump\"\ng waders -\n# u nobodyhere\nr - 5-6\n",
        )
        .unwrap();
        let rules = NameRules {
            reserved: BTreeSet::from(["keeper".to_owned()]),
            privileged: BTreeSet::from(["tenders".to_owned()]),
            home_root: "/nonexistent".into(),
            aliases,
            sysusers: vec![directory.path().to_owned()],
        };
        for (name, rule) in [
            ("crew", "alias"),
            ("quoted", "alias"),
            ("pump", "sysusers.d"),
            ("waders", "sysusers.d"),
            ("keeper", "admins"),
            ("tenders", "privileges"),
            ("postmaster", "every host"),
        ] {
            let name = Username::parse(name).unwrap();
            let reason = rules.static_refusal(&name).unwrap();
            assert!(
                reason.contains(rule) && reason.contains(name.as_str()),
                "{reason}"
            );
        }
        for name in ["gone", "nobodyhere", "alice"] {
            assert_eq!(rules.static_refusal(&Username::parse(name).unwrap()), None);
        }
    }
}
