//! What both writers of the account database promise, over shadow-utils and of our own. Each test
//! runs once for each, on a private host of its own.
mod in_use;
mod locks;
mod same_state;
#[path = "../support/mod.rs"]
mod support;
mod trouble;

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use provision_api::Username;
use provisiond::accounts::{AccountDatabase, AccountError, Direct, NewUser, ShadowUtils};
use provisiond::clock::SystemClock;
use support::daemon::user;
use support::private_host::{PrivateHost, private_host};

const FILES: [&str; 4] = ["/etc/passwd", "/etc/shadow", "/etc/group", "/etc/gshadow"];
const UID: u32 = 45_001;
/// How long a writer tries while others hold the locks, in tests that want it to give up.
const SHORT: Duration = Duration::from_millis(300);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    ShadowUtils,
    Direct,
}

impl Writer {
    const BOTH: [Self; 2] = [Self::ShadowUtils, Self::Direct];

    fn open(self, patience: Duration) -> Box<dyn AccountDatabase> {
        let tools = ShadowUtils::new(None).with_patience(patience);
        match self {
            Self::ShadowUtils => Box::new(tools),
            Self::Direct => {
                let direct = Direct::new(tools, Arc::new(SystemClock)).unwrap();
                Box::new(direct.with_patience(patience))
            }
        }
    }
}

/// Runs the test for both writers.
fn both(test: impl Fn(&PrivateHost, Writer) + Send + Sync) {
    for writer in Writer::BOTH {
        private_host(|host| test(host, writer));
    }
}

fn make(
    accounts: &dyn AccountDatabase,
    name: &Username,
    uid: u32,
    gecos: &str,
) -> Result<(), AccountError> {
    let home = format!("/home/{name}");
    let new = NewUser {
        username: name,
        uid,
        gecos,
        home: &home,
        shell: "/bin/bash",
    };
    accounts.create_group(&new)?;
    accounts.create_user(&new)
}

fn make_ada(accounts: &dyn AccountDatabase) -> Result<(), AccountError> {
    make(accounts, &user("ada"), UID, "Ada")
}

fn contents() -> [Vec<u8>; 4] {
    FILES.map(|file| fs::read(file).unwrap())
}

/// What pwck(8) and grpck(8) find fault with; homes that are not there aside.
fn complaints() -> String {
    let says = |tool: &str, arguments: &[&str]| {
        let output = Command::new(tool).args(arguments).output().unwrap();
        format!(
            "{:?}\n{}{}",
            output.status.code(),
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        )
    };
    says("/usr/sbin/pwck", &["-r", "-q"]) + &says("/usr/sbin/grpck", &["-r"])
}

/// Nothing but the four files, their backups and `.pwd.lock`: no lock, no draft.
fn assert_no_litter() {
    for entry in fs::read_dir("/etc").unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let of_database = ["passwd", "shadow", "group", "gshadow"]
            .iter()
            .find_map(|file| name.strip_prefix(file));
        assert!(
            of_database.is_none_or(|rest| matches!(rest, "" | "-")),
            "{name}"
        );
    }
}
