//! What a service manager and an admin see: activation, notification, the command line, a disk
//! that is full.
mod support;

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::time::Duration;

use provision_api::ProvisionError;
use support::daemon::*;
use support::private_host::{has_program, private_host};

const PROVISIOND: &str = env!("CARGO_BIN_EXE_provisiond");

fn told(socket: &UnixDatagram) -> String {
    let mut buffer = [0; 4096];
    let length = socket.recv(&mut buffer).expect("a notification");
    String::from_utf8_lossy(&buffer[..length]).into_owned()
}

#[test]
fn sockets_of_the_service_manager_are_taken_and_it_is_told_of_start_life_and_stop() {
    private_host(|host| {
        if !has_program("/usr/bin/python3", "python3") {
            return;
        }
        let manager = UnixDatagram::bind("/run/notify").unwrap();
        manager
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        host.directory("/run/given", 0o755);
        // Listens as systemd does, and becomes the daemon.
        let script = "import os,socket,sys\n\
            for fd,name in ((3,'submit'),(4,'admin')):\n\
            \x20 s=socket.socket(socket.AF_UNIX); s.bind('/run/given/'+name); s.listen()\n\
            \x20 os.dup2(s.fileno(),fd); os.set_inheritable(fd,True)\n\
            \x20 if s.fileno()!=fd: s.close()\n\
            \x20 else: s.detach()\n\
            os.environ.update(LISTEN_PID=str(os.getpid()),LISTEN_FDS='2',LISTEN_FDNAMES='submit:admin')\n\
            os.execv(sys.argv[1],sys.argv[1:])";
        let config = host.file("/run/provisiond.toml", "", 0o600);
        let mut child = Command::new("/usr/bin/python3")
            .args(["-c", script, PROVISIOND, "--config"])
            .arg(config)
            .env("NOTIFY_SOCKET", "/run/notify")
            .env("WATCHDOG_USEC", "200000")
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Before it is ready it may ask for time; each of these ends by the manager's patience.
        while !told(&manager).contains("READY=1\n") {}
        while !told(&manager).contains("WATCHDOG=1") {}
        while !told(&manager).contains("WATCHDOG=1") {}
        let submit = Caller::new("/run/given/submit");
        assert!(submit.health().ready);
        submit.make_active("ada");
        while told(&manager) != "STATUS=1 accounts active\n" {}
        assert_eq!(
            Caller::new("/run/given/admin").list(None, 1).accounts.len(),
            1
        );
        assert!(!fs::exists(SUBMIT).unwrap(), "it made a socket of its own");

        let pid = nix::unistd::Pid::from_raw(child.id().try_into().unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        while !told(&manager).contains("STOPPING=1") {}
        assert!(child.wait().unwrap().success());
    });
}

#[test]
fn journald_gets_the_fields_that_admins_search_by() {
    private_host(|host| {
        host.directory("/run/systemd/journal", 0o755);
        let journal = UnixDatagram::bind("/run/systemd/journal/socket").unwrap();
        let wait = Some(Duration::from_secs(10));
        journal.set_read_timeout(wait).unwrap();
        let config = host.file("/run/provisiond.toml", "", 0o600);
        let mut child = Command::new(PROVISIOND)
            .arg("--config")
            .arg(config)
            .env("JOURNAL_STREAM", "1:1")
            .spawn()
            .unwrap();
        // Read at once: a full queue would make the daemon wait, as a slow journald does.
        let reading = std::thread::spawn(move || {
            let mut entries: Vec<String> = Vec::new();
            let mut buffer = vec![0; 65_536];
            while !entries.last().is_some_and(|e| e.contains("answered")) {
                let Ok(length) = journal.recv(&mut buffer) else {
                    break;
                };
                entries.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
            entries
        });
        while std::os::unix::net::UnixStream::connect(SUBMIT).is_err() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let registration = registration();
        let call = create(registration, "ada", "Ada");
        Caller::new(SUBMIT).change(&call).unwrap();
        let entries = reading.join().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        let step = entries
            .iter()
            .find(|e| e.contains("group") && e.contains("done"))
            .unwrap_or_else(|| panic!("no entry of that step in {entries:#?}"));
        for (field, value) in [
            ("REQUEST_ID", call.request_id().to_string()),
            ("REGISTRATION_ID", registration.to_string()),
            ("USERNAME", "ada".to_owned()),
            ("STEP", "group".to_owned()),
            ("SYSLOG_IDENTIFIER", "provisiond".to_owned()),
        ] {
            let named = step
                .lines()
                .any(|l| l == field || l.starts_with(&format!("{field}=")));
            assert!(named && step.contains(&value), "{field} in {step}");
        }
    });
}

#[test]
fn a_wrong_configuration_is_told_with_file_line_and_key() {
    private_host(|host| {
        let config = host.file(
            "/run/provisiond.toml",
            "[accounts]\nuid_min = 20000\nuid_maxx = 3\n",
            0o600,
        );
        let run = |arguments: &[&str]| {
            let output = Command::new(PROVISIOND).args(arguments).output().unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned()
                + &String::from_utf8_lossy(&output.stderr);
            (output.status.code(), text)
        };
        let path = config.to_str().unwrap();
        let (code, text) = run(&["--config", path, "--check-config"]);
        assert_eq!(code, Some(78), "{text}");
        for part in [path, "3", "uid_maxx", "uid_max"] {
            assert!(text.contains(part), "{part} is missing: {text}");
        }
        fs::write(&config, "[accounts]\nuid_max = 65534\n").unwrap();
        let (code, text) = run(&["--config", path, "--check-config"]);
        assert_eq!(code, Some(78));
        assert!(text.contains("accounts.uid_max"), "{text}");
        fs::write(&config, "").unwrap();
        assert_eq!(run(&["--config", path, "--check-config"]).0, Some(0));
        assert_eq!(run(&["--frobnicate"]).0, Some(2));
        assert!(run(&["--version"]).1.starts_with("provisiond 0."));
        assert!(run(&["--help"]).1.contains("--check-config"));
    });
}

#[test]
fn a_check_of_the_configuration_finds_a_shell_that_nobody_can_run_and_names_users_that_are_not_there()
 {
    private_host(|host| {
        host.file("/run/secret-shell", "#!/bin/sh\n", 0o700);
        let check = |settings: &str| {
            let config = host.file("/run/checked.toml", settings, 0o600);
            let output = Command::new(PROVISIOND)
                .args(["--check-config", "--config"])
                .arg(config)
                .output()
                .unwrap();
            let said = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8(said).unwrap())
        };
        for (shell, why) in [
            ("/bin/no-such-shell", "is not there"),
            ("/run", "is no file"),
            ("/run/secret-shell", "can't be executed"),
        ] {
            let (code, said) = check(&format!("[accounts]\nshell = \"{shell}\"\n"));
            assert_eq!(code, Some(78), "{said}");
            for part in ["accounts.shell", shell, why] {
                assert!(said.contains(part), "{part}: {said}");
            }
        }
        // It may be made later, so this is no mistake.
        let settings = "[sockets]\nsubmit_users = [\"root\", \"no-such-user\"]\n\
                        admin_groups = [\"root\", \"no-such-group\"]\n";
        let (code, said) = check(settings);
        assert_eq!(code, Some(0), "{said}");
        for part in [
            "submit_users: this host has no user no-such-user",
            "no-such-group",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(said.matches("warning: ").count(), 2, "{said}");
    });
}

#[test]
fn a_full_disk_is_a_passing_failure_and_loses_nothing() {
    private_host(|host| {
        let state = std::path::Path::new("/var/lib/provisiond");
        host.small_file_system(state, 64, 100);
        host.directory(state, 0o700);
        let mut daemon = Daemon::start(host, "");
        let submit = daemon.submit();
        submit.make_active("ada");
        fs::write(state.join("filler"), vec![0; 1 << 20]).unwrap_err();
        let call = create(registration(), "bob", "Bob");
        // What fits into the last started page still goes; then the disk is full.
        let mut failure = None;
        for number in 0..40 {
            let name = format!("user{number}");
            if let Err(error) = submit.change(&create(registration(), &name, "Name")) {
                failure = Some(error);
                break;
            }
        }
        let failure = failure.expect("the disk to be full");
        assert!(
            matches!(&failure, ProvisionError::TemporaryFailure { step, .. } if step == "record"),
            "{failure}"
        );
        assert!(submit.change(&call).unwrap_err().is_transient());
        fs::remove_file(state.join("filler")).unwrap();
        submit.change(&call).unwrap();
        daemon.kill();
        daemon.start_again();
        let accounts = daemon.admin().list(None, 100).accounts;
        let made = fs::read_to_string("/etc/passwd").unwrap();
        let made = made
            .lines()
            .filter(|l| l.contains(":/home/") && l.contains(":2000"))
            .count();
        assert_eq!(accounts.len(), made);
        assert!(daemon.submit().health().ready);
    });
}

#[test]
fn a_second_daemon_waits_for_the_first_and_does_not_touch_its_sockets() {
    private_host(|host| {
        let daemon = Daemon::start(host, "");
        let mut second = Command::new(PROVISIOND)
            .args(["--config", "/run/provisiond.toml"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert!(second.try_wait().unwrap().is_none());
        assert!(daemon.submit().health().ready);
        second.kill().unwrap();
        second.wait().unwrap();
    });
}

#[test]
fn a_state_directory_that_others_can_read_is_refused() {
    private_host(|host| {
        host.directory("/var/lib/provisiond", 0o750);
        let config = host.file("/run/provisiond.toml", "", 0o600);
        let output = Command::new(PROVISIOND)
            .arg("--config")
            .arg(config)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains("0700"), "{text}");
    });
}
