//! What `CreateAccount` costs beside a bare groupadd and useradd, with both writers of the account
//! database, with 100, 10,000 and 50,000 accounts on the host and in the registry; and what the
//! daemon itself costs then.
//!
//! On a private host, on tmpfs: processor time, no disk. Ratios are measured in one run.

#![allow(clippy::print_stdout)]

#[path = "../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs;
use std::time::{Duration, Instant};

use provision_api::{AccountState, DisplayName};
use provisiond::journal::{Event, Outcome};
use provisiond::registry::{Record, Store};
use support::daemon::{Daemon, create, registration, user};
use support::private_host::{PrivateHost, private_host, run};

const FIRST_UID: u32 = 100_000;
const ROUNDS: u32 = 9;

fn main() {
    println!("accounts  writer        useradd ms  CreateAccount ms  ratio  start ms  memory MiB");
    for accounts in [100, 10_000, 50_000] {
        for writer in ["shadow-utils", "direct"] {
            private_host(|host| measure(host, accounts, writer));
        }
    }
}

fn measure(host: &PrivateHost, accounts: u32, writer: &str) {
    populate(accounts);
    let settings = format!(
        "[accounts]\nuid_min = 100000\nuid_max = 999999\nwriter = \"{writer}\"\n\
         create_limit_per_hour = 100000\n[log]\nlevel = \"warn\"\n"
    );
    let started = Instant::now();
    let daemon = Daemon::start(host, &settings);
    let start = started.elapsed();
    let memory = resident(daemon.pid());
    let submit = daemon.submit();
    let (mut bare, mut made) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        bare.push(timed(|| add_bare(round)));
        let call = create(registration(), &format!("fresh{round}"), "Fresh Member");
        made.push(timed(|| drop(submit.change(&call).unwrap())));
    }
    let (bare, made) = (median(bare), median(made));
    println!(
        "{accounts:>8}  {writer:<12}  {:>10.1}  {:>16.1}  {:>5.2}  {:>8.0}  {memory:>10.1}",
        bare * 1e3,
        made * 1e3,
        made / bare,
        start.as_secs_f64() * 1e3,
    );
}

/// That many members, as the account database and the registry would know them.
fn populate(accounts: u32) {
    let mut added = [String::new(), String::new(), String::new(), String::new()];
    let mut store = Vec::new();
    for number in 0..accounts {
        let (name, id) = (format!("member{number}"), FIRST_UID + number);
        let [passwd, shadow, group, gshadow] = &mut added;
        writeln!(passwd, "{name}:x:{id}:{id}:Member:/home/{name}:/bin/bash").unwrap();
        writeln!(shadow, "{name}:!:20000:0:99999:7:::").unwrap();
        writeln!(group, "{name}:x:{id}:").unwrap();
        writeln!(gshadow, "{name}:!::").unwrap();
        store.push(Event::Kept(Outcome::Record(Record {
            username: user(&name),
            display_name: DisplayName::parse("Member").unwrap(),
            registration_id: registration(),
            uid: id,
            home: format!("/home/{name}"),
            state: AccountState::Active,
            mail_configured: true,
            ssh_keys: vec![support::daemon::KEY.to_owned()],
            has_password: true,
            created_at: 1,
            activated_at: Some(2),
            recent_changes: Vec::new(),
            recent_names: Vec::new(),
            greeted_at: None,
        })));
    }
    for (file, lines) in ["passwd", "shadow", "group", "gshadow"].iter().zip(&added) {
        let path = format!("/etc/{file}");
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text + lines).unwrap();
    }
    let mut state = Store::open("/var/lib/provisiond".as_ref(), 0).unwrap();
    for event in store {
        state.commit(event).unwrap();
    }
}

fn add_bare(round: u32) {
    let (name, id) = (format!("bare{round}"), (5_000 + round).to_string());
    run("/usr/sbin/groupadd", &["-g", &id, &name]);
    #[rustfmt::skip]
    let arguments = [
        "-M", "-l", "-N", "-u", &id, "-g", &id, "-s", "/bin/bash",
        "-K", "SUB_UID_COUNT=0", "-K", "SUB_GID_COUNT=0", &name,
    ];
    run("/usr/sbin/useradd", &arguments);
}

fn timed(work: impl FnOnce()) -> Duration {
    let started = Instant::now();
    work();
    started.elapsed()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64()
}

/// Resident memory in MiB.
fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    let kib: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024.0
}
