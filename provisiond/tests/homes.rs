//! Homes, made and deleted for real on a private host.
mod support;

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use provision_api::{DisplayName, RegistrationId, Username};
use provisiond::home::{
    HomeError, HomeFacts, Homes, Ids, MailDomain, MailIdentity, Published, Template,
};
use support::private_host::{PrivateHost, has_program, not_run, private_host, run};
use uuid::Uuid;

const IDS: Ids = Ids {
    uid: 45_001,
    gid: 45_001,
};
const OTHER: Ids = Ids {
    uid: 45_002,
    gid: 45_002,
};

fn registration(n: u128) -> RegistrationId {
    RegistrationId::new(Uuid::from_u128(n))
}

fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

fn homes(host: &PrivateHost) -> Homes {
    host.directory("/etc/test-skel/.config/deep", 0o750);
    host.file("/etc/test-skel/.profile", "umask 027\n", 0o644);
    host.file("/etc/test-skel/.config/deep/run", "#!/bin/sh\n", 0o755);
    symlink("/etc/motd", "/etc/test-skel/motd").unwrap();
    Homes::new("/home", "/etc/test-skel", ["public", "public_gopher"]).unwrap()
}

fn add_mail_files(homes: &Homes, n: u128, display_name: &str) -> Result<(), HomeError> {
    homes.add_mail_files(
        registration(n),
        IDS,
        &MailIdentity {
            username: &name("ada"),
            display_name: &DisplayName::parse(display_name).unwrap(),
            domain: &MailDomain::parse("tilde.example").unwrap(),
        },
    )
}

/// The whole way of a home, for `ada`.
fn make_home(homes: &Homes, n: u128) {
    homes.stage(registration(n), IDS).unwrap();
    add_mail_files(homes, n, "Ada").unwrap();
    assert_eq!(
        homes.publish(registration(n), &name("ada"), IDS).unwrap(),
        Published::Now
    );
}

/// `mode owner:group` of a file itself.
fn look(path: impl AsRef<Path>) -> String {
    let meta = fs::symlink_metadata(path.as_ref()).unwrap();
    format!("{:04o} {}:{}", meta.mode() & 0o7777, meta.uid(), meta.gid())
}

/// Names in `/home` that anyone can see.
fn visible() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir("/home")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".registrar")
        .collect();
    names.sort();
    names
}

fn entries(dir: &str) -> usize {
    fs::read_dir(dir).unwrap().count()
}

#[test]
fn a_published_home_is_what_the_design_promises() {
    private_host(|host| {
        let homes = homes(host);
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Ada").unwrap();
        assert!(visible().is_empty(), "nothing is seen before it is whole");
        assert_eq!(look("/home/.registrar"), "0700 0:0");
        homes.publish(registration(1), &name("ada"), IDS).unwrap();

        for (path, want) in [
            ("", "0711 45001:45001"),
            ("Maildir", "0700 45001:45001"),
            ("Maildir/new", "0700 45001:45001"),
            ("Maildir/cur", "0700 45001:45001"),
            ("Maildir/tmp", "0700 45001:45001"),
            ("Maildir/.Sent/new", "0700 45001:45001"),
            (".neomuttrc", "0600 45001:45001"),
            ("public", "0755 45001:45001"),
            ("public_gopher", "0755 45001:45001"),
            (".profile", "0644 45001:45001"),
            (".config", "0755 45001:45001"),
            (".config/deep", "0750 45001:45001"),
            (".config/deep/run", "0755 45001:45001"),
            ("motd", "0777 45001:45001"),
        ] {
            assert_eq!(look(Path::new("/home/ada").join(path)), want, "{path}");
        }
        assert_eq!(
            fs::read_link("/home/ada/motd").unwrap(),
            PathBuf::from("/etc/motd")
        );
        assert_eq!(look("/etc/passwd").split(' ').nth(1), Some("0:0"));
        assert_eq!(entries("/home/.registrar/staging"), 0);
        let facts = homes.inspect(&name("ada"), IDS.uid).unwrap();
        let all = HomeFacts {
            exists: true,
            owned: true,
            maildir: true,
            neomuttrc: true,
        };
        assert_eq!(facts, all);
        assert_eq!(
            homes.inspect(&name("bob"), 1).unwrap(),
            HomeFacts::default()
        );
    });
}

#[test]
fn each_step_may_be_repeated() {
    private_host(|host| {
        let homes = homes(host);
        homes.stage(registration(1), IDS).unwrap();
        host.file(
            format!("/home/.registrar/staging/{}/half", registration(1)),
            "x",
            0o644,
        );
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Ada").unwrap();
        add_mail_files(&homes, 1, "Ada").unwrap();
        homes.publish(registration(1), &name("ada"), IDS).unwrap();
        assert!(
            !Path::new("/home/ada/half").exists(),
            "a former attempt left something"
        );
        host.file("/home/ada/note", "mine", 0o644);
        let again = homes.publish(registration(1), &name("ada"), IDS).unwrap();
        assert_eq!(again, Published::Before);
        assert_eq!(fs::read_to_string("/home/ada/note").unwrap(), "mine");

        for _ in 0..2 {
            homes.withdraw(&name("ada"), IDS, registration(1)).unwrap();
            assert!(visible().is_empty());
        }
        for _ in 0..2 {
            homes.delete_leftovers(registration(1)).unwrap();
            assert_eq!(entries("/home/.registrar/trash"), 0);
        }
    });
}

#[test]
fn an_archived_home_is_kept_whole_out_of_sight_until_it_is_deleted() {
    private_host(|host| {
        let homes = homes(host);
        make_home(&homes, 1);
        host.file("/home/ada/note", "mine", 0o644);
        for _ in 0..2 {
            homes.archive(&name("ada"), IDS, registration(1)).unwrap();
            assert!(visible().is_empty());
            assert!(homes.is_archived(registration(1)).unwrap());
        }
        homes.delete_leftovers(registration(1)).unwrap();
        let kept = format!("/home/.registrar/archive/{}", registration(1));
        assert_eq!(fs::read_to_string(format!("{kept}/note")).unwrap(), "mine");
        assert_eq!(look(&kept), "0711 45001:45001");
        for _ in 0..2 {
            homes.delete_archived(registration(1)).unwrap();
            assert!(!homes.is_archived(registration(1)).unwrap());
        }
        assert_eq!(entries("/home/.registrar/trash"), 0);
    });
}

#[test]
fn what_belongs_to_someone_else_is_left_alone() {
    private_host(|host| {
        let homes = homes(host);
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Ada").unwrap();
        let ada = host.directory("/home/ada", 0o755);
        host.file("/home/ada/precious", "x", 0o644);
        std::os::unix::fs::chown(&ada, Some(OTHER.uid), Some(OTHER.gid)).unwrap();
        let refused = homes.publish(registration(1), &name("ada"), IDS);
        assert!(
            matches!(refused, Err(HomeError::Foreign { .. })),
            "{refused:?}"
        );
        let refused = homes.withdraw(&name("ada"), IDS, registration(1));
        assert!(
            matches!(refused, Err(HomeError::Foreign { .. })),
            "{refused:?}"
        );
        assert_eq!(look("/home/ada"), "0755 45002:45002");
        assert!(Path::new("/home/ada/precious").exists());

        fs::remove_dir_all(&ada).unwrap();
        symlink("/etc", &ada).unwrap();
        assert!(homes.publish(registration(1), &name("ada"), IDS).is_err());
        assert!(homes.withdraw(&name("ada"), IDS, registration(1)).is_err());
        let root = Ids { uid: 0, gid: 0 };
        assert!(matches!(
            homes.stage(registration(2), root),
            Err(HomeError::NoMember { .. })
        ));
    });
}

#[test]
fn a_home_without_mail_files_is_not_published() {
    private_host(|host| {
        let homes = homes(host);
        let missing = homes.publish(registration(1), &name("ada"), IDS);
        assert!(matches!(missing, Err(HomeError::NotStaged)), "{missing:?}");
        homes.stage(registration(1), IDS).unwrap();
        let refused = homes.publish(registration(1), &name("ada"), IDS);
        assert!(
            matches!(refused, Err(HomeError::Postcondition { .. })),
            "{refused:?}"
        );
        assert!(visible().is_empty());
    });
}

#[test]
fn skel_with_a_setuid_file_device_fifo_or_socket_is_refused_by_name() {
    private_host(|host| {
        let homes = homes(host);
        let bad = "/etc/test-skel/.config/bad";
        let makers: [(&str, &[&str]); 5] = [
            ("setuid", &["install", "-m", "4755", "/bin/true", bad]),
            ("setgid", &["install", "-d", "-m", "2755", bad]),
            ("FIFO", &["mkfifo", bad]),
            ("device", &["mknod", bad, "c", "1", "3"]),
            (
                "socket",
                &[
                    "python3",
                    "-c",
                    &format!("import socket; socket.socket(socket.AF_UNIX).bind('{bad}')"),
                ],
            ),
        ];
        for (what, command) in makers {
            let made = Command::new(command[0]).args(&command[1..]).status();
            if !made.is_ok_and(|status| status.success()) {
                not_run(&format!("{} to make a {what}", command[0]));
                continue;
            }
            let why = homes.stage(registration(1), IDS).unwrap_err().to_string();
            assert!(why.starts_with(bad) && why.contains(what), "{what}: {why}");
            assert!(visible().is_empty());
            assert_eq!(entries("/home/.registrar/staging"), 0);
            run("/bin/rm", &["-r", bad]);
        }
        let many = host.directory("/etc/test-skel/many", 0o755);
        for n in 0..2_001 {
            fs::write(many.join(n.to_string()), "").unwrap();
        }
        let why = homes.stage(registration(1), IDS).unwrap_err().to_string();
        assert!(why.contains("too big"), "{why}");
    });
}

#[test]
fn a_staging_directory_that_is_not_roots_alone_is_refused() {
    private_host(|host| {
        let homes = homes(host);
        let trap = host.directory("/etc/trap", 0o700);
        symlink(&trap, "/home/.registrar").unwrap();
        assert!(homes.stage(registration(1), IDS).is_err());
        fs::remove_file("/home/.registrar").unwrap();

        host.directory("/home/.registrar", 0o755);
        assert!(homes.stage(registration(1), IDS).is_err());
        fs::set_permissions("/home/.registrar", Permissions::from_mode(0o700)).unwrap();
        symlink(&trap, "/home/.registrar/staging").unwrap();
        assert!(homes.stage(registration(1), IDS).is_err());
        fs::remove_file("/home/.registrar/staging").unwrap();

        host.directory("/home/.registrar/staging", 0o700);
        let staged = format!("/home/.registrar/staging/{}", registration(1));
        symlink(&trap, &staged).unwrap();
        homes.stage(registration(1), IDS).unwrap();
        assert_eq!(
            fs::read_dir(&trap).unwrap().count(),
            0,
            "written through a symbolic link"
        );

        fs::set_permissions("/home", Permissions::from_mode(0o777)).unwrap();
        let why = homes.stage(registration(2), IDS).unwrap_err().to_string();
        assert!(why.contains("/home") && why.contains("writable"), "{why}");
    });
}

#[test]
fn a_full_disk_is_called_so_and_leaves_nothing_to_see() {
    private_host(|host| {
        let _ = homes(host);
        host.file("/etc/test-skel/big", vec![b'x'; 300 << 10], 0o644);
        for (dir, kib, inodes) in [("/home/small", 200, 1_000), ("/home/few", 2_000, 12)] {
            host.small_file_system(Path::new(dir), kib, inodes);
            let homes = Homes::new(dir, "/etc/test-skel", ["public"]).unwrap();
            let failed = homes
                .stage(registration(1), IDS)
                .and_then(|()| add_mail_files(&homes, 1, "Ada"));
            let failed = failed.unwrap_err();
            assert!(matches!(failed, HomeError::DiskFull { .. }), "{failed:?}");
            assert!(failed.to_string().starts_with("disk full"), "{failed}");
            assert_eq!(entries(dir), 1, "only .registrar");
            assert!(homes.publish(registration(1), &name("ada"), IDS).is_err());
            assert_eq!(entries(dir), 1, "only .registrar");
            homes.delete_leftovers(registration(1)).unwrap();
            assert_eq!(entries(&format!("{dir}/.registrar/staging")), 0);
        }
    });
}

/// CVE-2013-4235: shadow's tree copy and removal could be led out of the home by its owner.
#[test]
fn cve_2013_4235_a_racing_owner_can_not_lead_the_removal_out_of_the_home() {
    private_host(|host| {
        let homes = homes(host);
        host.directory("/home/victim/dir", 0o777);
        host.file("/home/victim/dir/keep", "x", 0o666);
        for round in 1..=10 {
            make_home(&homes, round);
            let arena = host.directory("/home/ada/arena", 0o777);
            // The owner's process is at work in the home and stays there when it is moved away.
            let inside = File::open(&arena).unwrap();
            let ready = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    swap_for_links(&inside, 20);
                    ready.wait();
                    swap_for_links(&inside, 2_000);
                });
                ready.wait();
                homes
                    .withdraw(&name("ada"), IDS, registration(round))
                    .unwrap();
                homes.delete_leftovers(registration(round)).unwrap();
            });
            homes.delete_leftovers(registration(round)).unwrap();
            assert_eq!(entries("/home/.registrar/trash"), 0);
            assert!(Path::new("/home/victim/dir/keep").exists(), "round {round}");
        }
        // The race as if it were won each time: a link where a directory had been.
        let trash = format!("/home/.registrar/trash/{}", registration(99));
        symlink("/home/victim", format!("{trash}-0")).unwrap();
        host.directory(format!("{trash}-1"), 0o755);
        symlink("/home/victim", format!("{trash}-1/link")).unwrap();
        homes.delete_leftovers(registration(99)).unwrap();
        assert_eq!(entries("/home/.registrar/trash"), 0);
        assert!(Path::new("/home/victim/dir/keep").exists());
    });
}

/// Makes full directories and puts links to the victim in their place, again and again. Each
/// call may fail, as the directories are being deleted.
fn swap_for_links(dir: &File, times: usize) {
    use nix::fcntl::{RenameFlags, renameat2};
    use nix::sys::stat::{Mode, mkdirat};
    use nix::unistd::symlinkat;
    let all = Mode::from_bits_truncate(0o777);
    for n in 0..times {
        let full = format!("d{}", n % 40);
        let link = format!("l{n}");
        let _ = mkdirat(dir, full.as_str(), all);
        let _ = mkdirat(dir, format!("{full}/inner").as_str(), all);
        let _ = symlinkat("/home/victim", dir, link.as_str());
        let flags = RenameFlags::RENAME_EXCHANGE;
        let _ = renameat2(dir, link.as_str(), dir, full.as_str(), flags);
    }
}

#[test]
fn a_home_of_ten_thousand_levels_is_deleted() {
    private_host(|host| {
        let homes = homes(host);
        make_home(&homes, 1);
        let made = Command::new("/usr/bin/perl")
            .args([
                "-e",
                "chdir '/home/ada'; for (1..10000) { mkdir 'd'; chdir 'd' or die; } ",
            ])
            .status();
        if !made.is_ok_and(|status| status.success()) {
            not_run("needs perl to make a deep tree");
            return;
        }
        homes.withdraw(&name("ada"), IDS, registration(1)).unwrap();
        homes.delete_leftovers(registration(1)).unwrap();
        assert_eq!(entries("/home/.registrar/trash"), 0);
    });
}

#[test]
fn another_file_system_inside_of_a_home_is_not_deleted() {
    private_host(|host| {
        let homes = homes(host);
        make_home(&homes, 1);
        host.small_file_system(Path::new("/home/ada/usb"), 100, 100);
        host.file("/home/ada/usb/keep", "x", 0o644);
        homes.withdraw(&name("ada"), IDS, registration(1)).unwrap();
        let refused = homes.delete_leftovers(registration(1));
        assert!(
            matches!(refused, Err(HomeError::OtherFileSystem { .. })),
            "{refused:?}"
        );
        let trash = format!("/home/.registrar/trash/{}-0/usb", registration(1));
        assert!(Path::new(&trash).join("keep").exists());
        run("/bin/umount", &[&trash]);
        homes.delete_leftovers(registration(1)).unwrap();
        assert_eq!(entries("/home/.registrar/trash"), 0);
    });
}

/// What NeoMutt says of a setting, with its quoting undone.
fn neomutt(setting: &str) -> String {
    let output = Command::new("/usr/bin/neomutt")
        .args(["-F", "/home/ada/.neomuttrc", "-Q", setting])
        .env_clear()
        .env("HOME", "/home/ada")
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm")
        .current_dir("/home/ada")
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success() && complaint.is_empty(),
        "{setting}: {complaint}"
    );
    let line = String::from_utf8(output.stdout).unwrap();
    let value = line.trim_end().split_once(" = ").unwrap().1;
    let value = value
        .strip_prefix('"')
        .and_then(|v| v.strip_suffix('"'))
        .unwrap_or(value);
    let mut plain = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        plain.push(if c == '\\' { chars.next().unwrap() } else { c });
    }
    plain
}

#[test]
fn display_names_come_out_of_neomutt_harmless_and_true() {
    private_host(|host| {
        if !has_program("/usr/bin/neomutt", "neomutt") {
            return;
        }
        for (n, display_name) in (1..).zip([
            "Ada Lovelace",
            "`touch /home/ran`",
            "$(touch /home/ran) ${HOME} $HOME",
            "O'Hara '`touch /home/ran`' \"quoted\" 'x",
            "back\\slash \\' \\\" \\",
            "a # b ; c ; set from = evil@example",
            "Zoë 🧑‍🚀 李",
            "{{address}} %s $from $my_x ^G",
        ]) {
            let homes = homes(host);
            homes.stage(registration(n), IDS).unwrap();
            add_mail_files(&homes, n, display_name).unwrap();
            homes.publish(registration(n), &name("ada"), IDS).unwrap();
            assert_eq!(neomutt("real_name"), display_name);
            assert_eq!(neomutt("from"), "ada@tilde.example");
            assert_eq!(neomutt("hostname"), "tilde.example");
            assert_eq!(neomutt("spool_file"), "/home/ada/Maildir");
            assert!(
                !Path::new("/home/ran").exists(),
                "{display_name} ran a command"
            );
            homes.withdraw(&name("ada"), IDS, registration(n)).unwrap();
            homes.delete_leftovers(registration(n)).unwrap();
            fs::remove_dir_all("/etc/test-skel").unwrap();
        }
    });
}

#[test]
fn a_mail_written_with_neomutt_carries_name_and_address() {
    private_host(|host| {
        if !has_program("/usr/bin/neomutt", "neomutt") {
            return;
        }
        let homes = homes(host);
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Zoë \"Z\" `id`").unwrap();
        homes.publish(registration(1), &name("ada"), IDS).unwrap();
        host.file(
            "/home/sendmail",
            "#!/bin/sh\necho \"$@\" > /home/args; cat > /home/sent\n",
            0o755,
        );
        let script = "echo hi | neomutt -F .neomuttrc -e 'set sendmail=/home/sendmail' -s Test -- bob@tilde.example";
        let output = Command::new("/bin/sh")
            .args(["-c", script])
            .env_clear()
            .env("HOME", "/home/ada")
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/home/ada")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let sent = fs::read_to_string("/home/sent").unwrap();
        let from = sent
            .lines()
            .find(|line| line.starts_with("From: "))
            .unwrap();
        assert!(from.ends_with("<ada@tilde.example>"), "{from}");
        assert!(
            from.contains("=?utf-8?") && !from.contains("uid="),
            "{from}"
        );
        assert!(
            fs::read_to_string("/home/args")
                .unwrap()
                .contains("-f ada@tilde.example")
        );
        assert_eq!(entries("/home/ada/Maildir/.Sent/cur"), 1, "a copy is kept");
    });
}

#[test]
fn an_admins_template_is_used_and_a_bad_one_told_with_file_and_line() {
    private_host(|host| {
        let file = host.file(
            "/etc/mine.template",
            "set real_name = {{realname}}\n",
            0o644,
        );
        let homes = homes(host).with_neomuttrc(Template::read(&file).unwrap());
        homes.stage(registration(1), IDS).unwrap();
        add_mail_files(&homes, 1, "Ada").unwrap();
        homes.publish(registration(1), &name("ada"), IDS).unwrap();
        let text = fs::read_to_string("/home/ada/.neomuttrc").unwrap();
        assert_eq!(text, "set real_name = 'Ada'\n");
        host.file(&file, "\nset from = {{adress}}\n", 0o644);
        let why = Template::read(&file).unwrap_err().to_string();
        assert!(why.starts_with("/etc/mine.template: line 2"), "{why}");
    });
}
