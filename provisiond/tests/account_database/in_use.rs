//! What an account is, and whose names and numbers are left alone.

use std::fs;

use provisiond::clock::{Clock, SystemClock};

use crate::support::daemon::{line_of, shadow_field, user};
use crate::support::private_host::run;
use crate::{SHORT, UID, both, complaints, contents, make, make_ada};

#[test]
fn an_account_is_complete_and_locked_and_the_checkers_find_no_fault() {
    both(|_, writer| {
        let before = complaints();
        let accounts = writer.open(SHORT);
        make_ada(accounts.as_ref()).unwrap();
        assert_eq!(complaints(), before);
        let made = accounts.user("ada").unwrap().unwrap();
        assert_eq!((made.uid, made.gid), (UID, UID));
        let shadow = accounts.shadow("ada").unwrap().unwrap();
        assert!(shadow.expired() && shadow.password_locked());
        let today = SystemClock.now() / 86_400;
        assert_eq!(shadow_field("ada", 2), today.to_string());
        accounts.delete(&user("ada"), UID).unwrap();
        assert_eq!(complaints(), before);
    });
}

#[test]
fn names_and_numbers_in_use_are_refused_for_good_and_stay_whose_they_are() {
    both(|host, writer| {
        host.add_user("owner", 4_500);
        run("/usr/sbin/groupadd", &["-g", "4600", "crew"]);
        let accounts = writer.open(SHORT);
        let before = contents();
        for (name, uid) in [
            ("owner", UID),
            ("crew", UID),
            ("ada", 4_500),
            ("ada", 4_600),
        ] {
            let error = make(accounts.as_ref(), &user(name), uid, "Name").unwrap_err();
            assert!(!error.is_transient(), "{name} {uid}: {error}");
            assert_eq!(contents(), before, "{name} {uid}");
        }
    });
}

#[test]
fn a_name_that_was_free_a_moment_ago_is_in_use_as_soon_as_a_file_has_it() {
    both(|host, writer| {
        let accounts = writer.open(SHORT);
        for name in ["ada", "crew"] {
            assert_eq!(accounts.name_in_use(&user(name)).unwrap(), None);
        }
        host.add_user("ada", 4_500);
        run("/usr/sbin/groupadd", &["-g", "4600", "crew"]);
        assert_eq!(accounts.name_in_use(&user("ada")).unwrap(), Some("user"));
        assert_eq!(accounts.name_in_use(&user("crew")).unwrap(), Some("group"));
    });
}

#[test]
fn a_user_without_a_group_of_that_name_keeps_its_name_and_number() {
    both(|_, writer| {
        let theirs = ["-M", "-N", "-l", "-u", "4500", "-g", "100", "ada"];
        run("/usr/sbin/useradd", &theirs);
        let line = line_of("/etc/passwd", "ada");
        let accounts = writer.open(SHORT);
        for (name, uid) in [("ada", UID), ("bob", 4_500)] {
            make(accounts.as_ref(), &user(name), uid, "Name").unwrap_err();
            // As an operation that failed is undone.
            accounts.delete(&user(name), uid).unwrap();
            assert_eq!(line_of("/etc/passwd", "ada"), line);
            assert_eq!(line_of("/etc/group", name), None);
            assert_eq!(line_of("/etc/passwd", "bob"), None);
        }
    });
}

#[test]
fn a_field_that_would_be_two_is_never_written() {
    both(|_, writer| {
        let accounts = writer.open(SHORT);
        let before = fs::read("/etc/passwd").unwrap();
        for gecos in ["Ada:0:0", "Ada\nroot2:x:0:0::/:/bin/sh"] {
            make(accounts.as_ref(), &user("ada"), UID, gecos).unwrap_err();
            assert_eq!(fs::read("/etc/passwd").unwrap(), before);
        }
    });
}
