//! Whether the owner of an account can get in and read mail: with the machine's own sshd and
//! neomutt, on a private host.
mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use provision_api::{AccountState, LoginProof, Method, ProvisionError, Verdict};
use support::daemon::*;
use support::private_host::{PrivateHost, has_program, private_host, run};

const OURS: &str = include_str!("../../etc/sshd_config.d/50-registrar.conf");
const DROP_IN: &str = "/etc/ssh/sshd_config.d/50-registrar.conf";
const NEW: &str = "/home/ada/Maildir/new";

/// What the machine must have; `false`, and a line for each, where something is missing.
fn has_programs() -> bool {
    [
        ("/usr/sbin/sshd", "openssh-server"),
        ("/usr/bin/ssh-keygen", "openssh-client"),
        ("/usr/bin/neomutt", "neomutt"),
    ]
    .iter()
    .all(|(program, package)| has_program(program, package))
}

/// sshd as the package sets it up, and a daemon.
fn start(host: &PrivateHost, settings: &str) -> Daemon {
    host.directory("/run/sshd", 0o755);
    host.directory("/etc/ssh/sshd_config.d", 0o755);
    // This machine's own settings are not what is tried.
    host.file(
        "/etc/ssh/sshd_config",
        "Include /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n",
        0o644,
    );
    host.file(DROP_IN, OURS, 0o644);
    run("/usr/bin/ssh-keygen", &["-A"]);
    Daemon::start(host, settings)
}

fn verdicts(proof: &LoginProof) -> [Verdict; 3] {
    proof.findings().map(|(_, finding)| finding.verdict)
}

fn messages(dir: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn the_owner_of_an_account_is_shown_to_get_in_and_to_read_mail_and_is_greeted_once() {
    private_host(|host| {
        if !has_programs() {
            return;
        }
        let daemon = start(host, "[mail]\ndomain = \"tilde.example\"\n");
        let submit = daemon.submit();
        submit.make_active("ada");
        let first = id();
        let proof = submit.prove_as(first, "ada").unwrap();
        assert_eq!(verdicts(&proof), [Verdict::Ok; 3], "{proof:?}");
        assert!(proof.holds());
        assert!(proof.login.detail.contains("1 of 1 keys"), "{proof:?}");

        let [greeting] = messages(NEW).try_into().unwrap();
        let meta = fs::metadata(&greeting).unwrap();
        assert_eq!((meta.uid(), meta.mode() & 0o7777), (20_000, 0o600));
        let text = fs::read_to_string(&greeting).unwrap();
        assert!(text.contains("To: ada@tilde.example\n") && text.contains("neomutt"));

        // The same call is answered as before; another one looks again and leaves nothing.
        assert_eq!(submit.prove_as(first, "ada").unwrap(), proof);
        let again = submit.prove("ada").unwrap();
        assert_eq!(verdicts(&again), [Verdict::Ok; 3], "{again:?}");
        assert_ne!(again.mailbox.detail, proof.mailbox.detail);
        assert_eq!(messages(NEW), std::slice::from_ref(&greeting));

        // Read, thrown away, or after a restart: it does not come back.
        fs::remove_file(&greeting).unwrap();
        drop(submit);
        let mut daemon = daemon;
        daemon.stop();
        daemon.start_again();
        let again = daemon.submit().prove("ada").unwrap();
        assert_eq!(again.mailbox.verdict, Verdict::Ok, "{again:?}");
        for dir in ["new", "cur", "tmp"] {
            let left = messages(&format!("/home/ada/Maildir/{dir}"));
            assert!(left.is_empty(), "{dir}: {left:?}");
        }
    });
}

#[test]
fn whatever_keeps_the_owner_out_is_found_and_named() {
    private_host(|host| {
        if !has_programs() {
            return;
        }
        let daemon = start(host, "");
        let submit = daemon.submit();
        submit.make_active("ada");
        let login = |why: &str| {
            let found = submit.prove("ada").unwrap().login;
            assert_eq!(found.verdict, Verdict::Failed, "{why}: {found:?}");
            assert!(found.detail.contains(why), "{why}: {found:?}");
        };
        for (setting, why) in [
            (
                "AuthorizedKeysFile .ssh/authorized_keys",
                "AuthorizedKeysFile",
            ),
            ("DenyUsers ad?", "DenyUsers"),
            ("AllowGroups staff", "AllowGroups"),
            ("PubkeyAuthentication no", "PubkeyAuthentication"),
            (
                "PubkeyAcceptedAlgorithms rsa-sha2-512",
                "PubkeyAcceptedAlgorithms",
            ),
            (
                "UsePAM yes\nMatch User ada\nPubkeyAuthentication no\nMatch all",
                "PubkeyAuthentication",
            ),
            ("NoSuchSetting yes", "/usr/sbin/sshd"),
        ] {
            host.file(DROP_IN, format!("{setting}\n{OURS}"), 0o644);
            login(why);
        }
        host.file(DROP_IN, OURS, 0o644);
        host.file("/etc/nologin", "closed", 0o644);
        login("/etc/nologin");
        fs::remove_file("/etc/nologin").unwrap();
        // Someone else than provisiond wrote into the key file.
        let keys = "/etc/ssh/registrar_keys/ada";
        let good = fs::read_to_string(keys).unwrap();
        fs::write(keys, "ssh-ed25519 AAAA\n").unwrap();
        login("ssh-keygen");
        fs::write(keys, good).unwrap();
        let proof = submit.prove("ada").unwrap();
        assert_eq!(proof.login.verdict, Verdict::Ok, "{proof:?}");
    });
}

#[test]
fn an_account_without_a_key_is_entered_by_its_password_where_sshd_asks_for_one() {
    private_host(|host| {
        if !has_programs() {
            return;
        }
        let daemon = start(host, "");
        let submit = daemon.submit();
        for (name, hash) in [("ada", Some(HASH)), ("bob", None)] {
            let registration = registration();
            submit.change(&create(registration, name, "A")).unwrap();
            submit.change(&configure(registration, name)).unwrap();
            let keys: &[&str] = if hash.is_some() { &[] } else { &[KEY] };
            submit
                .change(&activate(registration, name, hash, keys))
                .unwrap();
        }
        let found = submit.prove("ada").unwrap().login;
        assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
        assert!(found.detail.contains("password"), "{found:?}");
        host.file(
            DROP_IN,
            format!("PasswordAuthentication no\nKbdInteractiveAuthentication no\n{OURS}"),
            0o644,
        );
        let found = submit.prove("ada").unwrap().login;
        assert_eq!(found.verdict, Verdict::Failed, "{found:?}");
        assert_eq!(submit.prove("bob").unwrap().login.verdict, Verdict::Ok);
        // Neither.
        submit.change(&set_keys("bob", &[])).unwrap();
        let found = submit.prove("bob").unwrap().login;
        assert!(found.detail.contains("neither"), "{found:?}");
    });
}

#[test]
fn a_template_that_neomutt_does_not_understand_is_told_of() {
    private_host(|host| {
        if !has_programs() {
            return;
        }
        host.directory("/etc/registrar", 0o755);
        host.file(
            "/etc/registrar/neomuttrc",
            "set no_such_setting = 1\n",
            0o644,
        );
        let daemon = start(host, "\n[mail]\nneomuttrc = \"/etc/registrar/neomuttrc\"\n");
        let submit = daemon.submit();
        submit.make_active("ada");
        let proof = submit.prove("ada").unwrap();
        assert_eq!(proof.neomutt.verdict, Verdict::Failed, "{proof:?}");
        assert!(proof.neomutt.detail.contains("~/.neomuttrc"), "{proof:?}");
        assert!(!proof.holds());
        // The others do not hang on it.
        assert_eq!(proof.login.verdict, Verdict::Ok);
        assert_eq!(proof.mailbox.verdict, Verdict::Ok);
    });
}

#[test]
fn a_neomuttrc_that_its_owner_has_changed_or_thrown_away_is_the_owners_affair() {
    private_host(|host| {
        if !has_programs() {
            return;
        }
        let daemon = start(host, "");
        let submit = daemon.submit();
        let uid = submit.make_active("ada").uid;
        let file = "/home/ada/.neomuttrc";
        assert_eq!(submit.prove("ada").unwrap().neomutt.verdict, Verdict::Ok);
        let changed = fs::read_to_string(file).unwrap() + "\nset sort = threads\n";
        fs::write(file, changed).unwrap();
        std::os::unix::fs::chown(file, Some(uid), Some(uid)).unwrap();
        let proof = submit.prove("ada").unwrap();
        assert_eq!(proof.neomutt.verdict, Verdict::NotApplicable, "{proof:?}");
        fs::remove_file(file).unwrap();
        let proof = submit.prove("ada").unwrap();
        assert_eq!(proof.neomutt.verdict, Verdict::NotApplicable);
        assert!(proof.holds());
    });
}

#[test]
fn only_active_accounts_of_provisionds_own_are_tried_and_only_so_often() {
    private_host(|host| {
        host.add_user("byhand", 20_500);
        let daemon = start(host, "");
        let (submit, admin) = (daemon.submit(), daemon.admin());
        for name in ["byhand", "root1", "nobody1"] {
            let refused = submit.prove(name).unwrap_err();
            let unknown = matches!(refused, ProvisionError::NoSuchAccount { .. });
            assert!(unknown, "{name}: {refused}");
        }
        let registration = registration();
        submit.change(&create(registration, "ada", "Ada")).unwrap();
        submit.change(&configure(registration, "ada")).unwrap();
        let state_of = |error: ProvisionError| match error {
            ProvisionError::WrongState { state, .. } => state,
            other => panic!("{other}"),
        };
        let refused = submit.prove("ada").unwrap_err();
        assert_eq!(state_of(refused), AccountState::Locked);
        submit
            .change(&activate(registration, "ada", Some(HASH), &[KEY]))
            .unwrap();
        admin.change(&on(Method::SuspendAccount, "ada")).unwrap();
        let refused = submit.prove("ada").unwrap_err();
        assert_eq!(state_of(refused), AccountState::Suspended);
        admin.change(&on(Method::ResumeAccount, "ada")).unwrap();
        for _ in 0..12 {
            submit.prove("ada").unwrap();
        }
        let refused = submit.prove("ada").unwrap_err();
        let ProvisionError::RateLimited {
            retry_after_seconds,
            ..
        } = refused
        else {
            panic!("{refused}");
        };
        assert!((3_000..=3_600).contains(&retry_after_seconds));
        // Another's way in is tried all the same.
        submit.make_active("bob");
        submit.prove("bob").unwrap();

        // Root gave the name to somebody else.
        run("/usr/sbin/userdel", &["bob"]);
        host.add_user("bob", 26_000);
        let refused = submit.prove("bob").unwrap_err();
        assert!(
            matches!(refused, ProvisionError::StepFailed { .. }),
            "{refused}"
        );
    });
}

#[test]
fn the_greeting_comes_once_although_the_daemon_died_after_it_was_left() {
    private_host(|host| {
        if !has_programs() {
            return;
        }
        let mut daemon = start(host, "");
        let account = daemon.submit().make_active("ada");
        let name = |message: &Path| message.file_name().unwrap().to_owned();
        let request = id();
        daemon.submit().prove_as(request, "ada").unwrap();
        let [greeting] = messages(NEW).try_into().unwrap();
        // As if it had not come to writing down that it was left.
        daemon.kill();
        let journal = "/var/lib/provisiond/journal";
        let text = fs::read_to_string(journal).unwrap();
        let kept: Vec<&str> = text.lines().filter(|l| !l.contains("greetedAt")).collect();
        assert_eq!(kept.len() + 1, text.lines().count());
        fs::write(journal, kept.join("\n") + "\n").unwrap();
        // And its reader has moved it meanwhile.
        let mut moved = name(&greeting);
        moved.push(":2,S");
        fs::rename(&greeting, Path::new("/home/ada/Maildir/cur").join(moved)).unwrap();
        daemon.start_again();
        let proof = daemon.submit().prove_as(request, "ada").unwrap();
        assert_eq!(proof.mailbox.verdict, Verdict::Ok, "{proof:?}");
        assert!(messages(NEW).is_empty());
        assert_eq!(messages("/home/ada/Maildir/cur").len(), 1);
        let meta = fs::metadata(&account.home).unwrap();
        assert_eq!(meta.permissions().mode() & 0o7777, 0o711);
    });
}
