//! Holes that root daemons like this one had, each shut here, tried from the socket's side. What
//! members can do from their homes is tried in the tests of homes and removal.
mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use nix::unistd::Pid;
use provision_api::Method;
use serde_json::json;
use support::daemon::*;
use support::private_host::{PrivateHost, private_host, run};
use support::snapshot::{Snapshot, assert_well};
use support::tools;
use support::wire::{WEB, Wire, add_web_user, connect_as, error_of};

/// A whole life: made, configured, activated, changed, suspended, resumed, and gone; beside it one
/// that was never active.
fn whole_life(daemon: &Daemon, name: &str, display_name: &str) {
    let (submit, admin) = (daemon.submit(), daemon.admin());
    let registration = registration();
    for call in [
        create(registration, name, display_name),
        configure(registration, name),
        activate(registration, name, Some(HASH), &[KEY]),
        set_password(name, OTHER_HASH),
        set_keys(name, &[]),
        set_keys(name, &[KEY]),
    ] {
        submit.change(&call).unwrap();
    }
    assert_eq!(shadow_field(name, 1), OTHER_HASH);
    for verb in [
        Method::SuspendAccount,
        Method::ResumeAccount,
        Method::SuspendAccount,
        Method::RemoveAccount,
    ] {
        admin.change(&on(verb, name)).unwrap();
    }
    assert_eq!(line_of("/etc/passwd", name), None);

    let other = support::daemon::registration();
    let name = format!("{name}-two");
    submit.change(&create(other, &name, display_name)).unwrap();
    submit.change(&configure(other, &name)).unwrap();
    submit.change(&discard(other, &name)).unwrap();
}

/// All files below a directory, as text.
fn files_below(dir: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &files_below(&path);
        } else {
            text += &String::from_utf8_lossy(&fs::read(path).unwrap());
        }
    }
    text
}

#[test]
fn accountsservice_cve_2012_6655_no_secret_is_ever_on_an_argument_list() {
    private_host(|host| {
        tools::wrap(host);
        tools::wrap_one(host, "postmap");
        let daemon = Daemon::start(host, "");
        whole_life(&daemon, "ada", "Ada Lovelace");

        let arguments = tools::arguments();
        for called in [
            "groupadd -g",
            "useradd -M -l -N",
            "chpasswd -e\n",
            "usermod -e",
            "userdel -- ada",
            "postmap ",
        ] {
            assert!(arguments.contains(called), "{called} in {arguments}");
        }
        let environments = tools::environments();
        assert!(environments.contains("LC_ALL=C.UTF-8"));
        let kept = files_below(Path::new("/var/lib/provisiond"));
        assert!(kept.contains("\"ada\""));
        // Backups of shadow hold the hash, as shadow does; they are nobody's to read.
        for text in [arguments, environments, kept, daemon.log()] {
            for hash in [HASH, OTHER_HASH] {
                assert!(!text.contains("$2b$"), "{text}");
                assert!(
                    !text.contains(&hash[7..29]) && !text.contains(&hash[29..]),
                    "{text}"
                );
            }
        }
        let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        assert_eq!(mode("/var/lib/provisiond"), 0o700);
        assert_eq!(mode("/var/lib/provisiond/journal"), 0o600);
    });
}

/// Users and the groups that let them past the sockets' modes.
fn strangers(host: &PrivateHost) {
    add_web_user(host);
    host.add_user("stranger", 902);
    host.add_user("keeper", 903);
    run("/usr/sbin/groupadd", &["-g", "904", "registrar-admin"]);
    run("/usr/sbin/usermod", &["-aG", "registrar-admin", "keeper"]);
}

#[test]
fn accountsservice_cve_2012_2737_uid_race() {
    private_host(|host| {
        strangers(host);
        let daemon = Daemon::start(host, "");
        daemon.submit().make_active("ada");
        let before = Snapshot::take();
        let suspend = |wire: &mut Wire| wire.call("SuspendAccount", json!({"username": "ada"}));

        // The process that connected has ended, and root holds the socket now: a look at whoever
        // has it, at the time of the call, would find uid 0. What counts is who connected.
        for uid in [WEB, 902] {
            let pid = Pid::from_raw(daemon.pid().try_into().unwrap());
            kill(pid, Signal::SIGSTOP).unwrap();
            let mut wire = Wire::new(connect_as(uid, 904, ADMIN).unwrap());
            kill(pid, Signal::SIGCONT).unwrap();
            let reply = suspend(&mut wire);
            assert_eq!(error_of(&reply), "NotPermitted", "{uid}: {reply}");
        }
        // The other way round: the rights of the one who connected don't end with the process.
        let mut wire = Wire::new(connect_as(903, 904, ADMIN).unwrap());
        assert!(wire.is_ready());
        // On the socket of the web user it is root who calls, and is offered no more than others.
        let reply = suspend(&mut Wire::root(SUBMIT));
        assert_eq!(error_of(&reply), "NotPermitted", "{reply}");
        before.assert_same();
        assert_well(&daemon);
    });
}

#[test]
fn polkit_cve_2013_4288_a_peer_that_turns_into_a_root_process_is_still_who_it_was() {
    private_host(|host| {
        strangers(host);
        let daemon = Daemon::start(host, "");
        daemon.submit().make_active("ada");
        // A program with the setuid bit of root, on a file system where the bit counts.
        fs::copy("/usr/bin/sleep", "/etc/setuid-sleep").unwrap();
        fs::set_permissions("/etc/setuid-sleep", fs::Permissions::from_mode(0o4755)).unwrap();
        let before = Snapshot::take();

        // The daemon looks at its peers late, as it may: until then it is made to stand still.
        let pid = Pid::from_raw(daemon.pid().try_into().unwrap());
        kill(pid, Signal::SIGSTOP).unwrap();
        let flags = SockFlag::SOCK_CLOEXEC;
        let own = socket(AddressFamily::Unix, SockType::Stream, flags, None).unwrap();
        let mut peer = Command::new("/usr/bin/perl")
            .args(["-MSocket", "-e"])
            .arg(
                "connect(STDIN, pack_sockaddr_un($ARGV[0])) or die \"$!\"; \
                 exec '/etc/setuid-sleep', '600'",
            )
            .arg(ADMIN)
            .uid(902)
            .gid(904)
            .stdin(Stdio::from(own.try_clone().unwrap()))
            .spawn()
            .unwrap();
        let status = format!("/proc/{}/status", peer.id());
        let started = Instant::now();
        // Now the process that connected is root's, as anyone sees who asks by its number.
        while !fs::read_to_string(&status)
            .unwrap()
            .contains("Uid:\t902\t0\t0\t0")
        {
            assert!(
                started.elapsed() < Duration::from_secs(10),
                "no root process"
            );
            std::thread::sleep(Duration::from_millis(2));
        }
        kill(pid, Signal::SIGCONT).unwrap();
        let mut wire = Wire::new(own.into());
        let reply = wire.call("RemoveAccount", json!({"username": "ada"}));
        peer.kill().unwrap();
        peer.wait().unwrap();
        assert_eq!(error_of(&reply), "NotPermitted", "{reply}");
        before.assert_same();
        assert_well(&daemon);
    });
}

/// In place of every shell of the host: notes that it was started, and by what words.
fn trap_shells(host: &PrivateHost) {
    fs::copy("/bin/dash", "/run/the-shell").unwrap();
    let trap = "#!/run/the-shell\necho \"shell: $0 $*\" >> /run/shells.log\nexit 1\n";
    let trap = host.file("/run/shell-trap", trap, 0o755);
    host.file("/run/shells.log", "", 0o666);
    let shells = [
        "/bin/dash",
        "/bin/bash",
        "/bin/busybox",
        "/usr/bin/perl",
        "/usr/bin/env",
    ];
    for shell in shells.iter().filter(|path| Path::new(path).exists()) {
        let shell = fs::canonicalize(shell).unwrap();
        mount(
            Some(&trap),
            &shell,
            None::<&str>,
            MsFlags::MS_BIND,
            None::<&str>,
        )
        .unwrap();
    }
}

#[test]
fn cockpit_cve_2026_4802_command_string() {
    private_host(|host| {
        let daemon = Daemon::start(host, "[accounts]\ncreate_limit_per_hour = 100\n");
        host.directory("/run/canary", 0o777);
        trap_shells(host);
        // The trap works: system(3) of any program would go there.
        assert!(
            !Command::new("/bin/sh")
                .args(["-c", "true"])
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(
            fs::read_to_string("/run/shells.log").unwrap(),
            "shell: /bin/sh -c true\n"
        );
        fs::write("/run/shells.log", "").unwrap();

        let names = [
            "; touch /run/canary/a;",
            "$(touch /run/canary/b)",
            "`touch /run/canary/c`",
            "| touch /run/canary/d",
            "&& touch /run/canary/e",
            "' ; touch /run/canary/f ; '",
            "\" ; touch /run/canary/g ; \"",
            "> /run/canary/h",
            "${IFS}touch${IFS}/run/canary/i",
            "-K MAIL_DIR=/run/canary",
            "--root=/run/canary",
            "%s%n ~root * ? [a] {a,b} !! #",
        ];
        for (number, display_name) in names.iter().enumerate() {
            whole_life(&daemon, &format!("ada{number}"), display_name);
        }
        // As a name of an account such a text does not get as far as any program.
        let mut wire = Wire::root(SUBMIT);
        for name in names {
            let own = registration().to_string();
            let call = json!({"username": name, "registrationId": own, "displayName": "Ada"});
            let reply = wire.call("CreateAccount", call);
            assert_eq!(error_of(&reply), "InvalidArgument", "{reply}");
        }
        assert_eq!(fs::read_to_string("/run/shells.log").unwrap(), "");
        assert_eq!(fs::read_dir("/run/canary").unwrap().count(), 0);
        assert_well(&daemon);
    });
}
