//! What sshd says of its configuration for one user (`sshd -T -C user=…`), and whether that lets
//! them in. Pure: text in, judgement out.
//!
//! `sshd_config(5)` is read by OpenSSH's own parser, `Include` and `Match` too; here only the plain
//! list that comes out of it is looked at. Who may log in at all sshd decides later, from four of
//! these lines (`allowed_user()` in auth.c); that part is done again here.

use std::path::Path;

/// The lines of `sshd -T`: a keyword in small letters, and what is set.
pub(super) struct Effective<'a>(&'a str);

/// Whom it is about.
pub(super) struct Subject<'a> {
    pub(super) name: &'a str,
    pub(super) uid: u32,
    pub(super) home: &'a str,
    pub(super) groups: &'a [String],
    /// Where the registrar keeps the keys.
    pub(super) key_file: &'a Path,
    pub(super) keys: &'a [KeyFacts],
    pub(super) has_password: bool,
}

/// What decides about a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyFacts {
    /// As in the key file: `ssh-ed25519`, `ssh-rsa` and so on.
    pub(super) algorithm: String,
    pub(super) bits: u32,
}

impl<'a> Effective<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self(text)
    }

    fn all(&self, keyword: &str) -> impl Iterator<Item = &'a str> {
        let lines = self.0.lines().filter_map(|line| line.split_once(' '));
        lines
            .filter(move |(word, _)| *word == keyword)
            .map(|(_, value)| value.trim())
    }

    fn one(&self, keyword: &str) -> &'a str {
        self.all(keyword).next().unwrap_or_default()
    }

    fn is_on(&self, keyword: &str) -> bool {
        self.one(keyword) == "yes"
    }

    /// Whether it is the list that `sshd -T` prints, and not a complaint.
    fn is_whole(&self) -> bool {
        !self.one("pubkeyauthentication").is_empty() && !self.one("authorizedkeysfile").is_empty()
    }
}

/// What is found for admins to read, or what keeps the user out.
pub(super) fn judge(sshd: &Effective<'_>, who: &Subject<'_>) -> Result<String, String> {
    if !sshd.is_whole() {
        return Err("sshd -T does not say how it is configured".into());
    }
    is_let_in(sshd, who)?;
    let by_password = who.has_password
        && (sshd.is_on("passwordauthentication") || sshd.is_on("kbdinteractiveauthentication"));
    let (by_key, found) = match who.keys.len() {
        0 if by_password => (false, "sshd asks for the password; no key is kept".into()),
        0 if who.has_password => return Err("sshd takes no passwords, and no key is kept".into()),
        0 => return Err("there is neither a key nor a password".into()),
        all => {
            let taken = keys_taken(sshd, who)?;
            (
                true,
                format!("sshd takes {taken} of {all} keys that are kept"),
            )
        }
    };
    let methods = sshd.one("authenticationmethods");
    let can = |method: &str| match method.split(':').next().unwrap_or_default() {
        "publickey" => by_key,
        "password" | "keyboard-interactive" => by_password,
        "any" => true,
        _ => false,
    };
    let mut ways = methods.split_whitespace();
    if methods.is_empty() || ways.any(|way| way.split(',').all(can)) {
        Ok(found)
    } else {
        Err(format!(
            "sshd asks for more (AuthenticationMethods {methods})"
        ))
    }
}

/// `DenyUsers`, `AllowUsers`, `DenyGroups`, `AllowGroups`, in sshd's order. Where a pattern names
/// hosts, too, people come from some of them: that lets in, and keeps nobody out.
fn is_let_in(sshd: &Effective<'_>, who: &Subject<'_>) -> Result<(), String> {
    let user = |pattern: &str, anywhere: bool| {
        let (user, host) = pattern.rsplit_once('@').unwrap_or((pattern, "*"));
        matches(user, who.name) && (anywhere || host == "*")
    };
    let group = |pattern: &str| who.groups.iter().any(|group| matches(pattern, group));
    if sshd.all("denyusers").any(|pattern| user(pattern, false)) {
        return Err("sshd keeps the user out (DenyUsers)".into());
    }
    let mut allowed = sshd.all("allowusers").peekable();
    if allowed.peek().is_some() && !allowed.any(|pattern| user(pattern, true)) {
        return Err("sshd lets only others in (AllowUsers)".into());
    }
    if sshd.all("denygroups").any(group) {
        return Err("sshd keeps a group of the user out (DenyGroups)".into());
    }
    let mut allowed = sshd.all("allowgroups").peekable();
    if allowed.peek().is_some() && !allowed.any(group) {
        return Err("sshd lets only other groups in (AllowGroups)".into());
    }
    Ok(())
}

fn keys_taken(sshd: &Effective<'_>, who: &Subject<'_>) -> Result<usize, String> {
    if !sshd.is_on("pubkeyauthentication") {
        return Err("sshd takes no keys (PubkeyAuthentication)".into());
    }
    let mut files = sshd.one("authorizedkeysfile").split_whitespace();
    if !files.any(|file| Path::new(&expanded(file, who)) == who.key_file) {
        return Err(
            "sshd does not read the registrar's keys (AuthorizedKeysFile); see \
             sshd_config.d/50-registrar.conf"
                .into(),
        );
    }
    let accepted: Vec<&str> = sshd.one("pubkeyacceptedalgorithms").split(',').collect();
    let smallest = sshd.one("requiredrsasize").parse().unwrap_or(0);
    let is_taken = |key: &&KeyFacts| {
        let is_rsa = key.algorithm == "ssh-rsa";
        let names: &[&str] = if is_rsa {
            &["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"]
        } else {
            &[key.algorithm.as_str()]
        };
        let known = accepted.iter().any(|a| names.iter().any(|n| matches(a, n)));
        known && (!is_rsa || key.bits >= smallest)
    };
    match who.keys.iter().filter(is_taken).count() {
        0 => Err("sshd takes no key of these kinds (PubkeyAcceptedAlgorithms)".into()),
        taken => Ok(taken),
    }
}

/// The tokens of `AuthorizedKeysFile`; what does not begin with a slash is below the home.
fn expanded(file: &str, who: &Subject<'_>) -> String {
    let mut path = String::new();
    let mut letters = file.chars();
    while let Some(letter) = letters.next() {
        match (letter, letter == '%') {
            (_, true) => match letters.next() {
                Some('u') => path.push_str(who.name),
                Some('U') => path.push_str(&who.uid.to_string()),
                Some('h') => path.push_str(who.home),
                Some(other) => path.push(other),
                None => {}
            },
            (other, false) => path.push(other),
        }
    }
    if path.starts_with('/') {
        path
    } else {
        format!("{}/{path}", who.home)
    }
}

/// PATTERNS of `ssh_config(5)`: `*` is any text, `?` any character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    // Where the last `*` stands, and how much of the text it has taken so far.
    let (mut at, mut read, mut star) = (0, 0, None);
    loop {
        match (pattern.get(at), text.get(read)) {
            (Some(b'*'), _) => {
                star = Some((at, read));
                at += 1;
            }
            (Some(p), Some(t)) if p == t || *p == b'?' => {
                at += 1;
                read += 1;
            }
            (None, None) => return true,
            _ => match star {
                Some((star_at, taken)) if taken < text.len() => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    read = taken + 1;
                }
                _ => return false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = "pubkeyauthentication yes\npasswordauthentication yes\n\
        kbdinteractiveauthentication no\nauthenticationmethods any\nrequiredrsasize 1024\n\
        pubkeyacceptedalgorithms ssh-ed25519,rsa-sha2-512\n\
        authorizedkeysfile .ssh/authorized_keys /etc/ssh/registrar_keys/%u\n";

    fn key(algorithm: &str, bits: u32) -> KeyFacts {
        KeyFacts {
            algorithm: algorithm.into(),
            bits,
        }
    }

    fn judged(config: &str, keys: &[KeyFacts], has_password: bool) -> Result<String, String> {
        let who = Subject {
            name: "ada",
            uid: 20_000,
            home: "/home/ada",
            groups: &["ada".to_owned(), "crew".to_owned()],
            key_file: Path::new("/etc/ssh/registrar_keys/ada"),
            keys,
            has_password,
        };
        judge(&Effective::of(config), &who)
    }

    #[test]
    fn a_kept_key_or_else_the_password_gets_in() {
        let found = judged(PLAIN, &[key("ssh-ed25519", 256)], false).unwrap();
        assert_eq!(found, "sshd takes 1 of 1 keys that are kept");
        assert!(judged(PLAIN, &[], true).unwrap().contains("password"));
        let found = judged(PLAIN, &[key("ssh-rsa", 2048), key("ssh-dss", 1024)], false);
        assert_eq!(found.unwrap(), "sshd takes 1 of 2 keys that are kept");
    }

    #[test]
    fn whatever_keeps_the_owner_out_is_named() {
        let with = |line: &str| format!("{PLAIN}{line}\n");
        let without = |from: &str, to: &str| PLAIN.replace(from, to);
        for (config, why) in [
            (with("denyusers a?a"), "DenyUsers"),
            (with("allowusers bob\nallowusers eve*"), "AllowUsers"),
            (with("denygroups crew"), "DenyGroups"),
            (with("allowgroups wheel"), "AllowGroups"),
            (
                without("pubkeyauthentication yes", "pubkeyauthentication no"),
                "PubkeyAuthentication",
            ),
            (
                without(" /etc/ssh/registrar_keys/%u", ""),
                "AuthorizedKeysFile",
            ),
            (without("ssh-ed25519,", ""), "PubkeyAcceptedAlgorithms"),
            (
                without(
                    "methods any",
                    "methods publickey,hostbased publickey,password",
                ),
                "AuthenticationMethods",
            ),
            (String::new(), "sshd -T"),
        ] {
            let refused = judged(&config, &[key("ssh-ed25519", 256)], false).unwrap_err();
            assert!(refused.contains(why), "{why}: {refused}");
        }
        let small = judged(PLAIN, &[key("ssh-rsa", 768)], true).unwrap_err();
        assert!(small.contains("PubkeyAcceptedAlgorithms"));
        let no_password = without("passwordauthentication yes", "passwordauthentication no");
        assert!(judged(&no_password, &[], true).is_err());
        assert!(judged(PLAIN, &[], false).is_err());
    }

    #[test]
    fn a_pattern_with_hosts_lets_in_and_keeps_nobody_out() {
        let config = format!("{PLAIN}allowusers ada@10.*\ndenyusers ada@192.0.2.*\n");
        judged(&config, &[key("ssh-ed25519", 256)], false).unwrap();
        let config = format!("{PLAIN}denyusers *@*\n");
        judged(&config, &[key("ssh-ed25519", 256)], false).unwrap_err();
    }

    #[test]
    fn two_factors_are_fine_where_the_member_has_both() {
        let config = PLAIN.replace("methods any", "methods publickey,password:pam");
        let config = config.replace("password:pam", "password");
        judged(&config, &[key("ssh-ed25519", 256)], true).unwrap();
        judged(&config, &[key("ssh-ed25519", 256)], false).unwrap_err();
    }

    #[test]
    fn patterns_are_those_of_ssh() {
        for (pattern, text, fits) in [
            ("ada", "ada", true),
            ("a*", "ada", true),
            ("*a*a", "ada", true),
            ("*", "", true),
            ("??", "ada", false),
            ("a?a", "ada", true),
            ("ada", "adam", false),
            ("*b", "aaaaab", true),
            ("a*c*e", "abcd", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
