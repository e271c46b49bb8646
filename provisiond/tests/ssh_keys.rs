//! Key files as sshd and ssh-keygen see them.
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use provision_api::{SshPublicKey, Username};
use provisiond::ssh_keys::KeyDirectory;
use support::private_host::{has_program, private_host, run};

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
