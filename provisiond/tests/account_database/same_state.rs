//! What both leave is the same, byte for byte.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use provision_api::BcryptHash;
use provisiond::accounts::{AccountError, PasswordField};

use crate::support::daemon::{HASH, user};
use crate::support::private_host::{PrivateHost, private_host};
use crate::{FILES, SHORT, UID, Writer, assert_no_litter, make, make_ada};

/// Content, mode and owner of the files and of their backups, without the day of shadow(5)'s last
/// change.
fn whole_state() -> String {
    let mut state = String::new();
    for file in FILES
        .iter()
        .flat_map(|f| [(*f).to_owned(), format!("{f}-")])
    {
        let meta = fs::metadata(&file).unwrap();
        state += &format!("{file} {:o} {}:{}\n", meta.mode(), meta.uid(), meta.gid());
        for line in fs::read_to_string(&file).unwrap().split_inclusive('\n') {
            let mut fields: Vec<&str> = line.split(':').collect();
            if file.starts_with("/etc/shadow") && fields.len() == 9 {
                fields[2] = "DAY";
            }
            state += &fields.join(":");
        }
    }
    state
}

/// The life of some accounts, and the state after each step.
fn states_of_a_life(writer: Writer) -> Vec<String> {
    let accounts = writer.open(SHORT);
    let (ada, bob) = (user("ada"), user("bob"));
    let hash = BcryptHash::parse(HASH).unwrap();
    let mut states = Vec::new();
    let mut step = |result: Result<(), AccountError>| {
        result.unwrap();
        states.push(whole_state());
        assert_no_litter();
    };
    step(make(accounts.as_ref(), &ada, UID, "Ada Lovelace"));
    step(make(accounts.as_ref(), &bob, UID + 1, "Борис, π `$(id)`"));
    step(make(accounts.as_ref(), &bob, UID + 1, "Борис, π `$(id)`"));
    step(accounts.set_password(&ada, PasswordField::Hash(&hash)));
    step(accounts.set_expired(&ada, false));
    step(accounts.set_password(&bob, PasswordField::Impossible));
    step(accounts.set_expired(&bob, false));
    step(accounts.set_expired(&bob, true));
    step(accounts.set_password(&bob, PasswordField::Locked));
    step(accounts.delete(&ada, UID));
    states
}

fn assert_same_life(prepare: impl Fn(&PrivateHost) + Send + Sync) {
    let mut lives = Vec::new();
    for writer in Writer::BOTH {
        private_host(|host| {
            // Both begin with backups of the same content.
            make_ada(Writer::ShadowUtils.open(SHORT).as_ref()).unwrap();
            Writer::ShadowUtils
                .open(SHORT)
                .delete(&user("ada"), UID)
                .unwrap();
            prepare(host);
            lives.push(states_of_a_life(writer));
        });
    }
    // On a machine without private hosts there is nothing to compare.
    if let [tools, direct] = lives.as_slice() {
        for (step, (tools, direct)) in tools.iter().zip(direct).enumerate() {
            assert!(
                tools == direct,
                "after step {step}:\n{}",
                difference(tools, direct)
            );
        }
        assert!(tools.iter().any(|state| state.contains(HASH)));
    }
}

fn difference(one: &str, other: &str) -> String {
    let only = |from: &str, in_other: &str, sign: &str| {
        from.lines()
            .filter(|line| !in_other.lines().any(|l| l == *line))
            .map(|line| format!("{sign} {line}\n"))
            .collect::<String>()
    };
    only(one, other, "-") + &only(other, one, "+")
}

#[test]
fn both_writers_leave_the_same_bytes_modes_and_owners_at_every_step() {
    assert_same_life(|_| ());
}

#[test]
fn unusual_modes_and_owners_are_kept() {
    assert_same_life(|_| {
        for (file, mode, gid) in [
            ("/etc/passwd", 0o664, 4),
            ("/etc/shadow", 0o600, 0),
            ("/etc/group", 0o444, 4),
            ("/etc/gshadow", 0o640, 42),
        ] {
            chown(file, Some(0), Some(gid)).unwrap();
            fs::set_permissions(file, fs::Permissions::from_mode(mode)).unwrap();
        }
    });
}

#[test]
fn lines_that_nobody_asked_about_stay_as_they_are() {
    let append = |file: &str, text: &str| {
        let mut file = OpenOptions::new().append(true).open(file).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    assert_same_life(|_| {
        append("/etc/passwd", "# a comment\nodd:x:5000:100:\n");
        append("/etc/shadow", "odd:!:1:::::\n");
        // NIS comes last: what follows it would not be found.
        append("/etc/passwd", "+nisuser::::::\n+::::::\n");
        append("/etc/group", "+:::\n");
    });
}

#[test]
fn a_last_line_without_an_end_gets_one_and_stays_a_line_of_its_own() {
    assert_same_life(|_| {
        for file in FILES {
            let text = fs::read_to_string(file).unwrap();
            fs::write(file, text.trim_end()).unwrap();
        }
    });
    assert_same_life(|_| {
        for file in ["/etc/passwd", "/etc/group"] {
            let text = fs::read_to_string(file).unwrap();
            fs::write(file, text + "+:::").unwrap();
        }
    });
}
