//! Homes deleted for real on a private host, also against their owners.
mod support;

use std::fs::File;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Barrier;
use std::thread;

use provisiond::home::HomeError;
use support::homes::{IDS, entries, homes, make_home, name, registration};
use support::private_host::{not_run, private_host, run};

/// CVE-2013-4235: shadow's tree copy and removal could be led out of the home by its owner.
#[test]
fn shadow_cve_2013_4235_a_racing_owner_can_not_lead_the_removal_out_of_the_home() {
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
