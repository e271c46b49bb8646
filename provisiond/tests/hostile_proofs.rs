//! Members who made their mailbox and `.neomuttrc` into traps before it is tried whether they can
//! read mail. Nothing of others changes, nothing that they name is started, nothing is left over,
//! and the daemon goes on.
mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use provision_api::{Finding, LoginProof, Verdict};
use support::daemon::*;
use support::picture::{contents, differences};
use support::private_host::{PrivateHost, has_program, private_host, run};

const FILE: &str = "/home/ada/.neomuttrc";
/// Each of the two runs as the member may take 8 s until it is ended.
const LONGEST: Duration = Duration::from_secs(25);

/// Proves it; the daemon must answer others meanwhile, and the answer must be fit for a log.
fn prove(daemon: &Daemon, name: &str) -> LoginProof {
    let (done, is_done) = std::sync::mpsc::channel();
    let started = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || done.send(Daemon::call_prove(name)).unwrap());
        let proof = loop {
            let asked = Instant::now();
            assert!(daemon.submit().health().ready);
            assert!(asked.elapsed() < Duration::from_secs(5), "others wait");
            if let Ok(proof) = is_done.recv_timeout(Duration::from_millis(100)) {
                break proof;
            }
            assert!(started.elapsed() < LONGEST, "it was held up");
        };
        for (what, Finding { detail, .. }) in proof.findings() {
            assert!(detail.chars().count() <= 240, "{what}: {detail}");
            assert!(!detail.contains(char::is_control), "{what}: {detail:?}");
        }
        proof
    })
}

trait CallProve {
    fn call_prove(name: &str) -> LoginProof;
}

impl CallProve for Daemon {
    fn call_prove(name: &str) -> LoginProof {
        Caller::new(SUBMIT).prove(name).unwrap()
    }
}

/// Nothing of the member's is at work, zombies not counted.
fn nothing_runs(uid: u32, when: &str) {
    let list = format!("ps -o stat=,args= -u {uid} | grep -v '^Z' || true");
    let left = run("/bin/sh", &["-c", &list]);
    assert_eq!(left, "", "{when}");
}

fn write_config(uid: u32, text: impl AsRef<[u8]>) {
    let _ = fs::remove_file(FILE);
    fs::write(FILE, text).unwrap();
    chown(FILE, Some(uid), Some(uid)).unwrap();
}

fn start(host: &PrivateHost) -> (Daemon, u32) {
    let daemon = Daemon::start(host, "");
    let uid = daemon.submit().make_active("ada").uid;
    (daemon, uid)
}

#[test]
fn nothing_of_a_neomuttrc_that_its_owner_wrote_is_run_by_provisiond() {
    private_host(|host| {
        if !has_program("/usr/bin/neomutt", "neomutt") {
            return;
        }
        let (daemon, uid) = start(host);
        let marker = "/home/ada/started";
        let lua = format!("io.open('{marker}', 'w'):write('x')");
        let script = "/home/ada/script.lua";
        fs::write(script, &lua).unwrap();
        chown(script, Some(uid), Some(uid)).unwrap();
        run("/usr/bin/mkfifo", &["-m", "666", "/home/ada/fifo"]);
        // As many as an hour may have.
        for text in [
            // A command, an endless one, one that stays, and one for each kind of quote.
            format!("set realname=`touch {marker}; echo x`\n"),
            format!("set realname=`touch {marker}; while :; do :; done`\n"),
            format!("set realname=`touch {marker}; setsid sleep 600 >/dev/null 2>&1 &`\n"),
            format!("set realname=\"`touch {marker}`\"\n"),
            format!("source \"touch {marker}|\"\n"),
            format!("set my_x=`perl -e 'open F, \">{marker}\"; fork while 1'`\n"),
            // What needs no process of its own.
            format!("lua {lua}\n"),
            format!("lua-source {script}\n"),
            // What has no end.
            "source /home/ada/fifo\n".to_owned(),
            "source /dev/zero\n".to_owned(),
            "source ~/.neomuttrc\nsource ~/.neomuttrc\n".to_owned(),
            "nosuch\u{1b}[31m\u{7}\u{9b}\u{202e}cmd\n".repeat(100_000),
        ] {
            write_config(uid, &text);
            let found = prove(&daemon, "ada").neomutt;
            let text = text.get(..80).unwrap_or(&text);
            assert!(!Path::new(marker).exists(), "{text}: {found:?}");
            assert_eq!(found.verdict, Verdict::NotApplicable, "{text}: {found:?}");
            nothing_runs(uid, text);
        }
        let _ = host;
    });
}

#[test]
fn something_else_in_the_place_of_the_neomuttrc_holds_nothing_up_and_tells_nothing() {
    private_host(|host| {
        if !has_program("/usr/bin/neomutt", "neomutt") {
            return;
        }
        let (daemon, uid) = start(host);
        host.file("/root-only", "SECRET WORDS\n", 0o600);
        run("/usr/bin/mkfifo", &["-m", "666", "/home/ada/fifo"]);
        for target in [
            "/root-only",
            "/etc/shadow",
            "/home/ada/fifo",
            "/dev/zero",
            "/dev/tty",
            "/home/ada",
            "/home/ada/.neomuttrc",
        ] {
            let _ = fs::remove_file(FILE);
            symlink(target, FILE).unwrap();
            let found = prove(&daemon, "ada").neomutt;
            assert_eq!(found.verdict, Verdict::Failed, "{target}: {found:?}");
            assert!(!found.detail.contains("SECRET"), "{found:?}");
        }
        fs::remove_file(FILE).unwrap();
        run("/usr/bin/mkfifo", &["-m", "666", FILE]);
        let found = prove(&daemon, "ada").neomutt;
        assert!(found.detail.contains("no regular file"), "{found:?}");
        nothing_runs(uid, "a FIFO");
        assert!(!daemon.log().contains("SECRET"));
        fs::remove_file("/root-only").unwrap();
    });
}

#[test]
fn something_else_in_the_place_of_the_maildir_gets_no_message_and_holds_nothing_up() {
    private_host(|host| {
        let (daemon, uid) = start(host);
        // Another member whose things anyone may write.
        daemon.submit().make_active("victim");
        for dir in ["", "Maildir", "Maildir/new", "Maildir/tmp", "Maildir/cur"] {
            let path = format!("/home/victim/{dir}");
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        }
        let before = contents("/home/victim", |_| false);
        for (dir, lure) in [
            ("Maildir", "/home/victim/Maildir"),
            ("Maildir/new", "/home/victim/Maildir/new"),
            ("Maildir/tmp", "/home/victim/Maildir/tmp"),
            ("Maildir/cur", "../../victim/Maildir/cur"),
            ("Maildir/new", "a FIFO"),
            ("Maildir", "a FIFO"),
            ("Maildir", "nothing"),
        ] {
            let dir = format!("/home/ada/{dir}");
            fs::rename(&dir, format!("{dir}.real")).unwrap();
            match lure {
                "a FIFO" => drop(run("/usr/bin/mkfifo", &["-m", "666", &dir])),
                "nothing" => {}
                lure => symlink(lure, &dir).unwrap(),
            }
            let found = prove(&daemon, "ada").mailbox;
            assert_eq!(found.verdict, Verdict::Failed, "{lure}: {found:?}");
            let changed = differences(&before, &contents("/home/victim", |_| false));
            assert!(changed.is_empty(), "{lure}: {}", changed.join("\n"));
            let _ = fs::remove_file(&dir);
            fs::rename(format!("{dir}.real"), &dir).unwrap();
            nothing_runs(uid, lure);
        }
        // A greeting that was not left is no greeting.
        assert!(
            fs::read_dir("/home/ada/Maildir/new")
                .unwrap()
                .next()
                .is_none()
        );
        let found = prove(&daemon, "ada").mailbox;
        assert_eq!(found.verdict, Verdict::Ok, "{found:?}");
    });
}

#[test]
fn a_trap_in_the_place_of_the_greeting_is_no_proof() {
    private_host(|host| {
        let (daemon, uid) = start(host);
        // Its name can be guessed, by the owner alone.
        let account = daemon.submit().get("ada").unwrap().account;
        let domain = daemon.submit().health().mail_domain;
        let at = account.activated_at.unwrap();
        let greeting = format!("/home/ada/Maildir/new/{at}.greeting.{domain}");
        let draft = format!("/home/ada/Maildir/tmp/{at}.greeting.{domain}");
        run("/usr/bin/mkfifo", &["-m", "666", &greeting]);
        assert_eq!(prove(&daemon, "ada").mailbox.verdict, Verdict::Failed);
        fs::remove_file(&greeting).unwrap();
        symlink("/etc/passwd", &greeting).unwrap();
        assert_eq!(prove(&daemon, "ada").mailbox.verdict, Verdict::Failed);
        fs::remove_file(&greeting).unwrap();
        fs::create_dir(&draft).unwrap();
        chown(&draft, Some(uid), Some(uid)).unwrap();
        assert_eq!(prove(&daemon, "ada").mailbox.verdict, Verdict::Failed);
        fs::remove_dir(&draft).unwrap();
        symlink("/home/ada/elsewhere", &draft).unwrap();
        assert_eq!(prove(&daemon, "ada").mailbox.verdict, Verdict::Ok);
        assert!(!Path::new("/home/ada/elsewhere").exists());
        let _ = host;
    });
}

#[test]
fn a_member_who_stops_and_ends_the_runs_gets_no_proof_and_holds_up_nobody_else() {
    private_host(|host| {
        let (daemon, uid) = start(host);
        daemon.submit().make_active("bob");
        // Stops all that is its own but itself, for a minute at most.
        let stopper = "$| = 1; print qq(ready\\n); my $end = time + 60; \
            while (time < $end) { kill 'STOP', -1; select undef, undef, undef, 0.001 }";
        let mut child = Command::new("/usr/bin/setpriv")
            .args([&format!("--reuid={uid}"), &format!("--regid={uid}")])
            .args(["--clear-groups", "/usr/bin/perl", "-e", stopper])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = [0; 6];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut line).unwrap();
        let proof = prove(&daemon, "ada");
        let proof_of_another = prove(&daemon, "bob");
        assert_eq!(proof_of_another.mailbox.verdict, Verdict::Ok);
        child.kill().unwrap();
        child.wait().unwrap();
        nothing_runs(uid, &format!("{proof:?}"));
        let _ = host;
    });
}
