//! Homes on a private host, for `ada`.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::Path;

use provision_api::{DisplayName, RegistrationId, Username};
use provisiond::home::{HomeError, Homes, Ids, MailDomain, MailIdentity, Published};
use uuid::Uuid;

use super::private_host::PrivateHost;

pub const IDS: Ids = Ids {
    uid: 45_001,
    gid: 45_001,
};
pub const OTHER: Ids = Ids {
    uid: 45_002,
    gid: 45_002,
};

pub fn registration(n: u128) -> RegistrationId {
    RegistrationId::new(Uuid::from_u128(n))
}

pub fn name(text: &str) -> Username {
    Username::parse(text).unwrap()
}

pub fn homes(host: &PrivateHost) -> Homes {
    host.directory("/etc/test-skel/.config/deep", 0o750);
    host.file("/etc/test-skel/.profile", "umask 027\n", 0o644);
    host.file("/etc/test-skel/.config/deep/run", "#!/bin/sh\n", 0o755);
    symlink("/etc/motd", "/etc/test-skel/motd").unwrap();
    Homes::new("/home", "/etc/test-skel", ["public", "public_gopher"]).unwrap()
}

pub fn add_mail_files(homes: &Homes, n: u128, display_name: &str) -> Result<(), HomeError> {
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
pub fn make_home(homes: &Homes, n: u128) {
    homes.stage(registration(n), IDS).unwrap();
    add_mail_files(homes, n, "Ada").unwrap();
    assert_eq!(
        homes.publish(registration(n), &name("ada"), IDS).unwrap(),
        Published::Now
    );
}

/// `mode owner:group` of a file itself.
pub fn look(path: impl AsRef<Path>) -> String {
    let meta = fs::symlink_metadata(path.as_ref()).unwrap();
    format!("{:04o} {}:{}", meta.mode() & 0o7777, meta.uid(), meta.gid())
}

/// Names in `/home` that anyone can see.
pub fn visible() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir("/home")
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != ".registrar")
        .collect();
    names.sort();
    names
}

pub fn entries(dir: &str) -> usize {
    fs::read_dir(dir).unwrap().count()
}
