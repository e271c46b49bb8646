//! Homes, made for real on a private host.
mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use provisiond::home::{HomeError, HomeFacts, Homes, Ids, Published};
use support::homes::{
    IDS, OTHER, add_mail_files, entries, homes, look, make_home, name, registration, visible,
};
use support::private_host::{not_run, private_host, run};

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
fn a_held_home_is_kept_whole_out_of_sight_until_it_is_put_back_or_deleted() {
    private_host(|host| {
        let homes = homes(host);
        make_home(&homes, 1);
        host.file("/home/ada/note", "mine", 0o644);
        for _ in 0..2 {
            homes.hold(&name("ada"), IDS, registration(1)).unwrap();
            assert!(visible().is_empty());
            assert!(homes.held(registration(1)).unwrap().is_some());
        }
        homes.delete_leftovers(registration(1)).unwrap();
        let kept = format!("/home/.registrar/held/{}", registration(1));
        assert_eq!(fs::read_to_string(format!("{kept}/note")).unwrap(), "mine");
        assert_eq!(look(&kept), "0711 45001:45001");
        for _ in 0..2 {
            homes.put_back(registration(1), &name("ada")).unwrap();
            assert_eq!(fs::read_to_string("/home/ada/note").unwrap(), "mine");
        }
        homes.hold(&name("ada"), IDS, registration(1)).unwrap();
        for _ in 0..2 {
            homes.delete_held(registration(1)).unwrap();
            assert!(homes.held(registration(1)).unwrap().is_none());
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
