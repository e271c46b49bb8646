//! A suspended account is shut for a real sshd, with PAM and without, and open again afterwards.
mod support;

use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::chown;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use provision_api::Method;
use support::daemon::*;
use support::private_host::{PrivateHost, has_program, private_host, run};
use support::turns::{start_daemon, turn};

const PASSWORD: &str = "open sesame";

/// An sshd that ends with its test.
struct Sshd(Child);

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_sshd(host: &PrivateHost, pam: &str) -> Sshd {
    host.directory("/run/sshd", 0o755);
    let config = format!(
        "ListenAddress 127.0.0.1:22\nHostKey /run/host_key\nUsePAM {pam}\nPidFile none\n\
         PasswordAuthentication yes\nKbdInteractiveAuthentication no\n\
         AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/registrar_keys/%u\n"
    );
    let config = host.file("/run/sshd_config", config, 0o600);
    let child = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f"])
        .arg(config)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let sshd = Sshd(child);
    let started = Instant::now();
    while TcpStream::connect("127.0.0.1:22").is_err() {
        assert!(started.elapsed() < Duration::from_secs(20), "no sshd");
        std::thread::sleep(Duration::from_millis(20));
    }
    sshd
}

#[derive(Clone, Copy, Debug)]
enum By {
    /// A key that came over the web.
    RegistrarKey,
    /// A key that the member put into the home.
    OwnKey,
    Password,
}

const ALL: [By; 3] = [By::RegistrarKey, By::OwnKey, By::Password];

fn ssh(by: By, command: &str) -> Command {
    #[rustfmt::skip]
    let options = [
        "ssh", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "IdentitiesOnly=yes", "-o", "NumberOfPasswordPrompts=1",
    ];
    let mut ssh = Command::new("/usr/bin/sshpass");
    ssh.args(["-p", PASSWORD]).args(options);
    match by {
        By::RegistrarKey => ssh.args(["-o", "BatchMode=yes", "-i", "/run/registrar_key"]),
        By::OwnKey => ssh.args(["-o", "BatchMode=yes", "-i", "/run/own_key"]),
        By::Password => ssh.args(["-o", "PubkeyAuthentication=no"]),
    };
    ssh.args(["ada@127.0.0.1", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    ssh
}

fn lets_in(by: By) -> bool {
    ssh(by, "true").status().unwrap().success()
}

fn make_key(path: &str) -> String {
    let kind = ["-q", "-t", "ed25519", "-N", "", "-C", "ada", "-f"];
    run("/usr/bin/ssh-keygen", &[&kind[..], &[path]].concat());
    fs::read_to_string(format!("{path}.pub")).unwrap()
}

#[test]
fn sshd_lets_no_suspended_account_in_by_key_or_password_and_its_sessions_end() {
    private_host(|host| {
        let there = [
            has_program("/usr/sbin/sshd", "openssh-server"),
            has_program("/usr/bin/sshpass", "sshpass"),
        ];
        if there != [true; 2] || !host.loopback_only() {
            return;
        }
        let daemon = start_daemon(host);
        let uid = daemon.submit().make_active("ada").uid;
        let hash = "print crypt($ARGV[0], '$2b$10$abcdefghijklmnopqrstuu')";
        let hash = run("/usr/bin/perl", &["-e", hash, PASSWORD]);
        daemon.submit().change(&set_password("ada", &hash)).unwrap();
        make_key("/run/host_key");
        let key = make_key("/run/registrar_key");
        daemon
            .submit()
            .change(&set_keys("ada", &[key.trim()]))
            .unwrap();
        host.directory("/home/ada/.ssh", 0o700);
        let own = make_key("/run/own_key");
        host.file("/home/ada/.ssh/authorized_keys", own, 0o600);
        for path in ["/home/ada/.ssh", "/home/ada/.ssh/authorized_keys"] {
            chown(path, Some(uid), Some(uid)).unwrap();
        }
        for pam in ["yes", "no"] {
            let _sshd = start_sshd(host, pam);
            for by in ALL {
                assert!(lets_in(by), "active, {by:?}, UsePAM {pam}");
            }
            let mut session = ssh(By::OwnKey, "touch in; sleep 600").spawn().unwrap();
            let started = Instant::now();
            while fs::remove_file("/home/ada/in").is_err() {
                assert!(started.elapsed() < Duration::from_secs(20), "no session");
                std::thread::sleep(Duration::from_millis(20));
            }
            turn(&daemon, Method::SuspendAccount);
            assert!(!session.wait().unwrap().success());
            for by in ALL {
                assert!(!lets_in(by), "suspended, {by:?}, UsePAM {pam}");
            }
            turn(&daemon, Method::ResumeAccount);
            for by in ALL {
                assert!(lets_in(by), "resumed, {by:?}, UsePAM {pam}");
            }
        }
    });
}
