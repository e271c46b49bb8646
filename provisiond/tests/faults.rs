//! What goes wrong on a host beside the daemon: someone holds the account database, a disk is full,
//! the clock jumps. Each delays a call or refuses it for the time being, and loses nothing.
mod support;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use provision_api::{AccountState, ProvisionError};
use provisiond::accounts::ShadowUtils;
use provisiond::clock::Clock;
use provisiond::config::{Config, PasswordPolicy};
use provisiond::journal::Answer;
use provisiond::live::Live;
use provisiond::names::NameRules;
use provisiond::operations::{Host, Operator, Policy, Rulebook};
use provisiond::registry::Store;
use support::daemon::*;
use support::private_host::{PrivateHost, private_host, run};

/// Longer than one run of a tool waits for `.pwd.lock` (`lckpwdf(3)`: 15 s).
const BEYOND_A_TOOL: Duration = Duration::from_secs(17);

#[test]
fn a_pwd_lock_that_is_held_longer_than_a_tool_waits_delays_a_call_and_no_more() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let lock = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open("/etc/.pwd.lock")
            .unwrap();
        let region = nix::libc::flock {
            l_type: nix::libc::F_WRLCK.try_into().unwrap(),
            l_whence: 0,
            l_start: 0,
            l_len: 0,
            l_pid: 0,
        };
        nix::fcntl::fcntl(&lock, nix::fcntl::FcntlArg::F_SETLK(&region)).unwrap();
        std::thread::scope(|scope| {
            let call = create(registration(), "ada", "Ada");
            let change = scope.spawn(move || Caller::new(SUBMIT).change(&call));
            std::thread::sleep(BEYOND_A_TOOL);
            assert!(!change.is_finished(), "the lock did not hold");
            assert_eq!(line_of("/etc/group", "ada"), None);
            drop(lock);
            change.join().unwrap().unwrap();
        });
        assert!(line_of("/etc/passwd", "ada").is_some());
        assert!(daemon.submit().health().ready);
    });
}

#[test]
fn a_passwd_lock_that_a_dead_process_left_is_no_obstacle() {
    private_host(|host| {
        let mut ended = Command::new("/bin/true").spawn().unwrap();
        let dead = ended.id();
        ended.wait().unwrap();
        for file in ["passwd", "shadow", "group", "gshadow"] {
            host.file(format!("/etc/{file}.lock"), format!("{dead}\0"), 0o600);
        }
        let daemon = Daemon::start(host, "");
        let account = daemon.submit().make_active("ada");
        assert_eq!(account.state, AccountState::Active);
        assert!(!Path::new("/etc/passwd.lock").exists());
    });
}

#[test]
fn a_passwd_lock_of_a_living_process_is_waited_for() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let mut holder = Command::new("/bin/sleep").arg("60").spawn().unwrap();
        let text = format!("{}\0", holder.id());
        host.file("/etc/passwd.lock", text, 0o600);
        std::thread::scope(|scope| {
            let call = create(registration(), "ada", "Ada");
            let change = scope.spawn(move || Caller::new(SUBMIT).change(&call));
            std::thread::sleep(Duration::from_secs(3));
            assert!(!change.is_finished(), "the lock did not hold");
            assert_eq!(line_of("/etc/passwd", "ada"), None);
            holder.kill().unwrap();
            holder.wait().unwrap();
            change.join().unwrap().unwrap();
        });
        assert!(daemon.submit().get("ada").unwrap().host.exists);
    });
}

/// Writes until nothing more fits.
fn fill(path: &str) {
    use std::io::Write;
    let mut file = fs::File::create(path).unwrap();
    let mut block = 64 * 1024;
    while block > 0 {
        if file.write_all(&vec![0; block]).is_err() {
            block /= 2;
        }
    }
}

/// What the machine has in `/etc`, on a file system with little room beside it.
fn small_etc(host: &PrivateHost) {
    run("/bin/cp", &["-a", "/etc/.", "/run/etc"]);
    let used = run("/usr/bin/du", &["-sk", "/run/etc"]);
    let used: u32 = used.split_whitespace().next().unwrap().parse().unwrap();
    host.small_file_system(Path::new("/etc"), used + 2_048, 20_000);
    run("/bin/cp", &["-a", "/run/etc/.", "/etc"]);
}

#[test]
fn a_full_etc_is_a_failure_that_leaves_the_account_database_as_it_was() {
    private_host(|host| {
        small_etc(host);
        let daemon = Daemon::start(host, "");
        daemon.submit().make_active("bystander");
        let files = ["/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow"];
        let before = files.map(|file| fs::read(file).unwrap());
        fill("/etc/filler");
        let call = create(registration(), "ada", "Ada");
        let error = daemon.submit().change(&call).unwrap_err();
        assert!(error.is_transient(), "{error}");
        assert_eq!(files.map(|file| fs::read(file).unwrap()), before);
        fs::remove_file("/etc/filler").unwrap();
        daemon.submit().change(&call).unwrap();
        daemon
            .submit()
            .change(&set_password("bystander", OTHER_HASH))
            .unwrap();
        assert!(daemon.submit().health().ready);
    });
}

#[test]
fn a_full_home_is_a_passing_failure_and_nothing_half_is_left() {
    private_host(|host| {
        host.small_file_system(Path::new("/home"), 256, 200);
        let daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        let made = registration();
        submit.change(&create(made, "ada", "Ada")).unwrap();
        fill("/home/filler");
        let error = submit.change(&configure(made, "ada")).unwrap_err();
        assert!(
            matches!(&error, ProvisionError::TemporaryFailure { .. }),
            "{error}"
        );
        let other = create(registration(), "bob", "Bob");
        assert!(submit.change(&other).unwrap_err().is_transient());
        assert!(!Path::new("/home/ada").exists() && !Path::new("/home/bob").exists());
        assert_eq!(line_of("/etc/passwd", "bob"), None);
        fs::remove_file("/home/filler").unwrap();
        submit.change(&configure(made, "ada")).unwrap();
        submit.change(&other).unwrap();
        assert!(submit.get("ada").unwrap().host.maildir);
    });
}

struct HandClock(AtomicI64);

impl Clock for HandClock {
    fn now(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// The daemon's inside, with a clock that the test moves.
fn operator(host: &PrivateHost, clock: &Arc<HandClock>) -> Operator {
    let settings = "[accounts]\ncreate_limit_per_hour = 2\nchange_limit_per_hour = 2\n\
                    [mail]\ndomain = \"tilde.test\"\n";
    let path = host.file("/run/provisiond.toml", settings, 0o600);
    let config = Config::load(&path).unwrap();
    let store = Store::open(&config.state.directory, clock.now()).unwrap();
    let accounts = Box::new(ShadowUtils::new(None));
    let rules = NameRules::new(
        config.reserved_names().unwrap(),
        std::collections::BTreeSet::new(),
        config.accounts.home_root.clone(),
    );
    let policy = Policy {
        uids: 20_000..=59_999,
        shell: "/bin/sh".into(),
        password: PasswordPolicy::Account,
        create_limit_per_hour: config.accounts.create_limit_per_hour,
        change_limit_per_hour: config.accounts.change_limit_per_hour,
        privileged_groups: Vec::new(),
        admin_groups: Vec::new(),
        group_create_limit_per_hour: 2,
        group_change_limit_per_hour: 2,
    };
    let mut operator = Operator::new(
        store,
        Arc::new(Host::new(&config, accounts).unwrap()),
        Arc::new(Live::new(Rulebook {
            rules: Arc::new(rules),
            policy: Arc::new(policy),
        })),
        Arc::<HandClock>::clone(clock),
    );
    operator.recover();
    operator
}

#[test]
fn a_clock_that_jumps_hours_ahead_and_back_locks_nobody_out_and_repeats_nothing() {
    private_host(|host| {
        let clock = Arc::new(HandClock(AtomicI64::new(1_800_000_000)));
        let jump = |hours: i64| clock.0.fetch_add(hours * 3600, Ordering::SeqCst);
        let mut operator = operator(host, &clock);
        let mut change = |call: &_| match operator.change(call, &mut |_| ())? {
            Answer::Account(account) => Ok::<_, ProvisionError>(account),
            other => panic!("{other:?}"),
        };
        jump(10);
        let (ada, bob) = (registration(), registration());
        let first = create(ada, "ada", "Ada");
        let answer = change(&first).unwrap();
        change(&create(bob, "bob", "Bob")).unwrap();
        let refused = create(registration(), "eve", "Eve");
        assert!(matches!(
            change(&refused).unwrap_err(),
            ProvisionError::RateLimited { .. }
        ));
        change(&configure(ada, "ada")).unwrap();
        change(&activate(ada, "ada", Some(HASH), &[])).unwrap();
        change(&set_password("ada", OTHER_HASH)).unwrap();
        change(&set_password("ada", HASH)).unwrap();
        // Back: the hour that counted is not over, it has not come.
        jump(-10);
        change(&refused).unwrap();
        change(&set_password("ada", OTHER_HASH)).unwrap();
        assert_eq!(change(&first).unwrap(), answer, "repeated");
        // Far ahead, even answers are forgotten; the account is not made a second time.
        jump(24 * 30);
        change(&set_password("ada", HASH)).unwrap();
        let again = change(&first).unwrap();
        assert_eq!((again.uid, again.state), (answer.uid, AccountState::Active));
        assert_eq!(shadow_field("ada", 1), HASH);
        let users = fs::read_to_string("/etc/passwd").unwrap();
        assert_eq!(users.matches("\nada:").count(), 1);
    });
}
