//! Crashes, full disks and odd hosts.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::mount::{MsFlags, mount};
use provisiond::accounts::PasswordField;

use crate::support::daemon::{line_of, user};
use crate::support::private_host::{PrivateHost, private_host};
use crate::{FILES, SHORT, UID, Writer, assert_no_litter, both, contents, make, make_ada};

/// What a crash leaves after each file, in the order in which files are put in place.
#[test]
fn whatever_a_crash_left_of_an_account_is_completed_or_taken_back() {
    let lines = [
        ("/etc/group", "ada:x:45001:\n"),
        ("/etc/gshadow", "ada:!::\n"),
        ("/etc/passwd", "ada:x:45001:45001:Ada:/home/ada:/bin/bash\n"),
        ("/etc/shadow", "ada:!:20000:0:99999:7::1:\n"),
    ];
    both(|_, writer| {
        let before = contents();
        for left in 0..=lines.len() {
            for complete in [false, true] {
                // shadow-utils can't complete what it left; the operation is undone there.
                if complete && writer == Writer::ShadowUtils {
                    continue;
                }
                for (file, line) in &lines[..left] {
                    let text = fs::read_to_string(file).unwrap();
                    fs::write(file, text + line).unwrap();
                }
                let accounts = writer.open(SHORT);
                if complete {
                    make_ada(accounts.as_ref()).unwrap();
                    for (file, _) in lines {
                        let text = fs::read_to_string(file).unwrap();
                        let count = text.lines().filter(|l| l.starts_with("ada:")).count();
                        assert_eq!(count, 1, "{file} after {left}");
                    }
                }
                accounts.delete(&user("ada"), UID).unwrap();
                assert_eq!(contents(), before, "after {left}");
            }
        }
    });
}

/// Puts the account files, and what the tools read, on a file system of that size.
fn etc_on_a_small_disk(host: &PrivateHost, kib: u32) {
    let small = Path::new("/run/small");
    host.small_file_system(small, kib, 200);
    host.directory("/run/small/etc", 0o755);
    for file in FILES
        .iter()
        .chain(&["/etc/login.defs", "/etc/nsswitch.conf"])
    {
        fs::copy(file, format!("/run/small{file}")).unwrap();
    }
    mount(
        Some("/run/small/etc"),
        "/etc",
        None::<&str>,
        MsFlags::MS_BIND,
        None::<&str>,
    )
    .unwrap();
}

#[test]
fn a_full_disk_changes_nothing() {
    private_host(|host| {
        etc_on_a_small_disk(host, 256);
        let accounts = Writer::Direct.open(SHORT);
        make(accounts.as_ref(), &user("first"), UID + 9, "First").unwrap();
        let before = contents();
        let (mut failed, mut done) = (0, 0);
        let mut filler = File::create("/etc/filler").unwrap();
        while filler.write_all(&[0; 1024]).is_ok() {}
        // A page more each time.
        while done == 0 {
            let result = make_ada(accounts.as_ref());
            let password = accounts.set_password(&user("first"), PasswordField::Impossible);
            match result {
                Ok(()) => done += 1,
                Err(error) => {
                    assert!(error.is_transient(), "{error}");
                    failed += 1;
                    for (file, (is, was)) in FILES.iter().zip(contents().iter().zip(&before)) {
                        let of_password = *file == "/etc/shadow" && password.is_ok();
                        assert!(of_password || is == was, "{file} after {failed}");
                    }
                }
            }
            assert_no_litter();
            if password.is_ok() {
                // Back, for the next round.
                fs::write("/etc/shadow", &before[1]).unwrap();
            }
            let length = filler.metadata().unwrap().len();
            filler.set_len(length.checked_sub(4096).unwrap()).unwrap();
        }
        assert!(failed > 4, "{failed}");
    });
}

#[test]
fn a_host_without_gshadow_gets_none() {
    private_host(|_| {
        let _ = fs::remove_file("/etc/gshadow");
        make_ada(Writer::Direct.open(SHORT).as_ref()).unwrap();
        assert!(!Path::new("/etc/gshadow").exists());
        assert!(line_of("/etc/group", "ada").is_some());
    });
}

#[test]
fn a_link_in_the_place_of_a_file_is_not_replaced() {
    private_host(|_| {
        fs::rename("/etc/passwd", "/etc/passwd.real").unwrap();
        std::os::unix::fs::symlink("/etc/passwd.real", "/etc/passwd").unwrap();
        let error = make_ada(Writer::Direct.open(SHORT).as_ref()).unwrap_err();
        assert!(error.to_string().contains("symbolic link"), "{error}");
        assert!(fs::symlink_metadata("/etc/passwd").unwrap().is_symlink());
        assert_eq!(line_of("/etc/group", "ada"), None);
    });
}

#[test]
fn the_new_version_was_never_readable_for_others_than_the_old() {
    private_host(|_| {
        let started = Instant::now();
        let accounts = Writer::Direct.open(SHORT);
        std::thread::scope(|scope| {
            let watch = scope.spawn(|| {
                let mut seen = 0;
                while started.elapsed() < Duration::from_millis(500) {
                    if let Ok(meta) = fs::metadata("/etc/shadow+") {
                        assert_eq!(meta.mode() & 0o137, 0, "{:o}", meta.mode());
                        seen += 1;
                    }
                }
                seen
            });
            let mut n = 0;
            while !watch.is_finished() {
                let name = user(&format!("u{n}"));
                make(accounts.as_ref(), &name, UID + n, "").unwrap();
                n += 1;
            }
            assert!(watch.join().unwrap() > 0);
        });
    });
}
