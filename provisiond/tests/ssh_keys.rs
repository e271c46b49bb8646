//! Key files as sshd and ssh-keygen see them.
mod support;

use std::fs::{self, File};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use provision_api::{SshPublicKey, Username};
use provisiond::ssh_keys::KeyDirectory;
use support::private_host::{PrivateHost, has_program, private_host, run};

const DIR: &str = "/etc/ssh/registrar_keys";

fn ada() -> Username {
    Username::parse("ada").unwrap()
}

fn new_key(n: u32) -> SshPublicKey {
    let path = format!("/run/key{n}");
    run(
        "/usr/bin/ssh-keygen",
        &[
            "-q",
            "-t",
            "ed25519",
            "-N",
            "",
            "-C",
            "ada@laptop",
            "-f",
            &path,
        ],
    );
    SshPublicKey::parse(&fs::read_to_string(format!("{path}.pub")).unwrap()).unwrap()
}

#[test]
fn ssh_keygen_reads_what_was_written() {
    private_host(|host| {
        if !has_program("/usr/bin/ssh-keygen", "openssh-client") {
            return;
        }
        host.directory(DIR, 0o755);
        let keys = KeyDirectory::new(DIR);
        assert!(!keys.exists(&ada()).unwrap());
        let (first, second) = (new_key(1), new_key(2));
        keys.write(&ada(), &[first.clone(), second.clone()])
            .unwrap();
        let listed = run(
            "/usr/bin/ssh-keygen",
            &["-l", "-f", "/etc/ssh/registrar_keys/ada"],
        );
        assert_eq!(listed.lines().count(), 2);
        for key in [&first, &second] {
            assert!(listed.contains(key.fingerprint()), "{listed}");
        }
        assert_eq!(keys.count(&ada()).unwrap(), 2);
        keys.write(&ada(), &[second]).unwrap();
        let listed = run(
            "/usr/bin/ssh-keygen",
            &["-l", "-f", "/etc/ssh/registrar_keys/ada"],
        );
        assert!(
            !listed.contains(first.fingerprint()),
            "a replaced key is still there"
        );
        for _ in 0..2 {
            keys.write(&ada(), &[]).unwrap();
            assert!(!keys.exists(&ada()).unwrap());
            assert_eq!(keys.count(&ada()).unwrap(), 0);
        }
        assert_eq!(
            fs::read_dir(DIR).unwrap().count(),
            0,
            "something was left behind"
        );
    });
}

/// The rule of sshd's `StrictModes` (`safe_path()`): root's or the user's, and writable for the
/// owner only, up to `/`. And the user must be able to read it.
#[test]
fn owner_and_mode_are_what_sshd_asks_for() {
    private_host(|host| {
        if !has_program("/usr/bin/ssh-keygen", "openssh-client") {
            return;
        }
        host.directory(DIR, 0o755);
        KeyDirectory::new(DIR).write(&ada(), &[new_key(1)]).unwrap();
        for path in Path::new(DIR).join("ada").ancestors() {
            let meta = fs::symlink_metadata(path).unwrap();
            assert_eq!((meta.uid(), meta.gid()), (0, 0), "{}", path.display());
            assert_eq!(meta.mode() & 0o022, 0, "{}", path.display());
            assert_eq!(meta.mode() & 0o004, 0o004, "{}", path.display());
        }
        assert_eq!(
            fs::metadata(format!("{DIR}/ada")).unwrap().mode() & 0o7777,
            0o644
        );
    });
}

#[test]
fn links_and_directories_that_others_can_change_are_not_used() {
    private_host(|host| {
        if !has_program("/usr/bin/ssh-keygen", "openssh-client") {
            return;
        }
        let key = new_key(1);
        host.directory(DIR, 0o755);
        let victim = host.file("/etc/victim", "keep", 0o644);
        symlink(&victim, format!("{DIR}/ada")).unwrap();
        let keys = KeyDirectory::new(DIR);
        assert!(keys.count(&ada()).is_err());
        keys.write(&ada(), std::slice::from_ref(&key)).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "keep");
        assert!(
            fs::symlink_metadata(format!("{DIR}/ada"))
                .unwrap()
                .is_file()
        );

        host.directory(DIR, 0o775);
        let why = keys.write(&ada(), &[key]).unwrap_err().to_string();
        assert!(why.contains(DIR) && why.contains("writable"), "{why}");
    });
}

/// An sshd that ends with the test.
struct Sshd(Child);

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_sshd(host: &PrivateHost) -> Sshd {
    host.directory("/run/sshd", 0o755);
    run(
        "/usr/bin/ssh-keygen",
        &["-q", "-t", "ed25519", "-N", "", "-f", "/run/host_key"],
    );
    let config = "Port 2222\nListenAddress 127.0.0.1\nHostKey /run/host_key\nUsePAM no\n\
                  PidFile none\nStrictModes yes\nPasswordAuthentication no\n\
                  AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/registrar_keys/%u\n";
    host.file("/run/sshd_config", config, 0o644);
    let child = Command::new("/usr/sbin/sshd")
        .args(["-D", "-e", "-f", "/run/sshd_config"])
        .stdin(Stdio::null())
        .stderr(File::create("/run/sshd.log").unwrap())
        .spawn()
        .unwrap();
    let sshd = Sshd(child);
    let deadline = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect("127.0.0.1:2222").is_err() {
        let log = || fs::read_to_string("/run/sshd.log").unwrap_or_default();
        assert!(Instant::now() < deadline, "sshd does not listen\n{}", log());
        sleep(Duration::from_millis(20));
    }
    sshd
}

/// What `id -un` says behind a login with the key.
fn log_in(key: &str) -> Option<String> {
    let output = Command::new("/usr/bin/ssh")
        .args(["-F", "none", "-p", "2222", "-i", key, "-o", "BatchMode=yes"])
        .args([
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ])
        .args([
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
            "ada@127.0.0.1",
            "id -un",
        ])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(said)
}

#[test]
fn a_real_sshd_lets_in_who_has_a_key_and_nobody_after_it_is_gone() {
    private_host(|host| {
        if !has_program("/usr/sbin/sshd", "openssh-server")
            || !has_program("/usr/bin/ssh", "openssh-client")
            || !host.loopback_only()
        {
            return;
        }
        host.add_user("ada", 45_001);
        // Neither a password nor locked: without PAM, sshd turns a locked one away.
        run("/usr/sbin/usermod", &["-p", "*", "ada"]);
        host.directory(DIR, 0o755);
        let (mine, other) = (new_key(1), new_key(2));
        let keys = KeyDirectory::new(DIR);
        keys.write(&ada(), std::slice::from_ref(&mine)).unwrap();
        let _sshd = start_sshd(host);
        let log = || fs::read_to_string("/run/sshd.log").unwrap_or_default();
        assert_eq!(log_in("/run/key1").as_deref(), Some("ada"), "{}", log());
        assert_eq!(log_in("/run/key2"), None);
        keys.write(&ada(), &[other]).unwrap();
        assert_eq!(log_in("/run/key1"), None, "a replaced key still opens");
        assert_eq!(log_in("/run/key2").as_deref(), Some("ada"), "{}", log());
        keys.remove(&ada()).unwrap();
        assert_eq!(log_in("/run/key2"), None, "a removed key still opens");
    });
}
