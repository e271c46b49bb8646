use crate::Username;

/// The union of names that stand for something on a host, one a line; see the file's head.
const LIST: &str = include_str!("../reserved-names.txt");

/// Whether a name is reserved on every host.
///
/// What one host reserves besides (its users and groups, aliases, sysusers.d, tombstones, the
/// admin's own list) is known to provisiond alone.
#[must_use]
pub fn is_reserved(name: &Username) -> bool {
    let name = name.as_str();
    LIST.lines().map(str::trim).filter(|l| !l.starts_with('#')).any(|l| l == name)
        // The ranges that systemd, Debian and shadow name themselves by.
        || ["systemd-", "debian-", "registrar-", "provisiond-", "www-", "mail-"].iter().any(|p| name.starts_with(p))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unix_accounts_mail_roles_and_web_names_are_reserved() {
        for name in [
            "root",
            "man",
            "lp",
            "sshd",
            "apt",
            "postgres",
            "messagebus",
            "vmail",
            "postmaster",
            "abuse",
            "hostmaster",
            "webmaster",
            "www",
            "admin",
            "api",
            "signup",
            "systemd-network",
            "nobody",
            "daemon",
            "mail",
            "join",
            "git",
            "registrar-web",
        ] {
            assert!(is_reserved(&Username::parse(name).unwrap()), "{name}");
        }
        for name in ["alice", "mary-jane", "rooty", "manuela"] {
            assert!(!is_reserved(&Username::parse(name).unwrap()), "{name}");
        }
    }

    #[test]
    fn each_line_is_a_name_that_someone_could_ask_for_and_stands_once() {
        let mut seen = std::collections::HashSet::new();
        for line in LIST
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty() && !l.starts_with('#'))
        {
            assert!(
                Username::parse(line).is_ok(),
                "{line} can't be asked for anyway"
            );
            assert!(seen.insert(line), "{line} stands twice");
        }
        assert!(seen.len() > 300, "{}", seen.len());
    }
}
