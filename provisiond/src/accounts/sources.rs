//! Which sources of users and groups this host asks besides its files (nsswitch.conf(5)).

use std::path::PathBuf;

/// The first number that systemd gives out by itself (its "Users, Groups, UIDs and GIDs"). Below it,
/// what its source knows comes from records that an admin or a package has put down.
const SYSTEMD_FIRST: u32 = 60_001;

#[derive(Debug)]
pub(super) struct Sources {
    nsswitch: PathBuf,
    /// Where such records lie (nss-systemd(8), userdbctl(1)).
    records: Vec<PathBuf>,
}

impl Default for Sources {
    fn default() -> Self {
        let records = [
            "/etc/userdb",
            "/run/userdb",
            "/run/host/userdb",
            "/usr/lib/userdb",
            "/usr/local/lib/userdb",
        ];
        Self {
            nsswitch: "/etc/nsswitch.conf".into(),
            records: records.map(PathBuf::from).to_vec(),
        }
    }
}

impl Sources {
    /// Whether a number may be known to a source that is not a file. libc reads the files once more
    /// to ask such a source, which costs more than all else of making an account; so it is asked only
    /// where there is one.
    pub(super) fn may_have_number(&self, id: u32) -> bool {
        let Ok(text) = std::fs::read_to_string(&self.nsswitch) else {
            // Whatever libc does without it.
            return true;
        };
        let mut asks_systemd = false;
        for source in ["passwd:", "group:"]
            .iter()
            .flat_map(|database| sources_of(&text, database))
        {
            match source {
                "files" => {}
                "systemd" => asks_systemd = true,
                _ => return true,
            }
        }
        asks_systemd && (id >= SYSTEMD_FIRST || self.has_records())
    }

    fn has_records(&self) -> bool {
        self.records
            .iter()
            .any(|directory| match std::fs::read_dir(directory) {
                Ok(mut entries) => entries.next().is_some(),
                Err(e) => e.kind() != std::io::ErrorKind::NotFound,
            })
    }
}

/// The sources of one database. What stands in brackets are reactions, not sources.
fn sources_of<'a>(text: &'a str, database: &str) -> Vec<&'a str> {
    let lines = text.lines().filter_map(|line| {
        let line = line.split('#').next().unwrap_or_default().trim_start();
        line.strip_prefix(database)
    });
    lines
        .flat_map(|line| line.split('[').enumerate())
        .flat_map(|(n, part)| {
            let part = match n {
                0 => part,
                _ => part.split_once(']').map_or("", |(_, rest)| rest),
            };
            part.split_whitespace()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(text: &str, record: Option<&str>) -> (tempfile::TempDir, Sources) {
        let place = tempfile::tempdir().unwrap();
        std::fs::write(place.path().join("nsswitch.conf"), text).unwrap();
        let userdb = place.path().join("userdb");
        std::fs::create_dir(&userdb).unwrap();
        if let Some(name) = record {
            std::fs::write(userdb.join(name), "{}").unwrap();
        }
        let sources = Sources {
            nsswitch: place.path().join("nsswitch.conf"),
            records: vec![place.path().join("missing"), userdb],
        };
        (place, sources)
    }

    #[test]
    fn files_and_what_systemd_does_not_give_out_need_not_be_asked_for() {
        let debian = "# x\npasswd:   files systemd\ngroup:\tfiles [SUCCESS=merge] systemd # y\nshadow: files ldap\n";
        let (_place, sources) = with(debian, None);
        assert!(!sources.may_have_number(20_000));
        assert!(sources.may_have_number(60_001), "systemd gives it out");
        let (_place, sources) = with("passwd: files\ngroup: files\n", Some("ada.user"));
        assert!(!sources.may_have_number(70_000));
    }

    #[test]
    fn every_other_source_and_every_doubt_is_asked() {
        let (_place, sources) = with("passwd: files systemd\ngroup: files\n", Some("ada.user"));
        assert!(sources.may_have_number(20_000), "a record of an admin");
        for text in [
            "passwd: files sss\ngroup: files\n",
            "passwd: files\ngroup: files [NOTFOUND=return] ldap\n",
            "passwd: compat\ngroup: files\n",
            "passwd:files winbind\ngroup: files\n",
        ] {
            let (_place, sources) = with(text, None);
            assert!(sources.may_have_number(20_000), "{text}");
        }
        let (place, sources) = with("", None);
        drop(place);
        assert!(sources.may_have_number(20_000), "no nsswitch.conf");
    }
}
