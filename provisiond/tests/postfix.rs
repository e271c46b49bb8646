//! The map of refused recipients, with the real postmap and the real Postfix.
mod support;

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use provision_api::Username;
use provisiond::postfix::{MapError, MapType, RefusalMap};
use support::private_host::{PrivateHost, has_program, not_run, private_host, run};

const DIR: &str = "/etc/postfix/registrar";
const POSTMAP: &str = "/usr/sbin/postmap";

const DOMAIN: &str = "tilde.example";

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn map(host: &PrivateHost, map_type: MapType) -> RefusalMap {
    host.directory(DIR, 0o755);
    if !Path::new("/etc/postfix/main.cf").exists() {
        host.file("/etc/postfix/main.cf", "compatibility_level = 3.6\n", 0o644);
    }
    RefusalMap::new(
        DIR,
        map_type,
        POSTMAP,
        [DOMAIN, "localhost"].map(str::to_owned),
    )
}

/// What Postfix finds for a key.
fn query(map: &RefusalMap, key: &str) -> String {
    let output = Command::new(POSTMAP)
        .args(["-q", key, &map.lookup_table()])
        .output()
        .unwrap();
    String::from_utf8(output.stdout)
        .unwrap()
        .trim_end()
        .to_owned()
}

fn files() -> BTreeSet<String> {
    let entries = fs::read_dir(DIR).unwrap();
    entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect()
}

#[test]
fn postmap_finds_a_refused_name_and_no_other() {
    private_host(|host| {
        if !has_program(POSTMAP, "postfix") {
            return;
        }
        for map_type in [
            MapType::Hash,
            MapType::Btree,
            MapType::Lmdb,
            MapType::Cdb,
            MapType::Texthash,
        ] {
            let known = run("/usr/sbin/postconf", &["-m"]);
            if !known.lines().any(|line| line == map_type.as_str()) {
                not_run(&format!(
                    "this Postfix has no map type {}",
                    map_type.as_str()
                ));
                continue;
            }
            let map = map(host, map_type);
            for _ in 0..2 {
                map.refuse(&name("ada")).unwrap();
                map.refuse(&name("bob")).unwrap();
            }
            assert!(map.is_refused(&name("ada")).unwrap());
            assert_eq!(
                query(&map, "ada@tilde.example"),
                "550 5.2.1 This mailbox is not active"
            );
            assert_eq!(query(&map, "adam@tilde.example"), "");
            // Mail that goes out to someone of that name elsewhere.
            assert_eq!(query(&map, "ada@elsewhere.example"), "");
            assert_eq!(query(&map, "ada@"), "");
            for _ in 0..2 {
                map.accept(&name("ada")).unwrap();
            }
            assert!(!map.is_refused(&name("ada")).unwrap());
            assert_eq!(query(&map, "ada@tilde.example"), "");
            assert_eq!(
                query(&map, "bob@tilde.example"),
                "550 5.2.1 This mailbox is not active"
            );
            let left: Vec<String> = files().into_iter().collect();
            assert!(
                left.len() <= 2 && left[0] == "refused_recipients",
                "{left:?}"
            );
            for file in left {
                let meta = fs::metadata(Path::new(DIR).join(file)).unwrap();
                assert_eq!(meta.mode() & 0o7777, 0o644, "smtpd can't read it");
            }
            fs::remove_dir_all(DIR).unwrap();
        }
    });
}

#[test]
fn a_map_that_lags_behind_or_lost_its_compiled_half_is_put_right() {
    private_host(|host| {
        if !has_program(POSTMAP, "postfix") {
            return;
        }
        let map = map(host, MapType::Hash);
        map.refuse(&name("ada")).unwrap();
        fs::remove_file(format!("{DIR}/refused_recipients.db")).unwrap();
        map.refuse(&name("ada")).unwrap();
        assert_ne!(
            query(&map, "ada@tilde.example"),
            "",
            "nothing to do in the text, yet much to compile"
        );
        // A crash between the two renames.
        let old = fs::read(format!("{DIR}/refused_recipients.db")).unwrap();
        map.refuse(&name("bob")).unwrap();
        let new = format!("{DIR}/refused_recipients.db");
        fs::rename(&new, format!("{DIR}/refused_recipients.draft.db")).unwrap();
        fs::write(&new, old).unwrap();
        assert_eq!(query(&map, "bob@tilde.example"), "");
        map.refuse(&name("bob")).unwrap();
        assert_ne!(query(&map, "bob@tilde.example"), "");
        map.reconcile([name("zoe")]).unwrap();
        assert_eq!(
            (
                query(&map, "ada@tilde.example"),
                query(&map, "bob@tilde.example")
            ),
            (String::new(), String::new())
        );
        assert_ne!(query(&map, "zoe@tilde.example"), "");
    });
}

#[test]
fn a_foreign_line_stops_it_with_file_and_line_and_changes_nothing() {
    private_host(|host| {
        if !has_program(POSTMAP, "postfix") {
            return;
        }
        let map = map(host, MapType::Hash);
        map.refuse(&name("ada")).unwrap();
        let path = format!("{DIR}/refused_recipients");
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"spam@ REJECT\n").unwrap();
        let before = fs::read(&path).unwrap();
        let refused = map.accept(&name("ada"));
        assert!(
            matches!(refused, Err(MapError::Source { .. })),
            "{refused:?}"
        );
        let why = refused.unwrap_err().to_string();
        assert!(why.starts_with(&format!("{path}: line 5 ")), "{why}");
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_ne!(query(&map, "ada@tilde.example"), "");
    });
}

#[test]
fn a_postmap_that_fails_hangs_or_is_not_there_leaves_the_map_as_it_was() {
    private_host(|host| {
        if !has_program(POSTMAP, "postfix") {
            return;
        }
        let good = map(host, MapType::Hash);
        good.refuse(&name("ada")).unwrap();
        host.file(
            "/etc/no",
            "#!/bin/sh\necho disk on fire >&2\nexit 3\n",
            0o755,
        );
        host.file("/etc/slow", "#!/bin/sh\nexec sleep 60\n", 0o755);
        for (postmap, want) in [
            ("/etc/slow", "did not end"),
            ("/etc/no", "disk on fire"),
            ("/etc/none", "No such file"),
        ] {
            let bad = RefusalMap::new(DIR, MapType::Hash, postmap, [DOMAIN.to_owned()])
                .with_deadline(Duration::from_millis(300));
            let why = bad.accept(&name("ada")).unwrap_err().to_string();
            assert!(why.contains(want), "{why}");
            assert!(good.is_refused(&name("ada")).unwrap());
            assert_ne!(query(&good, "ada@tilde.example"), "");
        }
    });
}

#[test]
fn a_link_in_place_of_the_map_is_not_written_through() {
    private_host(|host| {
        if !has_program(POSTMAP, "postfix") {
            return;
        }
        let map = map(host, MapType::Hash);
        let victim = host.file("/etc/victim", "keep", 0o644);
        for link in [
            "refused_recipients.tmp",
            "refused_recipients.draft",
            "refused_recipients.draft.db",
        ] {
            symlink(&victim, Path::new(DIR).join(link)).unwrap();
        }
        map.refuse(&name("ada")).unwrap();
        assert_eq!(fs::read_to_string(&victim).unwrap(), "keep");
        fs::set_permissions(DIR, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(
            map.refuse(&name("bob")),
            Err(MapError::Untrusted(_))
        ));
    });
}

/// A Postfix that is stopped when the test ends, however it ends.
struct Postfix;

impl Drop for Postfix {
    fn drop(&mut self) {
        let _ = Command::new("/usr/sbin/postfix").arg("stop").output();
    }
}

fn start_postfix(map: &RefusalMap, suspended: &RefusalMap) -> Postfix {
    let settings = [
        "compatibility_level = 3.6",
        "myhostname = tilde.example",
        "mydestination = tilde.example, localhost",
        "mynetworks = 127.0.0.0/8",
        "inet_interfaces = 127.0.0.1",
        "inet_protocols = ipv4",
        "home_mailbox = Maildir/",
        "alias_maps =",
        "alias_database =",
        "recipient_delimiter = +",
        "biff = no",
        "smtpd_peername_lookup = no",
        "maillog_file = /var/log/postfix-test.log",
        &format!(
            "smtpd_recipient_restrictions = check_recipient_access {}, permit_mynetworks, reject",
            map.lookup_table()
        ),
        &format!("relocated_maps = {}", suspended.lookup_table()),
    ];
    fs::write("/etc/postfix/main.cf", settings.join("\n") + "\n").unwrap();
    let _ = fs::remove_file("/var/spool/postfix/pid/master.pid");
    run("/usr/sbin/postfix", &["start"]);
    Postfix
}

/// Offers a mail by SMTP; the answer to `RCPT TO`. Sends a body if that was yes.
fn offer(to: &str) -> String {
    let deadline = Instant::now() + Duration::from_secs(20);
    let stream = loop {
        match TcpStream::connect("127.0.0.1:25") {
            Ok(stream) => break stream,
            Err(e) => assert!(Instant::now() < deadline, "{e}"),
        }
        sleep(Duration::from_millis(50));
    };
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut talk = |line: &str| {
        (&stream).write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        reader.read_line(&mut answer).unwrap();
        answer.trim_end().to_owned()
    };
    assert!(talk("").starts_with("220"));
    assert!(talk("HELO client.example\r\n").starts_with("250"));
    assert!(talk("MAIL FROM:<someone@client.example>\r\n").starts_with("250"));
    let answer = talk(&format!("RCPT TO:<{to}>\r\n"));
    if answer.starts_with("250") {
        assert!(talk("DATA\r\n").starts_with("354"));
        assert!(talk("Subject: hello\r\n\r\nhello\r\n.\r\n").starts_with("250"));
    }
    talk("QUIT\r\n");
    answer
}

#[test]
fn a_running_postfix_refuses_who_is_inactive_and_delivers_to_who_is_not() {
    private_host(|host| {
        if !has_program("/usr/sbin/postfix", "postfix") || !host.loopback_only() {
            return;
        }
        let map = map(host, MapType::Hash);
        for (user, id) in [("ada", 45_001), ("bob", 45_002)] {
            host.add_user(user, id);
            let home = host.directory(format!("/home/{user}"), 0o711);
            std::os::unix::fs::chown(home, Some(id), Some(id)).unwrap();
        }
        map.refuse(&name("ada")).unwrap();
        let suspended = host.directory(format!("{DIR}/suspended"), 0o755);
        let domains = [DOMAIN.to_owned(), "localhost".to_owned()];
        let suspended = RefusalMap::new(suspended, MapType::Hash, POSTMAP, domains).by_bare_names();
        suspended.refuse(&name("eve")).unwrap();
        let _postfix = start_postfix(&map, &suspended);
        assert_eq!(
            offer("ada@tilde.example"),
            "550 5.2.1 <ada@tilde.example>: Recipient address rejected: This mailbox is not active"
        );
        assert!(
            offer("ADA@localhost").starts_with("550"),
            "in other letters and domain"
        );
        assert!(
            offer("ada+x@tilde.example").starts_with("550"),
            "with an extension"
        );
        assert!(offer("nobody-at-all@tilde.example").starts_with("550"));
        assert!(offer("bob@tilde.example").starts_with("250"));
        // No reload: smtpd sees that the file is another one now.
        map.accept(&name("ada")).unwrap();
        assert!(offer("ada@tilde.example").starts_with("250"));
        map.refuse(&name("bob")).unwrap();
        assert!(offer("bob@tilde.example").starts_with("550"));

        // Mail from the host itself passes no smtpd. It would start what bob's .forward says.
        suspended.refuse(&name("bob")).unwrap();
        run("/usr/sbin/postfix", &["reload"]);
        host.file("/home/bob/.forward", "|\"/usr/bin/touch ran\"\n", 0o644);
        std::os::unix::fs::chown("/home/bob/.forward", Some(45_002), Some(45_002)).unwrap();
        let log = || fs::read_to_string("/var/log/postfix-test.log").unwrap_or_default();
        // The second way past a map of names with domains: an address of the host itself.
        for (to, shown) in [
            ("bob", "to=<bob@tilde.example>"),
            ("bob@[127.0.0.1]", "to=<bob@[127.0.0.1]>"),
        ] {
            let sent_before = log().matches(shown).count();
            let submit = format!(
                "printf 'Subject: x\n\n' | /usr/sbin/sendmail -f root@tilde.example '{to}'"
            );
            run("/bin/sh", &["-c", &submit]);
            let deadline = Instant::now() + Duration::from_secs(20);
            while log().matches(shown).count() == sent_before {
                assert!(Instant::now() < deadline, "{}", log());
                sleep(Duration::from_millis(50));
            }
            let log = log();
            let last = log.lines().rev().find(|line| line.contains(shown)).unwrap();
            assert!(last.contains("status=bounced"), "{last}");
            assert!(last.contains("This mailbox is not active)"), "{last}");
        }
        assert!(offer("bob@[127.0.0.1]").starts_with("5"), "by address");

        for (user, id) in [("ada", 45_001), ("bob", 45_002)] {
            let new = format!("/home/{user}/Maildir/new");
            let deadline = Instant::now() + Duration::from_secs(20);
            let mail = loop {
                let found = fs::read_dir(&new)
                    .ok()
                    .and_then(|mut entries| entries.next());
                if let Some(entry) = found {
                    break entry.unwrap().path();
                }
                let log = || fs::read_to_string("/var/log/postfix-test.log").unwrap_or_default();
                assert!(
                    Instant::now() < deadline,
                    "not delivered to {user}\n{}",
                    log()
                );
                sleep(Duration::from_millis(50));
            };
            assert_eq!(fs::metadata(&mail).unwrap().uid(), id);
            assert!(
                fs::read_to_string(&mail)
                    .unwrap()
                    .contains("Subject: hello")
            );
        }
    });
}
